//! Three-valued answers: what a check found, and what policy says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a check or a person found. "Cannot tell" is never "so".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "answer", content = "why")]
pub enum Answer {
    So,
    NotSo(String),
    CannotTell(String),
}

/// What policy says to one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "why")]
pub enum Verdict {
    Allow,
    Ask(String),
    Deny(String),
}
