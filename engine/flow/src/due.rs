//! What is due now: a pure function of the state.

use model::command::{CommandId, Rest};
use model::step_state::Progress;
use model::workflow::Step;
use model::{Command, Life, RunState, Stage, StepState};

/// Everything that the state calls for, under way or not. A command of [`Rest`] is to be performed once nothing else is
/// under way, and only if nothing happened since: every record makes it anew. [`crate::Flow`] gives the same, each once.
pub fn due(state: &RunState) -> Vec<CommandId> {
    if let Some(rest) = resting(state) {
        return vec![rest];
    }
    match state.life {
        Life::Running => running(state),
        Life::Undoing => match undoing(state, 0) {
            (settled, _) if settled == state.undo.len() => vec![rest(state, crate::undo::ends(state))],
            (_, command) => command.into_iter().collect(),
        },
        Life::Awaiting
        | Life::Paused
        | Life::Cancelled
        | Life::Failed
        | Life::Succeeded
        | Life::Undone
        | Life::PartlyUndone
        | Life::Stuck => Vec::new(),
    }
}

/// The rest that a person asked for.
pub(crate) fn resting(state: &RunState) -> Option<CommandId> {
    match state.life {
        Life::Awaiting | Life::Paused if state.cancel_asked => Some(rest(state, Rest::Cancelled)),
        // A write whose answer is out or lost is settled first: nothing could undo it later.
        Life::Running if state.cancel_asked => (!unanswered(state)).then(|| rest(state, Rest::Cancelled)),
        Life::Running if state.pause_asked => Some(rest(state, Rest::Paused)),
        Life::Awaiting
        | Life::Paused
        | Life::Running
        | Life::Undoing
        | Life::Cancelled
        | Life::Failed
        | Life::Succeeded
        | Life::Undone
        | Life::PartlyUndone
        | Life::Stuck => None,
    }
}

fn unanswered(state: &RunState) -> bool {
    state
        .doubts()
        .iter()
        .any(|(_, _, progress)| matches!(progress, Progress::Sent { .. } | Progress::InDoubt { .. }))
}

/// The rest that a run comes to by itself, every step being final or blocked.
pub(crate) fn rest_of(state: &RunState) -> CommandId {
    let failed = state.steps.iter().any(|step| step.stage == Stage::Failed);
    rest(state, if failed { Rest::Failed } else { Rest::Succeeded })
}

pub(crate) fn rest(state: &RunState, as_what: Rest) -> CommandId {
    CommandId { command: Command::Rest { as_what }, turn: state.next_sequence }
}

fn running(state: &RunState) -> Vec<CommandId> {
    let blocked = state.blocked();
    let mut open =
        state.pairs().filter(|(step, one)| !one.stage.is_final() && !blocked.contains(&step.path)).peekable();
    if open.peek().is_none() {
        return vec![rest_of(state)];
    }
    open.filter_map(|(step, one)| command_for(state, step, one)).collect()
}

/// What one step calls for, named by its cause: the turn the step is in, and for a look at a finished step the turns
/// of both, since either moving makes it a look of its own.
pub(crate) fn command_for(state: &RunState, step: &Step, one: &StepState) -> Option<CommandId> {
    let command = for_step(state, step, one)?;
    let turn = match &command {
        Command::Refresh { step: source, .. } => {
            one.turn + state.step(source).map_or(0, |(_, source)| source.turn)
        }
        Command::EvaluateInputs { .. }
        | Command::OpenGate { .. }
        | Command::PlanStep { .. }
        | Command::ApplyChange { .. }
        | Command::Settle { .. }
        | Command::VerifyStep { .. }
        | Command::UndoChange { .. }
        | Command::Rest { .. } => one.turn,
    };
    Some(CommandId { command, turn })
}

fn for_step(state: &RunState, step: &Step, one: &StepState) -> Option<Command> {
    if one.wait.is_some() {
        return None;
    }
    let doubted =
        one.next_change().is_some_and(|(_, change)| matches!(change.progress, Progress::InDoubt { .. }));
    if state.cancel_asked && !doubted {
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
        Stage::Gate => state.gate_opens(step).then_some(Command::OpenGate { step: path }),
        // A step that starts again may still have a lost write: planning would forget it, and send it twice.
        Stage::Plan => match one.changes.iter().find(|change| change.progress.unsettled()) {
            Some(change) => match change.progress {
                Progress::InDoubt { .. } => {
                    Some(Command::Settle { step: path, key: change.change.key.clone(), undo: false })
                }
                Progress::Planned | Progress::Sent { .. } | Progress::Asked { .. } | Progress::Applied(_) => {
                    None
                }
            },
            None => Some(Command::PlanStep { step: path }),
        },
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
        Stage::Held | Stage::Done | Stage::Skipped | Stage::Failed | Stage::Retired => None,
    }
}

/// One at a time, in the order of the undo plan: how many entries are settled, counting on from `from`, and what the
/// next one calls for.
pub(crate) fn undoing(state: &RunState, from: usize) -> (usize, Option<CommandId>) {
    for (index, entry) in state.undo.iter().enumerate().skip(from) {
        if entry.left.is_some() {
            continue;
        }
        let Some((_, one)) = state.step(&entry.step) else { continue };
        let Some(change) = one.change(&entry.key) else { continue };
        let (step, key) = (entry.step.clone(), entry.key.clone());
        let command = match change.undo {
            Progress::Applied(_) => continue,
            Progress::Sent { .. } | Progress::Asked { .. } => return (index, None),
            Progress::Planned | Progress::InDoubt { .. } if one.wait.is_some() => return (index, None),
            Progress::Planned => Command::UndoChange { step, key },
            Progress::InDoubt { .. } => Command::Settle { step, key, undo: true },
        };
        return (index, Some(CommandId { command, turn: one.turn }));
    }
    (state.undo.len(), None)
}
