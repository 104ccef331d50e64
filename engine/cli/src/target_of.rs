//! The target that a run is bound to, as it is found now.

use model::{Failure, RunState};

use crate::wiring::{Named, TargetFiles};

/// Nothing is opened, and nobody is asked.
pub(crate) fn target_of(files: &dyn TargetFiles, state: &RunState) -> Result<Named, Failure> {
    let reference = state.binding.as_ref().map_or(&state.target, |binding| &binding.reference);
    files.find(reference).map_err(|findings| {
        let first = findings.into_iter().next().map(|finding| finding.failure);
        first.unwrap_or_else(|| Failure::bug("a target was refused without a reason"))
    })
}
