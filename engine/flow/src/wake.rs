//! Durable timers: the next moment at which a waiting step goes on by itself.

use model::{Life, RunState, StepPath, Timestamp};

pub fn next_wake(state: &RunState) -> Option<Timestamp> {
    waiting(state).map(|(_, until)| until).min()
}

/// The steps whose time has come.
pub fn overdue(state: &RunState, now: Timestamp) -> Vec<StepPath> {
    waiting(state).filter(|(_, until)| *until <= now).map(|(step, _)| step.clone()).collect()
}

fn waiting(state: &RunState) -> impl Iterator<Item = (&StepPath, Timestamp)> {
    let goes_on = matches!(state.life, Life::Running | Life::Undoing);
    state
        .pairs()
        .filter(move |_| goes_on)
        .filter_map(|(step, one)| one.wait.as_ref().map(|wait| (&step.path, wait.until)))
}
