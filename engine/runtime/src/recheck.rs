//! Whether what a run was made from still holds: its plan when that is approved late, and its target.

use std::sync::Arc;

use contracts::{ApproveRequest, Session};
use model::{Binding, Class, Code, Event, Failure, PlannedStep, RunState, StepOutlook};

use crate::bench::Bench;
use crate::supervisor::Supervisor;
use crate::{approve, planner};

impl Supervisor {
    /// Before a plan is approved it is made again: what is approved is what will happen. Where the world moved while
    /// the plan waited, the new plan takes its place and the approval is refused.
    pub(crate) async fn still_so(&self, state: &RunState, request: &ApproveRequest) -> Result<(), Failure> {
        let Some(old) = &state.plan else { return Ok(()) };
        let bench = self.bench_of(state).await?;
        let new = planner::plan(&bench, Some(state)).await.plan;
        bench.session.close().await;
        if new.digest == old.digest {
            return Ok(());
        }
        // A step that could not be planned says nothing about the world: the plan that was shown still waits.
        if let Some(failure) = new.steps.iter().find_map(failed) {
            return Err(failure);
        }
        let mut moved = Vec::new();
        for step in &old.steps {
            let fresh = new.step(&step.step).map(|step| step.changes.clone()).unwrap_or_default();
            moved.extend(model::refine::differences(&step.changes, &fresh));
        }
        let failure = Failure::new(
            Code::PlanStale,
            Class::Conflict,
            format!(
                "the world moved while the plan waited; the plan is now {}, not {}",
                new.digest.short(),
                old.digest.short()
            ),
        )
        .hint(format!("look at it with 'footbridge explain {}', then approve it again", state.id))
        .evidence("differences", model::Value::from_json(serde_json::json!(moved)));
        let open = self.open(state.id, &request.by).await?;
        // Unless somebody else has answered meanwhile: an approved plan is not replaced.
        open.hand
            .log
            .append_as(|state| approve::events(state, request).map(|_| vec![Event::Planned { plan: new }]))
            .await?;
        Err(failure)
    }

    /// Where the run began, or not at all; with pins as the run has them, and nothing journaled.
    pub(crate) async fn bench_of(&self, state: &RunState) -> Result<Bench, Failure> {
        let target = state.binding.as_ref().map_or(&state.target, |binding| &binding.reference);
        let bench =
            self.bench(Arc::clone(&state.workflow), target, state.params.clone(), Some(state.id)).await?;
        bound(state, &bench.session)?;
        *bench.pins.lock().expect("no holder of this lock panics") = state.pins.clone();
        Ok(bench)
    }
}

fn failed(step: &PlannedStep) -> Option<Failure> {
    match &step.outlook {
        StepOutlook::Failed { failure } => Some(failure.clone()),
        StepOutlook::Changes
        | StepOutlook::AlreadySo
        | StepOutlook::Done
        | StepOutlook::Skipped
        | StepOutlook::KnownAfter { .. }
        | StepOutlook::Conflict
        | StepOutlook::CannotTell { .. } => None,
    }
}

/// Whether the target is still the one that the run was made for.
fn bound(state: &RunState, session: &Session) -> Result<(), Failure> {
    if state.binding.as_ref().map(|one| &one.identity) == session.binding.as_ref().map(|one| &one.identity) {
        return Ok(());
    }
    let shown = |binding: &Option<Binding>| {
        binding.as_ref().map_or_else(|| "the simulator's own".to_owned(), |one| one.identity.clone())
    };
    let message = format!(
        "the target '{}' is not the one that run {} was made for: it was {}, and is {}",
        state.target,
        state.id,
        shown(&state.binding),
        shown(&session.binding)
    );
    Err(Failure::new(Code::TargetFile, Class::Conflict, message)
        .hint("nothing was written; bring the target file back to what it was, or start a new run"))
}
