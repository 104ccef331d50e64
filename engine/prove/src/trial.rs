//! One trial and how it ended.

use std::time::Duration;

use crate::disturbance::Disturbance;

/// What is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The case's name.
    pub case: String,
    pub disturbance: Disturbance,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// The run ended before the point was reached: a concurrent step was quicker this time. Proves nothing.
    NotReached,
    Failed {
        why: String,
    },
}

/// A trial's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub trial: Trial,
    pub verdict: Verdict,
    pub took: Duration,
}

/// What trials answer with inside this crate: `Ok(false)` is *not reached*.
pub(crate) type Tried = Result<bool, String>;
