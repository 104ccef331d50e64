//! JSON Schemas of the types whose JSON form is written by hand.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{Code, Digest, RunId, Value};

impl JsonSchema for RunId {
    fn schema_name() -> Cow<'static, str> {
        "RunId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A run: a ULID in lower case.",
            "type": "string",
            "pattern": "^[0-9a-hjkmnp-tv-z]{26}$",
        })
    }
}

impl JsonSchema for Digest {
    fn schema_name() -> Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "SHA-256 in lower-case hex.", "type": "string", "pattern": "^[0-9a-f]{64}$" })
    }
}

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An error code; each has a page of the documentation.",
            "type": "string",
            "pattern": "^FB[0-9]{4}$",
        })
    }
}

impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Any JSON. Three objects mean more: {\"unknown\": \"step.output\"} is filled later by that \
                            output, {\"$cannot_tell\": \"why\"} was looked at in vain, {\"$secret\": \"name\"} stands \
                            for a secret.",
            "type": ["null", "boolean", "number", "string", "array", "object"],
        })
    }
}
