//! A whole run on its way from one store to another.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Digest, Life, Record, RunId};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Everything that is kept of one run, and nothing of any other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WholeRun {
    pub run: RunId,
    /// Whatever is kept beside the journal under a digest that a record names: pinned workflows, given files.
    pub payloads: Vec<Payload>,
    /// From the first on, as they are.
    pub records: Vec<Record>,
}

impl WholeRun {
    /// The hash of the last record; all zeros where there is none.
    pub fn head(&self) -> Digest {
        self.records.last().map_or_else(Digest::default, |last| last.hash)
    }
}

/// Every digest that stands in the records' events, whatever for: where something is kept under one of them, it belongs
/// to the run.
pub fn named_digests(records: &[Record]) -> BTreeSet<Digest> {
    let mut named = BTreeSet::new();
    for record in records {
        let event = serde_json::to_value(&record.event).expect("an event always has a JSON form");
        collect(&event, &mut named);
    }
    named
}

fn collect(value: &serde_json::Value, named: &mut BTreeSet<Digest>) {
    match value {
        serde_json::Value::String(text) => named.extend(text.parse::<Digest>().ok()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, named)),
        serde_json::Value::Object(map) => map.values().for_each(|item| collect(item, named)),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

/// Bytes that are kept under their SHA-256. As JSON `{"text": …}` where they are UTF-8, so that a person can read and
/// search them, else `{"base64": …}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload(pub Vec<u8>);

impl Payload {
    pub fn digest(&self) -> Digest {
        Digest::of_bytes(&self.0)
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Written<Text> {
    Text(Text),
    Base64(Text),
}

impl JsonSchema for Payload {
    fn schema_name() -> Cow<'static, str> {
        "Payload".into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        Written::<String>::json_schema(schemas)
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => Written::Text(text).serialize(serializer),
            Err(_) => Written::Base64(STANDARD.encode(&self.0).as_str()).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Payload, D::Error> {
        match Written::<String>::deserialize(deserializer)? {
            Written::Text(text) => Ok(Payload(text.into_bytes())),
            Written::Base64(text) => {
                STANDARD.decode(text).map(Payload).map_err(<D::Error as serde::de::Error>::custom)
            }
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ImportRequest {
    pub whole: WholeRun,
    pub by: String,
    pub take_over: TakeOver,
    pub note: Option<String>,
}

/// Whether the run is to go on here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TakeOver {
    /// A person says that the copy it came from stays at rest from now on.
    Yes,
    /// A run that is under way is refused.
    No,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Imported {
    pub found: Found,
    /// How many records were added here.
    pub added: usize,
    pub head: Digest,
    pub life: Life,
    /// Why the run's target cannot be found from here, where it cannot.
    pub target_missing: Option<String>,
    /// A process that stays looks after it from now on: it goes on by itself.
    #[serde(default)]
    pub live: bool,
}

/// What was here of the run before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    Nothing,
    /// The same, to the last record.
    Same,
    /// The same, and it went on here since.
    Further,
    /// The beginning of it; it was taken over from where it went on.
    Beginning,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_readable_where_they_can_be_and_come_back_as_they_were() {
        for (bytes, written) in [
            (&b"fn probe(ctx) {\n}\n"[..], r#"{"text":"fn probe(ctx) {\n}\n"}"#),
            (b"", r#"{"text":""}"#),
            (b"\xff\x00\x89PNG", r#"{"base64":"/wCJUE5H"}"#),
        ] {
            let payload = Payload(bytes.to_vec());
            let text = serde_json::to_string(&payload).expect("json");
            assert_eq!(text, written);
            assert_eq!(serde_json::from_str::<Payload>(&text).expect("back"), payload);
        }
        assert!(serde_json::from_str::<Payload>(r#"{"base64":"!"}"#).is_err());
    }
}
