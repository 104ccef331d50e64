//! Where one step of a run stands.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::change::Applied;
use crate::refine::Difference;
use crate::value::Map;
use crate::{ByHand, Change, Digest, Failure, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Waits for the steps it needs.
    Pending,
    /// Waits at its gate.
    Gate,
    /// Looks, and plans.
    Plan,
    /// Its plan waits for an approval of its own.
    Held,
    /// Writes, change by change.
    Change,
    /// Looks whether the world is as wanted.
    Verify,
    Done,
    Skipped,
    Failed,
    /// Gone from the workflow since a re-pin; what it did can still be taken back.
    Retired,
}

/// Every move a step may make; any other is an error in whatever wrote the event. A re-pin is no move: it lays the states
/// anew, by a table of its own ([`crate::repin`]).
const LEGAL: &[(Stage, Stage)] = &[
    (Stage::Pending, Stage::Gate),
    (Stage::Pending, Stage::Plan),
    (Stage::Pending, Stage::Verify),
    (Stage::Pending, Stage::Skipped),
    (Stage::Pending, Stage::Failed),
    (Stage::Gate, Stage::Plan),
    (Stage::Gate, Stage::Verify),
    (Stage::Gate, Stage::Skipped),
    (Stage::Gate, Stage::Failed),
    (Stage::Plan, Stage::Held),
    (Stage::Plan, Stage::Change),
    (Stage::Plan, Stage::Verify),
    (Stage::Plan, Stage::Skipped),
    (Stage::Plan, Stage::Failed),
    (Stage::Held, Stage::Plan),
    (Stage::Held, Stage::Verify),
    (Stage::Held, Stage::Skipped),
    (Stage::Held, Stage::Failed),
    (Stage::Change, Stage::Held),
    (Stage::Change, Stage::Verify),
    (Stage::Change, Stage::Skipped),
    (Stage::Change, Stage::Failed),
    (Stage::Verify, Stage::Done),
    (Stage::Verify, Stage::Skipped),
    (Stage::Verify, Stage::Failed),
    (Stage::Failed, Stage::Pending),
    (Stage::Failed, Stage::Gate),
    (Stage::Failed, Stage::Plan),
    (Stage::Failed, Stage::Verify),
    (Stage::Failed, Stage::Skipped),
];

impl Stage {
    pub const ALL: [Stage; 10] = [
        Stage::Pending,
        Stage::Gate,
        Stage::Plan,
        Stage::Held,
        Stage::Change,
        Stage::Verify,
        Stage::Done,
        Stage::Skipped,
        Stage::Failed,
        Stage::Retired,
    ];

    pub fn may_become(self, next: Stage) -> bool {
        LEGAL.contains(&(self, next))
    }

