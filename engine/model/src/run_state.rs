//! A run as the fold of its events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::change::ChangeKind;
use crate::step_state::{ChangeState, Progress, StepState};
use crate::value::Map;
use crate::workflow::{Question, Step};
use crate::{
    Answer, Attachment, Digest, Pinned, Plan, PlannedStep, RunId, Stage, StepPath, Timestamp, UndoEntry,
    UndoScope, Value, Workflow,
};

/// What the run as a whole is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// Planned, at first or after a re-pin; waits for the approval of its plan.
    Awaiting,
    Running,
    Paused,
    Cancelled,
    Failed,
    Succeeded,
    Undoing,
    Undone,
    /// A part was taken back; what stands can be taken back too.
    PartlyUndone,
    /// An undo could not be finished.
    Stuck,
}

const LEGAL: &[(Life, Life)] = &[
    (Life::Awaiting, Life::Awaiting),
    (Life::Awaiting, Life::Running),
    (Life::Awaiting, Life::Cancelled),
    (Life::Running, Life::Awaiting),
    (Life::Running, Life::Paused),
    (Life::Running, Life::Cancelled),
    (Life::Running, Life::Failed),
    (Life::Running, Life::Succeeded),
    (Life::Paused, Life::Awaiting),
    (Life::Paused, Life::Running),
    (Life::Paused, Life::Cancelled),
    (Life::Failed, Life::Awaiting),
    (Life::Failed, Life::Running),
    (Life::Failed, Life::Undoing),
    (Life::Cancelled, Life::Undoing),
    (Life::Succeeded, Life::Undoing),
    (Life::Stuck, Life::Undoing),
    (Life::PartlyUndone, Life::Undoing),
    (Life::Undoing, Life::Undone),
    (Life::Undoing, Life::PartlyUndone),
    (Life::Undoing, Life::Stuck),
];

impl Life {
    pub const ALL: [Life; 10] = [
        Life::Awaiting,
        Life::Running,
        Life::Paused,
        Life::Cancelled,
        Life::Failed,
        Life::Succeeded,
        Life::Undoing,
        Life::Undone,
        Life::PartlyUndone,
        Life::Stuck,
    ];

    pub fn may_become(self, next: Life) -> bool {
        LEGAL.contains(&(self, next))
    }

    /// Nothing happens any more unless a person asks.
    pub fn rests(self) -> bool {
        !matches!(self, Life::Running | Life::Undoing)
    }
}

/// The state as a person or a program reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    Succeeded,
    Failed,
    Waiting,
    InDoubt,
    Stuck,
    Cancelled,
    Undone,
    PartlyUndone,
    Running,
    Paused,
    Undoing,
    /// The process that carried it on is gone.
    Interrupted,
}

/// A file that a person gave, and what it is to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GivenFile {
    pub step: StepPath,
    /// The question it goes with, or the key of the change.
    pub about: String,
    #[serde(flatten)]
    pub file: Attachment,
}

