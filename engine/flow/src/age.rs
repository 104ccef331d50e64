//! Inputs age: before a step's first write, the steps whose outputs it uses are looked at again.

use model::workflow::Step;
use model::{RunState, Stage, StepPath, StepState};

/// The finished steps to look at again before the next write, in order: those used and last looked at before the latest
/// resume, gate or timer, as long as the step has written nothing (from there on its own looks decide); and after a
/// re-pin every finished step.
pub fn aged_sources(state: &RunState, step: &Step, one: &StepState) -> Vec<StepPath> {
    let wrote = one.changes.iter().any(|change| change.applied().is_some());
    let done =
        |path: &StepPath| state.step(path).map(|(_, source)| source).filter(|one| one.stage == Stage::Done);
    let mut aged: Vec<StepPath> = step
        .uses
        .iter()
        .filter(|path| !wrote && done(path).is_some_and(|source| source.epoch < state.epoch))
        .cloned()
        .collect();
    if state.repinned > 0 {
        for (other, source) in state.pairs() {
            let stale = source.stage == Stage::Done && source.epoch < state.repinned;
            if stale && !aged.contains(&other.path) {
                aged.push(other.path.clone());
            }
        }
    }
    aged
}
