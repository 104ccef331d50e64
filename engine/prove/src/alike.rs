//! Which finished runs are the same to their undo. Undo goes by what was applied and how that is known, by what was left,
//! and by pins: of runs that are alike in these and left the same world, one undo tells for all.

use model::step_state::Progress;
use model::{Digest, RunState};
use serde_json::json;

/// Equal for runs that are alike, whatever their ids and times.
pub(crate) fn alike(state: &RunState) -> Digest {
    let mut order: Vec<u32> = state
        .steps
        .iter()
        .flat_map(|step| &step.changes)
        .filter(|change| change.applied().is_some())
        .map(|change| change.applied_at)
        .collect();
    order.sort_unstable();
    let steps: Vec<serde_json::Value> = state
        .pairs()
        .map(|(step, one)| {
            let changes = one.changes.iter().map(|change| {
                let applied = match &change.progress {
                    Progress::Applied(applied) => Some(applied),
                    Progress::Planned
                    | Progress::Sent { .. }
                    | Progress::InDoubt { .. }
                    | Progress::Asked { .. } => None,
                };
                let place = order.binary_search(&change.applied_at).ok();
                json!([change.change, applied, applied.and(place)])
            });
            json!([step.path, one.with, one.outputs, one.left, changes.collect::<Vec<_>>()])
        })
        .collect();
    let pins: Vec<_> = state.pins.iter().collect();
    let text = json!([steps, pins]).to_string().replace(&state.id.to_string(), "RUN");
    Digest::of_bytes(text.as_bytes())
}
