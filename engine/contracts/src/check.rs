//! What `doctor` finds: one question about a connection, and whether the answer is as it should be.

use serde::{Deserialize, Serialize};

/// *Cannot tell* is never *so*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    So,
    NotSo,
    CannotTell,
}

/// One question and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What it is about: `exchange`, `graph`, `metadata`.
    pub area: String,
    /// A stable name: `dns`, `tls`, `sign-in`, `clock`, `roles`.
    pub name: String,
    pub verdict: CheckVerdict,
    /// What was seen, in one line, without secrets.
    pub seen: String,
    /// What to do, where it is not so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Check {
    pub fn so(area: &str, name: &str, seen: impl Into<String>) -> Check {
        Check::new(area, name, CheckVerdict::So, seen)
    }

    pub fn not_so(area: &str, name: &str, seen: impl Into<String>, advice: impl Into<String>) -> Check {
        Check { advice: Some(advice.into()), ..Check::new(area, name, CheckVerdict::NotSo, seen) }
    }

    /// `seen` says why.
    pub fn cannot_tell(area: &str, name: &str, seen: impl Into<String>) -> Check {
        Check::new(area, name, CheckVerdict::CannotTell, seen)
    }

    pub fn advice(mut self, advice: impl Into<String>) -> Check {
        self.advice = Some(advice.into());
        self
    }

    fn new(area: &str, name: &str, verdict: CheckVerdict, seen: impl Into<String>) -> Check {
        Check { area: area.to_owned(), name: name.to_owned(), verdict, seen: seen.into(), advice: None }
    }
}
