//! What an undo takes back, in which order, and how it ends.

use std::collections::BTreeSet;

use model::change::Ownership;
use model::command::Rest;
use model::refine::fill;
use model::step_state::ChangeState;
use model::workflow::Step;
use model::{
    ChangeKind, Choice, Class, Code, Failure, Reversibility, RunState, Stage, StepPath, StepState, UndoScope,
    Value,
};

/// Every change that took effect and stands, newest first.
pub fn newest_first(state: &RunState) -> Vec<(StepPath, &ChangeState)> {
    let mut standing: Vec<(StepPath, &ChangeState)> =
        state.standing().into_iter().map(|(step, change)| (step.path.clone(), change)).collect();
    standing.sort_by_key(|(_, change)| std::cmp::Reverse(change.applied_at));
    standing
}

/// Those of them that are within the scope. Refused where what would stay needs what would go.
pub fn in_scope<'a>(
    state: &'a RunState,
    scope: &UndoScope,
) -> Result<Vec<(StepPath, &'a ChangeState)>, Failure> {
    let standing = newest_first(state);
    let goes: BTreeSet<&StepPath> = match scope {
        UndoScope::All => return Ok(standing),
        UndoScope::To(step) => done_after(state, step)?,
        UndoScope::Only(step) => BTreeSet::from([&known(state, step)?.0.path]),
    };
    let stays: BTreeSet<&StepPath> =
        standing.iter().map(|(step, _)| step).filter(|step| !goes.contains(step)).collect();
    for step in &stays {
        if let Some(needed) = ancestors(state, step).into_iter().find(|one| goes.contains(one))
            && standing.iter().any(|(step, _)| step == needed)
        {
            let message =
                format!("step '{needed}' cannot be taken back alone: step '{step}' stands and needs it");
            return Err(Failure::new(Code::UndoNeeded, Class::Conflict, message)
                .hint(format!("take '{step}' back first, or everything after a step with --to STEP")));
        }
    }
    let goes: BTreeSet<StepPath> = goes.into_iter().cloned().collect();
    Ok(standing.into_iter().filter(|(step, _)| goes.contains(step)).collect())
}

fn known<'a>(state: &'a RunState, step: &StepPath) -> Result<(&'a Step, &'a StepState), Failure> {
    state.step(step).ok_or_else(|| {
        Failure::invalid(Code::Settings, format!("the run has no step '{step}'"))
            .hint("footbridge status RUN lists its steps")
    })
}

/// The steps that were not yet done when this one was. One that was at work then is among them whole: half a step is
/// nothing that anybody planned. What such a step stands on was done earlier, so nothing that stays can need it.
fn done_after<'a>(state: &'a RunState, step: &StepPath) -> Result<BTreeSet<&'a StepPath>, Failure> {
    let (spec, one) = known(state, step)?;
    let Some(done_at) = one.done_at.filter(|_| !state.taken_back(spec)) else {
        let why = if one.stage == Stage::Done { "was taken back" } else { "was never done" };
        return Err(Failure::invalid(Code::RunState, format!("step '{step}' {why}, so nothing is after it"))
            .hint("name a step that footbridge status RUN shows as done"));
    };
    Ok(state
        .pairs()
        .filter(|(_, other)| other.done_at.is_none_or(|at| at > done_at))
        .map(|(step, _)| &step.path)
        .collect())
}

/// Every step that a step needs, directly or not.
fn ancestors<'a>(state: &'a RunState, step: &StepPath) -> BTreeSet<&'a StepPath> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&StepPath> =
        state.step(step).map(|(step, _)| step.needs.iter().collect()).unwrap_or_default();
    while let Some(path) = open.pop() {
        if found.insert(path)
            && let Some((step, _)) = state.step(path)
        {
            open.extend(&step.needs);
        }
    }
    found
}

/// Why a change stays whatever is asked; `None` where it can be taken back.
pub fn stays(change: &ChangeState) -> Option<&'static str> {
    if change.change.kind == ChangeKind::Run {
        return Some("an action cannot be taken back");
    }
    if change.change.reversibility == Reversibility::Irreversible {
        return Some("the plan said that this cannot be taken back");
    }
    let adopted = change.applied().is_some_and(|applied| applied.ownership == Ownership::Adopted);
    adopted.then_some("it was so before the run")
}

/// The creation of the object that a change was made on, where the run made it and undo may remove it: with it goes the
/// change.
pub fn maker<'a>(one: &'a StepState, change: &ChangeState) -> Option<&'a ChangeState> {
    one.changes.iter().find(|other| {
        other.change.kind == ChangeKind::Create
            && other.change.target == change.change.target
            && other.applied_at < change.applied_at
            && other.stands()
            && stays(other).is_none()
    })
}

/// The state in which the run left what a change wrote: for a creation with all that the step did to the object since.
pub fn left_as(state: &RunState, one: &StepState, change: &ChangeState) -> Value {
    let latest = one
        .changes
        .iter()
        .filter(|other| maker(one, other).is_some_and(|maker| maker.change.key == change.change.key))
        .max_by_key(|other| other.applied_at)
        .unwrap_or(change);
    fill(&latest.change.after, &|origin| state.known(origin))
}

/// How an undo ends whose entries are all settled: in part when it left something that can still be taken back, for it
/// was not asked to or a person wanted it so.
pub(crate) fn ends(state: &RunState) -> Rest {
    let open =
        state.standing().into_iter().filter(|(_, change)| stays(change).is_none()).any(|(step, change)| {
            let entry =
                state.undo.iter().find(|entry| entry.step == step.path && entry.key == change.change.key);
            entry.is_none_or(|entry| entry.choice == Some(Choice::Leave))
        });
    if open { Rest::UndoneInPart } else { Rest::Undone }
}
