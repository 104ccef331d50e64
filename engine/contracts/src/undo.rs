//! What a front end asks about undo, and what it is told.

use model::refine::Difference;
use model::{Choice, Digest, RunId, StepPath, UndoScope, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much is to be taken back, and what a person decided about single changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UndoWanted {
    #[serde(default)]
    pub scope: UndoScope,
    #[serde(default)]
    pub choices: Vec<UndoChoice>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UndoChoice {
    pub step: StepPath,
    pub key: String,
    pub choice: Choice,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UndoRequest {
    pub by: String,
    pub wanted: UndoWanted,
    /// The undo plan that was shown; `None` takes whatever the fresh one is, but nothing that needs a person's look.
    pub digest: Option<Digest>,
    /// Why; required where a person decided about a change.
    pub note: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UndoPlan {
    pub run: RunId,
    #[serde(default, skip_serializing_if = "UndoScope::is_all")]
    pub scope: UndoScope,
    /// Newest change first.
    pub items: Vec<UndoItem>,
    /// Of the run, the scope and the items.
    pub digest: Digest,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UndoItem {
    pub step: StepPath,
    pub key: String,
    pub target: String,
    /// What the run left there; where a person overruled a conflict, what is there instead.
    pub left: Value,
    /// What is there, once the items above are taken back.
    #[serde(default)]
    pub now: Value,
    /// What undo would bring back: as it was before the run, with what others changed since.
    pub before: Value,
    /// What others changed since and the run did not; undo keeps it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Difference>,
    pub verdict: UndoVerdict,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum UndoVerdict {
    Undo,
    /// The object itself is removed by another item.
    Covered {
        by: String,
    },
    /// Already as it was before.
    AlreadySo,
    /// Someone changed since what the run had changed; undo refuses, unless a person decides.
    Conflict {
        differences: Vec<Difference>,
    },
    /// Another object has the name of the one that the run made; it is never removed.
    Replaced {
        differences: Vec<Difference>,
    },
    /// A person wants it back although someone changed it since, which will be lost.
    Overruled {
        differences: Vec<Difference>,
    },
    /// A person wants it left as it is.
    Left,
    /// It cannot be taken back; it is left as it is.
    Irreversible {
        why: String,
    },
    /// It is taken back, and something is lost.
    WithLoss {
        what: String,
    },
    /// The write's answer was lost, so whose object it is is presumed only.
    Presumed,
    CannotTell {
        why: String,
    },
}

impl UndoVerdict {
    /// Undo would write.
    pub fn takes_back(&self) -> bool {
        match self {
            UndoVerdict::Undo
            | UndoVerdict::Overruled { .. }
            | UndoVerdict::WithLoss { .. }
            | UndoVerdict::Presumed => true,
            UndoVerdict::Covered { .. }
            | UndoVerdict::AlreadySo
            | UndoVerdict::Conflict { .. }
            | UndoVerdict::Replaced { .. }
            | UndoVerdict::Left
            | UndoVerdict::Irreversible { .. }
            | UndoVerdict::CannotTell { .. } => false,
        }
    }

    /// Only a person who saw the plan may let it happen: `None` where anybody may, else why.
    pub fn needs_a_look(&self) -> Option<&'static str> {
        match self {
            UndoVerdict::Presumed => Some("its answer was lost, so that it is ours is only presumed"),
            UndoVerdict::WithLoss { .. } => Some("something is lost with it"),
            UndoVerdict::Overruled { .. } => Some("what someone changed since is lost with it"),
            UndoVerdict::Undo
            | UndoVerdict::Covered { .. }
            | UndoVerdict::AlreadySo
            | UndoVerdict::Conflict { .. }
            | UndoVerdict::Replaced { .. }
            | UndoVerdict::Left
            | UndoVerdict::Irreversible { .. }
            | UndoVerdict::CannotTell { .. } => None,
        }
    }

    /// Undo refuses as long as this stands in its way.
    pub fn refuses(&self) -> bool {
        match self {
            UndoVerdict::Conflict { .. } | UndoVerdict::Replaced { .. } | UndoVerdict::CannotTell { .. } => {
                true
            }
            UndoVerdict::Undo
            | UndoVerdict::Covered { .. }
            | UndoVerdict::AlreadySo
            | UndoVerdict::Overruled { .. }
            | UndoVerdict::Left
            | UndoVerdict::Irreversible { .. }
            | UndoVerdict::WithLoss { .. }
            | UndoVerdict::Presumed => false,
        }
    }
}

impl UndoPlan {
    /// Whether there is anything that undo would write, or that stands in its way.
    pub fn has_work(&self) -> bool {
        self.items.iter().any(|item| item.verdict.takes_back() || item.verdict.refuses())
    }
}
