//! Probes and plans a step, and holds the plan against what was approved.

use model::refine::{Difference, differences};
use model::{
    Change, ChangeKind, Code, Digest, Event, Failure, RunState, Seen, StepOutlook, StepPath, StepState,
};

use super::{At, Hand, StepEnd};
use crate::phase::filled;
use crate::planner::already;

pub(super) async fn perform(hand: &Hand, step: StepPath) -> Result<(), Failure> {
    let At { one, work } = hand.at(&step).await?;
    let seen = match hand.bench.probe(&work).await {
        Ok(seen) => seen,
        Err(pause) => return hand.pause(&step, pause).await,
    };
    let changes = match hand.bench.plan(&work, &seen).await {
        Ok(changes) => changes,
        Err(pause) => return hand.pause(&step, pause).await,
    };
    let event = hand.log.read(|state| judge(state, &step, &one, &seen, changes)).await;
    hand.lazily(event).await
}

/// What a fresh plan means for the step.
pub(super) fn judge(
    state: &RunState,
    step: &StepPath,
    one: &StepState,
    seen: &Seen,
    fresh: Vec<Change>,
) -> Event {
    if let Some(conflict) =
        fresh.iter().find(|change| matches!(change.kind, ChangeKind::Conflict | ChangeKind::Unknown))
    {
        let why = conflict.summary.clone().unwrap_or_else(|| conflict.target.clone());
        return StepEnd::failed(step, Failure::invalid(Code::PlanConflict, why));
    }
    if let Some(failure) = crate::again::wanted_again(state, one, &fresh) {
        return StepEnd::failed(step, failure);
    }
    let already = already(seen, &fresh);
    let fresh: Vec<Change> = fresh.into_iter().filter(Change::writes).collect();
    match covered(state, step, one, &fresh) {
        Covered::Approved => Event::StepPlanned { step: step.clone(), changes: fresh, already },
        Covered::KnownNow if fresh.is_empty() || state.approves_later => {
            Event::StepPlanned { step: step.clone(), changes: fresh, already }
        }
        Covered::KnownNow => held(step, fresh, Vec::new(), "its plan is known only now"),
        Covered::Moved(found) => held(step, fresh, found, "the world moved since the plan was approved"),
    }
}

enum Covered {
    Approved,
    /// Nobody could approve it earlier.
    KnownNow,
    Moved(Vec<Difference>),
}

fn covered(state: &RunState, step: &StepPath, one: &StepState, fresh: &[Change]) -> Covered {
    let planned = state.planned(step);
    let (approved, since) = match (&one.approved, planned) {
        (Some(approved), _) => (approved.changes.clone(), approved.at),
        (None, Some(planned)) if matches!(planned.outlook, StepOutlook::KnownAfter { .. }) => {
            return Covered::KnownNow;
        }
        (None, Some(planned)) => (planned.changes.clone(), state.planned_at),
        (None, None) => (Vec::new(), state.planned_at),
    };
    let remaining: Vec<Change> = approved
        .iter()
        .filter(|change| change.writes())
        .filter(|change| !one.change(&change.key).is_some_and(|done| done.took_effect_after(since)))
        .map(|change| filled(change, &|origin| state.known(origin)))
        .collect();
    let found = differences(&remaining, fresh);
    if found.is_empty() { Covered::Approved } else { Covered::Moved(found) }
}

pub(super) fn held(step: &StepPath, changes: Vec<Change>, differences: Vec<Difference>, why: &str) -> Event {
    let digestible: Vec<_> = changes.iter().map(Change::digestible).collect();
    Event::StepHeld {
        step: step.clone(),
        digest: Digest::of(&(step, digestible)),
        changes,
        differences,
        why: why.to_owned(),
    }
}
