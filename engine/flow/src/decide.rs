//! The memory that no cause is acted on twice, and that only what events touched is looked at again.

use std::collections::{BTreeMap, BTreeSet};

use model::command::CommandId;
use model::{Command, Life, RunState, Stage};

use crate::due::{command_for, rest, rest_of, resting, undoing};

/// Remembers what was given out for one run, so that each cause gives each command once, a step has at most one command
/// under way, and a finished step is looked at again for one other step at a time.
///
/// It gives what [`crate::due`] names, less what is under way, and looks only at the steps that events touched since it
/// was last asked and at those that wait for them. Commands are under way until their step's next event: whoever
/// performs them appends what ends a command as one batch, and asks again after the batch.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// How much of the state's record of touched steps is read.
    read: usize,
    /// The steps that need a step, by position.
    dependants: Vec<Vec<usize>>,
    marks: Vec<Mark>,
    /// Steps that are neither final nor held back by one that is not done.
    open: usize,
    /// By the position of the finished step that is being looked at again.
    refreshing: BTreeMap<usize, Refreshing>,
    /// The state's epoch when it was last asked.
    epoch: u32,
    /// Entries of the undo before this one are settled.
    undone: usize,
    rested: Option<CommandId>,
}

#[derive(Clone, Debug, Default)]
struct Mark {
    /// Needs that are neither done nor skipped.
    missing: usize,
    finished: bool,
    open: bool,
    given: Option<Given>,
}

/// A command under way for a step, from the turn it was given in.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Given {
    turn: u32,
    /// The finished step that it looks at again, and that step's turn.
    source: Option<(usize, u32)>,
}

#[derive(Clone, Debug)]
struct Refreshing {
    owner: usize,
    /// Other steps that want the same.
    others: BTreeSet<usize>,
}

impl Flow {
    /// The commands that are due and not yet given out. Call it after every batch of events and every timer.
    pub fn decide(&mut self, state: &RunState) -> Vec<CommandId> {
        if let Some(rest) = resting(state) {
            return self.rest(rest);
        }
        match state.life {
            Life::Running => self.running(state),
            Life::Undoing => self.undoing(state),
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

    fn running(&mut self, state: &RunState) -> Vec<CommandId> {
        let mut look_at = self.touched(state);
        let mut commands = Vec::new();
        // In the order of the steps, so that what is given does not depend on the order of arrival.
        while let Some(position) = look_at.pop_first() {
            commands.extend(self.look(state, position));
        }
        if self.open == 0 {
            return self.rest(rest_of(state));
        }
        commands
    }

    /// The steps to look at: those that events touched, and those that waited for them.
    fn touched(&mut self, state: &RunState) -> BTreeSet<usize> {
        if self.marks.len() != state.steps.len() || state.touched[self.read..].contains(&None) {
            self.rebuild(state);
            return (0..state.steps.len()).collect();
        }
        let touched: BTreeSet<usize> = state.touched[self.read..].iter().copied().flatten().collect();
        self.read = state.touched.len();
        let mut look_at = touched.clone();
        for position in touched {
            if matches!(state.steps[position].stage, Stage::Done | Stage::Skipped)
                && !std::mem::replace(&mut self.marks[position].finished, true)
            {
                for &dependant in &self.dependants[position] {
                    self.marks[dependant].missing -= 1;
                    look_at.insert(dependant);
                }
            }
            let sources = self.marks[position].given.and_then(|given| given.source).map(|(source, _)| source);
            for source in sources.into_iter().chain([position]) {
                if self.look_is_over(state, source)
                    && let Some(refreshing) = self.refreshing.remove(&source)
                {
                    look_at.insert(refreshing.owner);
                    look_at.extend(refreshing.others);
                }
            }
        }
        if std::mem::replace(&mut self.epoch, state.epoch) != state.epoch {
            // Everything aged: who waits for a look that others asked for may now want another one first.
            for refreshing in self.refreshing.values_mut() {
                look_at.append(&mut refreshing.others);
            }
        }
        look_at
    }

    /// A look for another step has ended when either of the two moved. An answer touches a step and moves nothing.
    fn look_is_over(&self, state: &RunState, source: usize) -> bool {
        let asked = self.refreshing.get(&source).map(|refreshing| refreshing.owner);
        asked.is_some_and(|owner| {
            let still =
                Given { turn: state.steps[owner].turn, source: Some((source, state.steps[source].turn)) };
            self.marks[owner].given != Some(still)
        })
    }

    fn rebuild(&mut self, state: &RunState) {
        let count = state.steps.len();
        self.read = state.touched.len();
        self.epoch = state.epoch;
        self.dependants = vec![Vec::new(); count];
        self.marks.resize(count, Mark::default());
        self.open = 0;
        self.undone = 0;
        self.refreshing.clear();
        for mark in &mut self.marks {
            mark.missing = 0;
            mark.open = false;
        }
        let finished: Vec<bool> =
            state.steps.iter().map(|one| matches!(one.stage, Stage::Done | Stage::Skipped)).collect();
        for (position, step) in state.workflow.steps.iter().enumerate() {
            self.marks[position].finished = finished[position];
            for need in &step.needs {
                let need = state.position(need).expect("a pinned workflow has every step that it needs");
                self.dependants[need].push(position);
                self.marks[position].missing += usize::from(!finished[need]);
            }
        }
    }

    /// What one step calls for, unless it is under way.
    fn look(&mut self, state: &RunState, position: usize) -> Option<CommandId> {
        let (step, one) = (&state.workflow.steps[position], &state.steps[position]);
        let mark = &mut self.marks[position];
        let open = !one.stage.is_final() && (one.stage != Stage::Pending || mark.missing == 0);
        match (std::mem::replace(&mut mark.open, open), open) {
            (false, true) => self.open += 1,
            (true, false) => self.open -= 1,
            (true, true) | (false, false) => {}
        }
        if !open {
            return None;
        }
        if let Some(given) = mark.given
            && given.turn == one.turn
            && given.source.is_none_or(|(source, turn)| state.steps[source].turn == turn)
        {
            return None;
        }
        let command = command_for(state, step, one)?;
        let mut given = Given { turn: one.turn, source: None };
        if let Command::Refresh { step: source, .. } = &command.command {
            let source = state.position(source).expect("a command names a step of its run");
            given.source = Some((source, state.steps[source].turn));
            if let Some(refreshing) = self.refreshing.get_mut(&source) {
                refreshing.others.insert(position);
                return None;
            }
            self.refreshing.insert(source, Refreshing { owner: position, others: BTreeSet::new() });
        }
        self.marks[position].given = Some(given);
        Some(command)
    }

    fn undoing(&mut self, state: &RunState) -> Vec<CommandId> {
        self.touched(state);
        let (undone, command) = undoing(state, self.undone);
        self.undone = undone;
        if undone == state.undo.len() {
            return self.rest(rest(state, crate::undo::ends(state)));
        }
        let Some(command) = command else { return Vec::new() };
        let position = command.command.step().and_then(|path| state.position(path));
        let mark = &mut self.marks[position.expect("a command names a step of its run")];
        let given = Some(Given { turn: command.turn, source: None });
        if mark.given == given {
            return Vec::new();
        }
        mark.given = given;
        vec![command]
    }

    fn rest(&mut self, command: CommandId) -> Vec<CommandId> {
        if self.rested.as_ref() == Some(&command) {
            return Vec::new();
        }
        self.rested = Some(command.clone());
        vec![command]
    }
}
