//! The order of undo, and what a run left behind.

use model::refine::fill;
use model::step_state::ChangeState;
use model::{RunState, StepPath, StepState, Value};

/// Every change that took effect and stands, newest first.
pub fn newest_first(state: &RunState) -> Vec<(StepPath, &ChangeState)> {
    let mut standing: Vec<(StepPath, &ChangeState)> = state
        .pairs()
        .flat_map(|(step, one)| one.changes.iter().map(|change| (step.path.clone(), change)))
        .filter(|(_, change)| change.stands())
        .collect();
    standing.sort_by_key(|(_, change)| std::cmp::Reverse(change.applied_at));
    standing
}

/// The state the run left an object in: the `after` of its latest standing change, holes filled.
pub fn left_as(state: &RunState, one: &StepState, target: &str) -> Value {
    one.changes
        .iter()
        .filter(|change| change.stands() && change.change.target == target)
        .max_by_key(|change| change.applied_at)
        .map(|change| fill(&change.change.after, &|origin| state.known(origin)))
        .unwrap_or_default()
}
