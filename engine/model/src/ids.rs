//! The names of things: runs, steps and the paths that steps have once workflows are nested or fanned out.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A run: 128 bits, ordered by the time it was made (ULID), written as 26 lower-case characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(u128);

impl RunId {
    /// From a time in milliseconds and 80 random bits.
    pub fn new(now_ms: u64, random: u128) -> RunId {
        RunId(ulid::Ulid::from_parts(now_ms, random).0)
    }

    /// The same, but later than `other` even where the clock has been set back since: what sorts last was made last.
    pub fn after(other: RunId, now_ms: u64, random: u128) -> RunId {
        RunId::new(now_ms.max(ulid::Ulid(other.0).timestamp_ms().saturating_add(1)), random)
    }

    /// Big-endian, so that keys in a store sort as the runs were made.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    pub fn from_bytes(bytes: [u8; 16]) -> RunId {
        RunId(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&ulid::Ulid(self.0).to_string().to_lowercase())
    }
}

impl FromStr for RunId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<RunId, BadId> {
        ulid::Ulid::from_string(&text.to_uppercase())
            .map(|ulid| RunId(ulid.0))
            .map_err(|_| BadId { what: "run", text: text.to_owned() })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no {what} id")]
pub struct BadId {
    pub what: &'static str,
    pub text: String,
}

/// A step inside its own workflow: lower-case letters, digits and `_`, starting with a letter, at most 64.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct StepId(String);

impl StepId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text may name a step, a parameter or an output.
pub fn is_identifier(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|other| other.is_ascii_lowercase() || other.is_ascii_digit() || other == '_')
}

impl TryFrom<String> for StepId {
    type Error = BadId;

    fn try_from(text: String) -> Result<StepId, BadId> {
        if is_identifier(&text) { Ok(StepId(text)) } else { Err(BadId { what: "step", text }) }
    }
}

impl From<StepId> for String {
    fn from(id: StepId) -> String {
        id.0
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

/// Where a step stands in a run: `step`, `outer/inner` for a nested workflow, `step[item]` for one of a fan-out.
///
/// Today every path is one step long; journals carry paths from the first event on so that they stay readable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
// Copies share the text: there are many.
pub struct StepPath(Arc<str>);

impl StepPath {
    pub fn new(path: impl Into<Arc<str>>) -> StepPath {
        StepPath(path.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The step's own name: the last part, without the item.
    pub fn step(&self) -> &str {
        let last = self.0.rsplit('/').next().unwrap_or(&self.0);
        last.split('[').next().unwrap_or(last)
    }
}

impl From<&str> for StepPath {
    fn from(path: &str) -> StepPath {
        StepPath::new(path)
    }
}

impl From<&StepId> for StepPath {
    fn from(id: &StepId) -> StepPath {
        StepPath::new(id.as_str())
    }
}

impl fmt::Display for StepPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl Serialize for RunId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<RunId, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_round_trip_and_sort_by_time() {
        let early = RunId::new(1_000, 9);
        let late = RunId::new(2_000, 1);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(late.to_string().parse(), Ok(late));
        assert_eq!(RunId::from_bytes(late.to_bytes()), late);
        for (now, expected) in [(3_000, "later by the clock"), (2_000, "in the same moment"), (5, "set back")]
        {
            assert!(RunId::after(late, now, 0) > late, "{expected}");
        }
        assert!("not-a-run".parse::<RunId>().is_err());
    }

    #[test]
    fn identifiers() {
        for (text, expected) in
            [("a", true), ("a_1", true), ("1a", false), ("A", false), ("a-b", false), ("", false)]
        {
            assert_eq!(is_identifier(text), expected, "{text}");
        }
    }

    #[test]
    fn the_step_of_a_path() {
        assert_eq!(StepPath::from("outer/inner[mail01]").step(), "inner");
    }
}