/// A record that is earlier than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetBack {
    pub sequence: u32,
    pub by: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RunState {
    pub id: RunId,
    /// The workflow it is pinned to now.
    pub workflow: Arc<Workflow>,
    /// Every workflow that its events name. One that an event to come names is put here before it is applied.
    pub pinned: Arc<Pinned>,
    pub target: String,
    /// What the target must still be.
    pub binding: Option<crate::Binding>,
    pub params: Map,
    pub by: String,
    pub approves_later: bool,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// The latest moment in its history: later than `updated` where the clock was set back since. From a resume on it
    /// counts anew.
    pub latest: Timestamp,
    /// Where the clock was set back the furthest, if ever.
    pub set_back: Option<SetBack>,
    pub life: Life,
    pub plan: Option<Plan>,
    /// The sequence of the record that brought the plan: what took effect before it is not part of it.
    pub planned_at: u32,
    pub approved_by: Option<String>,
    pub pause_asked: bool,
    pub cancel_asked: bool,
    /// Who asked for the pause or the cancellation, until the run is taken up again.
    pub stopped_by: Option<crate::Asker>,
    /// Grows at every resume, answered gate and timer: what was looked at in an older epoch has aged.
    pub epoch: u32,
    /// The epoch of the latest re-pin (another domain controller): what was looked at before it must be looked at again.
    pub repinned: u32,
    pub steps: Vec<StepState>,
    pub pins: BTreeMap<(String, String), Value>,
    pub answers: BTreeMap<(StepPath, String), Answer>,
    /// In the order they were given.
    pub files: Vec<GivenFile>,
    pub undo: Vec<UndoEntry>,
    pub undo_scope: UndoScope,
    pub stuck: Option<(StepPath, String, crate::Failure)>,
    /// The sequence of the next record.
    pub next_sequence: u32,
    /// The hash of the last record.
    pub head: Digest,
    /// The positions of the steps that events moved, in order; `None` stands for all of them. Whoever remembers how far
    /// it has read need not look at every step after every event.
    pub touched: Vec<Option<usize>>,
    pub(crate) index: Arc<BTreeMap<StepPath, usize>>,
}

impl RunState {
    pub fn position(&self, step: &StepPath) -> Option<usize> {
        self.index.get(step).copied()
    }

    pub fn step(&self, step: &StepPath) -> Option<(&Step, &StepState)> {
        let position = self.position(step)?;
        Some((self.workflow.steps.get(position)?, self.steps.get(position)?))
    }

    /// The step as the run's plan has it. A plan's steps stand in the order of the workflow's.
    pub fn planned(&self, step: &StepPath) -> Option<&PlannedStep> {
        let plan = self.plan.as_ref()?;
        let there = plan.steps.get(self.position(step)?).filter(|planned| &planned.step == step);
        there.or_else(|| plan.step(step))
    }

    /// With each step its state, in topological order.
    pub fn pairs(&self) -> impl Iterator<Item = (&Step, &StepState)> {
        self.workflow.steps.iter().zip(&self.steps)
    }

    /// A step that needs a failed or cancelled step, directly or not: it will not run until that one does.
    pub fn blocked(&self) -> BTreeSet<StepPath> {
        let mut blocked = BTreeSet::new();
        for (step, state) in self.pairs() {
            let behind = step.needs.iter().any(|need| {
                blocked.contains(need)
                    || self.position(need).is_some_and(|index| self.steps[index].stage == Stage::Failed)
            });
            if behind && state.stage == Stage::Pending {
                blocked.insert(step.path.clone());
            }
        }
        blocked
    }

    /// What an unknown stands for, as far as this run has learned it: `step.output`, from the step's outputs, or while
    /// the step still works from the outcomes of its changes.
    pub fn known(&self, origin: &str) -> Option<Value> {
        let (step, output) = origin.split_once('.')?;
        let (_, state) = self.step(&StepPath::new(step))?;
        if let Some(value) = state.outputs.get(output) {
            return Some(value.clone());
        }
        state.changes.iter().rev().find_map(|change| change.applied()?.outcome.get(output).cloned())
    }

    /// The questions nobody answered, and those a person could not tell: step, question, answer. None once the run is
    /// undone: what they would prove is gone.
    pub fn unchecked(&self) -> Vec<(&StepPath, &Question, Option<&Answer>)> {
        let mut open = Vec::new();
        if self.life == Life::Undone {
            return open;
        }
        for (step, state) in self.pairs() {
            if matches!(state.stage, Stage::Skipped | Stage::Retired) || self.taken_back(step) {
                continue;
            }
            for question in step.gate.iter().flat_map(|gate| &gate.form) {
                let answer = self.answers.get(&(step.path.clone(), question.id.clone()));
                if !matches!(answer, Some(Answer::So | Answer::NotSo(_))) {
                    open.push((&step.path, question, answer));
                }
            }
        }
        open
    }

