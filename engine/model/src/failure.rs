//! What went wrong, said once: a code, a class that decides what the engine does next, and a hint for a person.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Code;

/// Decided once, in the host module or where the error arose; nothing above looks at texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// May work later: retried, honouring `retry_after`.
    Transient,
    /// A write was sent and its answer never came: settled by looking.
    InDoubt,
    /// The world is not what the plan was made from.
    Conflict,
    /// The target or a policy forbids it.
    Denied,
    /// The request, script or input is wrong: trying again cannot help.
    Invalid,
    /// footbridge or a host module broke its own rules.
    Bug,
}

/// A place in a file that a person can open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    pub file: String,
    /// From 1; 0 when only the file is known.
    pub line: usize,
    /// From 1, in characters; 0 when only the line is known.
    pub column: usize,
    /// The text of that line, for drawing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub code: Code,
    pub class: Class,
    /// A lower-case fragment: what, with the names of the things involved.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// How long the target asked us to wait, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Identifiers that help to find this in the target's own logs: request ids, domain controller, cmdlet.
    #[serde(default, skip_serializing_if = "crate::value::Map::is_empty")]
    pub evidence: crate::value::Map,
}

impl Failure {
    pub fn new(code: Code, class: Class, message: impl Into<String>) -> Failure {
        Failure {
            code,
            class,
            message: message.into(),
            hint: None,
            place: None,
            retry_after_ms: None,
            evidence: crate::value::Map::new(),
        }
    }

    pub fn invalid(code: Code, message: impl Into<String>) -> Failure {
        Failure::new(code, Class::Invalid, message)
    }

    /// Our own rules were broken; the message names the rule.
    pub fn bug(message: impl Into<String>) -> Failure {
        Failure::new(Code::Internal, Class::Bug, message)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    pub fn at(mut self, place: Place) -> Failure {
        self.place = Some(place);
        self
    }

    pub fn retry_after(mut self, wait: Duration) -> Failure {
        self.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self
    }

    pub fn evidence(mut self, name: &str, value: impl Into<crate::Value>) -> Failure {
        self.evidence.insert(name.to_owned(), value.into());
        self
    }
}
