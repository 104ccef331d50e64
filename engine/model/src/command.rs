//! What the decision core wants done. The runtime performs it; every command names its one cause.

use crate::StepPath;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Evaluate `when` and `with`.
    EvaluateInputs { step: StepPath },
    /// Evaluate the gate's time and open or pass it.
    OpenGate { step: StepPath },
    /// Probe, plan, and compare with what was approved.
    PlanStep { step: StepPath },
    /// Look again at a finished step whose outputs are about to be used.
    Refresh { step: StepPath, for_step: StepPath },
    /// Look, then write one change.
    ApplyChange { step: StepPath, key: String },
    /// Look for a write whose answer was lost.
    Settle { step: StepPath, key: String, undo: bool },
    /// Probe, verify, and give outputs.
    VerifyStep { step: StepPath },
    /// Take one change back.
    UndoChange { step: StepPath, key: String },
    /// Record that the run rests.
    Rest { as_what: Rest },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rest {
    Succeeded,
    Failed,
    Paused,
    Cancelled,
    Undone,
    UndoneInPart,
}

/// A command's one cause: the step and the turn it was decided in. Two commands of one cause are one command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId {
    pub command: Command,
    pub turn: u32,
}

impl Command {
    pub fn step(&self) -> Option<&StepPath> {
        match self {
            Command::EvaluateInputs { step }
            | Command::OpenGate { step }
            | Command::PlanStep { step }
            | Command::Refresh { step, .. }
            | Command::ApplyChange { step, .. }
            | Command::Settle { step, .. }
            | Command::VerifyStep { step }
            | Command::UndoChange { step, .. } => Some(step),
            Command::Rest { .. } => None,
        }
    }
}
