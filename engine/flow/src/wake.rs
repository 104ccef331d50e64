//! Durable timers: the next moment at which a waiting step goes on by itself.

use std::collections::BTreeSet;

use model::{Life, RunState, StepPath, Timestamp};

pub fn next_wake(state: &RunState) -> Option<Timestamp> {
    waiting(state, 0..state.steps.len()).map(|(_, until)| until).min()
}

/// The steps whose time has come.
pub fn overdue(state: &RunState, now: Timestamp) -> Vec<StepPath> {
    due(waiting(state, 0..state.steps.len()), now)
}

/// Remembers which steps of one run wait, and says the same as [`next_wake`] and [`overdue`] with a look at those alone.
#[derive(Clone, Debug, Default)]
pub struct Wakes {
    /// How much of the state's record of touched steps is read.
    read: usize,
    /// By position, every step that waits; and perhaps some that no longer do.
    waiting: BTreeSet<usize>,
}

impl Wakes {
    pub fn next(&mut self, state: &RunState) -> Option<Timestamp> {
        self.read(state);
        waiting(state, self.waiting.iter().copied()).map(|(_, until)| until).min()
    }

    pub fn overdue(&mut self, state: &RunState, now: Timestamp) -> Vec<StepPath> {
        self.read(state);
        due(waiting(state, self.waiting.iter().copied()), now)
    }

    /// Every event that lets a step wait, or wait no longer, touches it.
    fn read(&mut self, state: &RunState) {
        let touched = &state.touched[self.read..];
        self.read = state.touched.len();
        if touched.contains(&None) {
            self.waiting = (0..state.steps.len()).filter(|at| state.steps[*at].wait.is_some()).collect();
            return;
        }
        for at in touched.iter().flatten() {
            if state.steps[*at].wait.is_some() {
                self.waiting.insert(*at);
            } else {
                self.waiting.remove(at);
            }
        }
    }
}

fn due<'s>(waiting: impl Iterator<Item = (&'s StepPath, Timestamp)>, now: Timestamp) -> Vec<StepPath> {
    waiting.filter(|(_, until)| *until <= now).map(|(step, _)| step.clone()).collect()
}

/// Of the steps at those positions the ones that wait, with their times.
fn waiting(
    state: &RunState,
    positions: impl Iterator<Item = usize>,
) -> impl Iterator<Item = (&StepPath, Timestamp)> {
    let goes_on = matches!(state.life, Life::Running | Life::Undoing);
    positions.filter(move |_| goes_on).filter_map(|at| {
        let wait = state.steps[at].wait.as_ref()?;
        Some((&state.workflow.steps[at].path, wait.until))
    })
}
