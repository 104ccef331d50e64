//! Where a person steps in at one step: retry, skip or vouch for it; when each is allowed, and what it comes to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::run_state::{Life, RunState};
use crate::step_state::{Progress, Stage, StepState};
use crate::{Class, Code, Failure, StepPath, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Intervention {
    /// A failed step starts again; others that failed stay as they are.
    Retry,
    /// The run goes on without the step.
    Skip,
    /// A person vouches for the step: the engine still looks and takes its outputs, and writes nothing.
    Done,
}

/// Who asks for something, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asker {
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Asker {
    pub fn new(by: &str, note: Option<&str>) -> Asker {
        Asker { by: by.to_owned(), note: note.map(str::to_owned) }
    }

    /// `ann: the window is over`, or the name alone.
    pub fn told(&self) -> String {
        match &self.note {
            Some(note) => format!("{}: {note}", self.by),
            None => self.by.clone(),
        }
    }
}

/// That a step is skipped or done because a person said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByHand {
    pub intervention: Intervention,
    #[serde(flatten)]
    pub asker: Asker,
    pub at: Timestamp,
}

impl ByHand {
    /// Reads in brackets after the step's state: `done (vouched for by ann: seen in the portal)`.
    pub fn told(&self) -> String {
        match self.intervention {
            Intervention::Retry | Intervention::Skip => format!("by {}", self.asker.told()),
            Intervention::Done => format!("vouched for by {}", self.asker.told()),
        }
    }
}

/// Whether a person may step in there now, or why not.
pub fn allowed(state: &RunState, step: &StepPath, intervention: Intervention) -> Result<(), Failure> {
    let run = state.id;
    let Some((_, one)) = state.step(step) else {
        return Err(Failure::invalid(Code::StepState, format!("the run has no step '{step}'"))
            .hint(format!("footbridge status {run} lists its steps")));
    };
    going_on(state)?;
    let refused = |why: &str, instead: String| {
        Err(Failure::invalid(Code::StepState, format!("step '{step}' {why}")).hint(instead))
    };
    let other = "footbridge explain RUN says what you may do".to_owned();
    match (intervention, one.stage) {
        (_, Stage::Done) => return refused("is done already", other),
        (_, Stage::Skipped) => return refused("is skipped already", other),
        (_, Stage::Retired) => return refused("is no step of the workflow any more", other),
        (_, Stage::Failed) => {}
        (Intervention::Retry, _) => return refused("has not failed; only a failed step starts again", other),
        (
            Intervention::Skip | Intervention::Done,
            Stage::Pending | Stage::Gate | Stage::Plan | Stage::Held | Stage::Change | Stage::Verify,
        ) => {}
    }
    if intervention == Intervention::Retry {
        // What is in doubt is settled first when the step starts again.
        return Ok(());
    }
    if let Some(change) = one.changes.iter().find(|change| change.progress.unsettled()) {
        let key = &change.change.key;
        let (why, hint) = match change.progress {
            Progress::Asked { .. } => (
                "nobody can tell whether it took effect",
                format!("decide first: footbridge approve {run} {step} --done, --retry or --abort"),
            ),
            _ => (
                "its answer is still out",
                format!(
                    "it is settled by looking; footbridge explain {run} says when. A run that rests settles it when it \
                     goes on"
                ),
            ),
        };
        let message = format!("step '{step}' has sent '{key}', and {why}");
        return Err(Failure::new(Code::InDoubt, Class::InDoubt, message).hint(hint));
    }
    if at_work(state, one) {
        return refused(
            "is at work right now",
            format!("wait for it, or `footbridge pause {run}` first; a paused run can be stepped into"),
        );
    }
    Ok(())
}

/// Only a run that has been approved and is not over can be stepped into.
fn going_on(state: &RunState) -> Result<(), Failure> {
    let (why, instead) = match state.life {
        Life::Running if state.cancel_asked => ("it is being cancelled", "footbridge run starts a new one"),
        Life::Running | Life::Paused | Life::Failed => return Ok(()),
        Life::Awaiting => ("its plan waits for an approval", "footbridge approve RUN"),
        Life::Cancelled | Life::Succeeded => ("it is over", "footbridge run starts a new one"),
        Life::Undoing | Life::Undone | Life::PartlyUndone | Life::Stuck => {
            ("it is taken back", "footbridge explain RUN")
        }
    };
    Err(Failure::invalid(Code::RunState, format!("run {} cannot do that: {why}", state.id)).hint(instead))
}

fn at_work(state: &RunState, one: &StepState) -> bool {
    state.life == Life::Running
        && one.wait.is_none()
        && matches!(one.stage, Stage::Plan | Stage::Change | Stage::Verify)
}

impl StepState {
    /// The fold of an intervention. The moves it makes are those of the table of stages, like all others.
    pub(crate) fn intervened(&mut self, by_hand: ByHand) -> Result<(), String> {
        let at = by_hand.at;
        self.interventions += 1;
        self.failure = None;
        self.held = None;
        self.changes.retain(|change| change.progress != Progress::Planned);
        match by_hand.intervention {
            Intervention::Retry => self.go(self.restart, at),
            Intervention::Skip => {
                self.by_hand = Some(by_hand);
                self.go(Stage::Skipped, at)
            }
            Intervention::Done => {
                self.by_hand = Some(by_hand);
                // Outputs follow from inputs: a step that has none yet gets them first.
                let next = if self.restart == Stage::Pending { Stage::Pending } else { Stage::Verify };
                if self.stage == next { Ok(()) } else { self.go(next, at) }
            }
        }
    }
}
