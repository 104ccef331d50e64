//! What is due now: a pure function of the state, and the memory that no cause is acted on twice.

use std::collections::BTreeSet;

use model::command::{CommandId, Rest};
use model::step_state::Progress;
use model::workflow::Step;
use model::{Command, Life, RunState, Stage, StepState};

/// Remembers what was issued, so that each cause gives each command once.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    issued: BTreeSet<CommandId>,
}

impl Flow {
    /// The commands that are due and were not given out before. Call it after every event and every timer.
    pub fn decide(&mut self, state: &RunState) -> Vec<CommandId> {
        let fresh: Vec<CommandId> = due(state).into_iter().filter(|id| !self.issued.contains(id)).collect();
        self.issued.extend(fresh.iter().cloned());
        fresh
    }
}

/// Everything that the state calls for. A command of [`Rest`] is to be performed once nothing else is under way.
pub fn due(state: &RunState) -> Vec<CommandId> {
    let rest = |as_what| vec![CommandId { command: Command::Rest { as_what }, turn: state.next_sequence }];
    match state.life {
        Life::Awaiting | Life::Paused if state.cancel_asked => rest(Rest::Cancelled),
        Life::Running if state.cancel_asked => rest(Rest::Cancelled),
        Life::Running if state.pause_asked => rest(Rest::Paused),
        Life::Running => running(state).unwrap_or_else(rest),
        Life::Undoing => undoing(state).unwrap_or_else(|| rest(Rest::Undone)),
        Life::Awaiting
        | Life::Paused
        | Life::Cancelled
        | Life::Failed
        | Life::Succeeded
        | Life::Undone
        | Life::Stuck => Vec::new(),
    }
}

/// `Err` when every step is final or blocked behind a failed one.
fn running(state: &RunState) -> Result<Vec<CommandId>, Rest> {
    let blocked = state.blocked();
    let mut commands = Vec::new();
    let mut open = false;
    for (step, one) in state.pairs() {
        if one.stage.is_final() || blocked.contains(&step.path) {
            continue;
        }
        open = true;
        if let Some(command) = for_step(state, step, one) {
            let turn = command
                .step()
                .and_then(|path| state.position(path))
                .map_or(one.turn, |position| state.steps[position].turn);
            commands.push(CommandId { command, turn });
        }
    }
    if open {
        return Ok(commands);
    }
    let failed = state.steps.iter().any(|step| step.stage == Stage::Failed);
    Err(if failed { Rest::Failed } else { Rest::Succeeded })
}

fn for_step(state: &RunState, step: &Step, one: &StepState) -> Option<Command> {
    if one.wait.is_some() {
        return None;
    }
    let path = step.path.clone();
    match one.stage {
        Stage::Pending => {
            let ready = step.needs.iter().all(|need| {
                state
                    .position(need)
                    .is_some_and(|index| matches!(state.steps[index].stage, Stage::Done | Stage::Skipped))
            });
            ready.then_some(Command::EvaluateInputs { step: path })
        }
        Stage::Gate => crate::gate::opens(state, step).then_some(Command::OpenGate { step: path }),
        Stage::Plan => Some(Command::PlanStep { step: path }),
        Stage::Change => {
            let (_, change) = one.next_change()?;
            let key = change.change.key.clone();
            match change.progress {
                Progress::Planned => match crate::age::aged_sources(state, step, one).into_iter().next() {
                    Some(source) => Some(Command::Refresh { step: source, for_step: path }),
                    None => Some(Command::ApplyChange { step: path, key }),
                },
                Progress::InDoubt { .. } => Some(Command::Settle { step: path, key, undo: false }),
                Progress::Sent { .. } | Progress::Asked { .. } | Progress::Applied(_) => None,
            }
        }
        Stage::Verify => Some(Command::VerifyStep { step: path }),
        Stage::Held | Stage::Done | Stage::Skipped | Stage::Failed => None,
    }
}

/// One at a time, in the order of the undo plan; `None` when all is taken back.
fn undoing(state: &RunState) -> Option<Vec<CommandId>> {
    for entry in state.undo.iter().filter(|entry| entry.left.is_none()) {
        let Some((_, one)) = state.step(&entry.step) else { continue };
        let Some(change) = one.change(&entry.key) else { continue };
        let (step, key) = (entry.step.clone(), entry.key.clone());
        let command = match change.undo {
            Progress::Applied(_) => continue,
            Progress::Sent { .. } | Progress::Asked { .. } => return Some(Vec::new()),
            Progress::Planned | Progress::InDoubt { .. } if one.wait.is_some() => return Some(Vec::new()),
            Progress::Planned => Command::UndoChange { step, key },
            Progress::InDoubt { .. } => Command::Settle { step, key, undo: true },
        };
        return Some(vec![CommandId { command, turn: one.turn }]);
    }
    None
}
