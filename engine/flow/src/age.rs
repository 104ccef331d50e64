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
    for path in unseen_since_repin(state) {
        if !aged.contains(path) {
            aged.push(path.clone());
        }
    }
    aged
}

/// The finished steps that were not looked at since a pin was replaced: until they were, nothing more is written.
pub fn unseen_since_repin(state: &RunState) -> impl Iterator<Item = &StepPath> {
    let unseen = |one: &StepState| one.stage == Stage::Done && one.epoch < state.repinned;
    // Most runs never re-pin: then there is nothing to look for, however many steps they have.
    let pairs = (state.repinned > 0).then(|| state.pairs()).into_iter().flatten();
    pairs.filter(move |(_, one)| unseen(one)).map(|(step, _)| &step.path)
}