    /// The changes that took effect and are still there: neither taken back nor gone with an object that undo removed.
    pub fn standing(&self) -> Vec<(&Step, &ChangeState)> {
        // By the object, when it was made: what was changed on it since went with it.
        let removed: BTreeMap<&str, u32> = self
            .steps
            .iter()
            .flat_map(|step| &step.changes)
            .filter(|change| change.change.kind == ChangeKind::Create && change.undone())
            .map(|change| (change.change.target.as_str(), change.applied_at))
            .collect();
        let gone = |change: &ChangeState| {
            removed.get(change.change.target.as_str()).is_some_and(|made| *made < change.applied_at)
        };
        self.pairs()
            .flat_map(|(step, one)| one.changes.iter().map(move |change| (step, change)))
            .filter(|(_, change)| change.stands() && !gone(change))
            .collect()
    }

    /// The step wrote something, and nothing of it stands any more.
    pub fn taken_back(&self, step: &Step) -> bool {
        let undone =
            self.step(&step.path).is_some_and(|(_, one)| one.changes.iter().any(ChangeState::undone));
        undone && !self.standing().iter().any(|(other, _)| other.path == step.path)
    }

    /// Changes whose fate is not settled, forward or back.
    pub fn doubts(&self) -> Vec<(&StepPath, &str, &Progress)> {
        let mut doubts = Vec::new();
        for (step, state) in self.pairs() {
            for change in &state.changes {
                for progress in [&change.progress, &change.undo] {
                    if progress.unsettled() {
                        doubts.push((&step.path, change.change.key.as_str(), progress));
                    }
                }
            }
        }
        doubts
    }

    /// `live`: a process is carrying the run on right now.
    pub fn status(&self, live: bool) -> RunStatus {
        let asked = self
            .doubts()
            .iter()
            .any(|(_, _, progress)| matches!(progress, Progress::InDoubt { .. } | Progress::Asked { .. }));
        match self.life {
            Life::Awaiting => RunStatus::Waiting,
            Life::Paused => RunStatus::Paused,
            Life::Cancelled => RunStatus::Cancelled,
            Life::Failed => RunStatus::Failed,
            Life::Succeeded => RunStatus::Succeeded,
            Life::Undone => RunStatus::Undone,
            Life::PartlyUndone => RunStatus::PartlyUndone,
            Life::Stuck => RunStatus::Stuck,
            Life::Running | Life::Undoing if asked => RunStatus::InDoubt,
            Life::Undoing if live => RunStatus::Undoing,
            Life::Running if self.only_waits() => RunStatus::Waiting,
            Life::Running if live => RunStatus::Running,
            Life::Running | Life::Undoing => RunStatus::Interrupted,
        }
    }

    /// Nothing can be done right now: every step is final, blocked, or waits for a time or a person.
    pub fn only_waits(&self) -> bool {
        let blocked = self.blocked();
        let mut waiting = false;
        for (step, state) in self.pairs() {
            if state.stage.is_final() || blocked.contains(&step.path) {
                continue;
            }
            match state.stage {
                Stage::Held | Stage::Gate => waiting = true,
                Stage::Pending => {
                    let ready = step.needs.iter().all(|need| {
                        self.position(need).is_some_and(|index| {
                            matches!(self.steps[index].stage, Stage::Done | Stage::Skipped)
                        })
                    });
                    if ready {
                        return false;
                    }
                }
                Stage::Plan | Stage::Change | Stage::Verify => {
                    if state.wait.is_none() {
                        return false;
                    }
                    waiting = true;
                }
                Stage::Done | Stage::Skipped | Stage::Failed | Stage::Retired => {}
            }
        }
        waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_life_is_reached_and_left() {
        for life in Life::ALL {
            assert!(
                life == Life::Awaiting || LEGAL.iter().any(|(_, to)| *to == life),
                "{life:?} is never reached"
            );
            assert!(
                life == Life::Undone || LEGAL.iter().any(|(from, _)| *from == life),
                "{life:?} is never left"
            );
        }
    }
}
