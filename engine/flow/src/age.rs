//! Inputs age: before a step's first write, the steps whose outputs it uses are looked at again.

use model::workflow::Step;
use model::{RunState, Stage, StepPath, StepState};

/// The finished steps that were last looked at before the latest resume, gate or timer, in order.
/// Empty once the step has written anything: from there on its own looks decide.
pub fn aged_sources(state: &RunState, step: &Step, one: &StepState) -> Vec<StepPath> {
    if one.changes.iter().any(|change| change.applied().is_some()) {
        return Vec::new();
    }
    step.uses
        .iter()
        .filter(|path| {
            state
                .step(path)
                .is_some_and(|(_, source)| source.stage == Stage::Done && source.epoch < state.epoch)
        })
        .cloned()
        .collect()
}
