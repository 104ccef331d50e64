//! How far an undo came: what is taken back, what stands, and what a person can do about the rest.

use model::{Code, Life, RunState};

/// The changes that were taken back and those that stand, as `STEP/KEY: target`. Empty unless an undo was begun and did
/// not take back the whole run.
pub(crate) fn halves(state: &RunState) -> (Vec<String>, Vec<String>) {
    if !matches!(state.life, Life::Undoing | Life::PartlyUndone | Life::Stuck) {
        return (Vec::new(), Vec::new());
    }
    let name = |step: &model::Step, change: &model::step_state::ChangeState| {
        format!("{}/{}: {}", step.path, change.change.key, change.change.target)
    };
    let undone = state.pairs().flat_map(|(step, one)| {
        one.changes.iter().filter(|change| change.undone()).map(move |change| name(step, change))
    });
    let stands = state.standing().into_iter().map(|(step, change)| name(step, change));
    (undone.collect(), stands.collect())
}

/// Each way on from an undo that is stuck: the command, and what it causes.
pub(crate) fn ways_on(state: &RunState) -> Vec<(String, String)> {
    let (run, scope) = (state.id, state.undo_scope.flag());
    let mut ways = vec![(
        format!("footbridge undo {run}{scope}"),
        "once the cause is mended: the undo is planned again from a fresh look, shown, and goes on with the rest"
            .to_owned(),
    )];
    let Some((step, key, failure)) = &state.stuck else { return ways };
    ways.push((
        format!("footbridge undo {run}{scope} --leave {step}/{key} --note \"why\""),
        "this one stays as it is, recorded as your decision; the rest is taken back".to_owned(),
    ));
    if failure.code == Code::UndoConflict {
        ways.push((
            format!("footbridge undo {run}{scope} --conflicts ask"),
            "you see what was before, what the run left and what is now, and decide about each".to_owned(),
        ));
    }
    ways
}