    /// Nothing more will happen to the step by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Stage::Done | Stage::Skipped | Stage::Failed | Stage::Retired)
    }

    pub fn name(self) -> &'static str {
        match self {
            Stage::Pending => "pending",
            Stage::Gate => "gate",
            Stage::Plan => "plan",
            Stage::Held => "held",
            Stage::Change => "change",
            Stage::Verify => "verify",
            Stage::Done => "done",
            Stage::Skipped => "skipped",
            Stage::Failed => "failed",
            Stage::Retired => "retired",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct StepState {
    pub stage: Stage,
    /// When the stage began.
    pub since: Timestamp,
    /// The evaluated inputs.
    pub with: Map,
    pub wait: Option<Wait>,
    /// Failed tries of what the step is doing now.
    pub attempts: u32,
    /// When the first `not_yet` of this stage was said; the deadline counts from here.
    pub first_wait: Option<Timestamp>,
    pub changes: Vec<ChangeState>,
    pub already: Map,
    pub held: Option<Held>,
    /// Changes approved for this step after the run's plan was.
    pub approved: Option<Approved>,
    pub failure: Option<Failure>,
    pub outputs: Map,
    pub left: Map,
    /// The journal sequence at which it was done.
    pub done_at: Option<u32>,
    /// The run's epoch when the step was last looked at.
    pub epoch: u32,
    /// Where the step starts again after it failed: before its inputs until they are evaluated, at its gate until that
    /// is passed, then at its probe.
    pub restart: Stage,
    /// Skipped or vouched for by a person, while that counts.
    pub by_hand: Option<ByHand>,
    /// Counts how often a person stepped in: whatever was under way for the step before is void.
    pub interventions: u32,
    /// Counts the step's events: names each thing it has to do exactly once.
    pub turn: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    pub until: Timestamp,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    pub digest: Digest,
    pub changes: Vec<Change>,
    /// Empty when nothing moved and the plan is only known now.
    pub differences: Vec<Difference>,
    pub why: String,
}

/// What a person approved for one step alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Approved {
    pub changes: Vec<Change>,
    /// The sequence of the approval: what took effect before it is not part of it.
    pub at: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ChangeState {
    pub change: Change,
    pub progress: Progress,
    pub undo: Progress,
    /// What was sent for it last, forward and back.
    pub sent: Option<SentWrite>,
    pub sent_back: Option<SentWrite>,
    /// The journal sequence at which it took effect: undo goes by it, newest first.
    pub applied_at: u32,
}

impl ChangeState {
    pub fn new(change: Change) -> ChangeState {
        ChangeState {
            change,
            progress: Progress::Planned,
            undo: Progress::Planned,
            sent: None,
            sent_back: None,
            applied_at: 0,
        }
    }

    pub(crate) fn way(&mut self, undo: bool) -> (&mut Progress, &mut Option<SentWrite>) {
        if undo { (&mut self.undo, &mut self.sent_back) } else { (&mut self.progress, &mut self.sent) }
    }

    pub fn applied(&self) -> Option<&Applied> {
        match &self.progress {
            Progress::Applied(applied) => Some(applied),
            Progress::Planned | Progress::Sent { .. } | Progress::InDoubt { .. } | Progress::Asked { .. } => {
                None
            }
        }
    }

    /// Whether it took effect later than the given record.
    pub fn took_effect_after(&self, sequence: u32) -> bool {
        self.applied().is_some() && self.applied_at > sequence
    }

    /// Took effect and was not taken back.
    pub fn stands(&self) -> bool {
        self.applied().is_some() && !self.undone()
    }

    /// Was taken back.
    pub fn undone(&self) -> bool {
        matches!(self.undo, Progress::Applied(_))
    }
}

/// A write as it was sent: what a person asks about when its answer is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentWrite {
    /// Its path: `exchange::new_mail_user`.
    pub function: String,
    pub at: Timestamp,
    /// The last request of a write that may take several.
    pub request: Option<String>,
    /// Why its answer is not known, once it is in doubt.
    pub doubt: Option<String>,
    /// Looks that found the state from before.
    pub looks: u32,
}

/// How far one write is, forward or back.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    Planned,
    Sent {
        at: Timestamp,
        settle_ms: u64,
    },
    /// The answer was lost; `looks` so far found the state from before.
    InDoubt {
        sent: Timestamp,
        settle_ms: u64,
        looks: u32,
        why: String,
    },
    /// Only a person can tell.
    Asked {
        why: String,
    },
    Applied(Applied),
}

impl Progress {
    pub fn unsettled(&self) -> bool {
        match self {
            Progress::Sent { .. } | Progress::InDoubt { .. } | Progress::Asked { .. } => true,
            Progress::Planned | Progress::Applied(_) => false,
        }
    }
}

impl StepState {
    pub fn new(at: Timestamp) -> StepState {
        StepState {
            stage: Stage::Pending,
            since: at,
            with: Map::new(),
            wait: None,
            attempts: 0,
            first_wait: None,
            changes: Vec::new(),
            already: Map::new(),
            held: None,
            approved: None,
            failure: None,
            outputs: Map::new(),
            left: Map::new(),
            done_at: None,
            epoch: 0,
            restart: Stage::Pending,
            by_hand: None,
            interventions: 0,
            turn: 0,
        }
    }

    /// The first change that is not applied yet.
    pub fn next_change(&self) -> Option<(usize, &ChangeState)> {
        self.changes.iter().enumerate().find(|(_, change)| change.applied().is_none())
    }

    pub fn change(&self, key: &str) -> Option<&ChangeState> {
        self.changes.iter().find(|change| change.change.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_reached_and_left() {
        for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Retired) {
            assert!(
                stage == Stage::Pending || LEGAL.iter().any(|(_, to)| *to == stage),
                "{stage:?} is never reached"
            );
            let left = LEGAL.iter().any(|(from, _)| *from == stage);
            assert!(left || matches!(stage, Stage::Done | Stage::Skipped), "{stage:?} is never left");
        }
    }
}
