//! What is to be taken back, and what a person decided about it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{StepPath, Value};

/// How much of a run is taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UndoScope {
    #[default]
    All,
    /// Everything that was done after this step was; the step itself stands.
    To(StepPath),
    /// This step alone.
    Only(StepPath),
}

impl UndoScope {
    pub fn is_all(&self) -> bool {
        matches!(self, UndoScope::All)
    }

    /// As a person types it after `footbridge undo RUN`; empty for the whole run.
    pub fn flag(&self) -> String {
        match self {
            UndoScope::All => String::new(),
            UndoScope::To(step) => format!(" --to {step}"),
            UndoScope::Only(step) => format!(" --only {step}"),
        }
    }
}

/// What a person decided about one change that undo would stop at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// It stays as it is now.
    Leave,
    /// It is taken back, and what someone changed since is lost.
    Overrule,
}

/// One applied change in an undo, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UndoEntry {
    pub step: StepPath,
    pub key: String,
    /// `None`: take it back. Otherwise why it is left as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
    /// What the run left there, or what a person accepted in its place: only that is taken back.
    pub expected: Value,
    /// The decision of the person who asked for the undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
}

/// What becomes of an undo that meets changes that others made since, and which layer said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UndoPolicy {
    pub conflicts: Conflicts,
    pub origin: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conflicts {
    /// The undo is refused as a whole; a person may still leave single changes as they are.
    Refuse,
    /// A person is asked about each.
    Ask,
}
