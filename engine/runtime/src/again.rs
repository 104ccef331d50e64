//! A change that took effect, stands, and is wanted again: not what a plan may say.

use model::refine::{fill, matches};
use model::{Change, Class, Code, Failure, RunState, StepState, Value};

/// A step that was mended and goes on half-way may plan another write under a key that it has used. Taking it in would
/// replace the record of the first write, and with it the state that undo must bring back. A change that someone took
/// back in the meantime may be wanted again, of course.
pub(crate) fn wanted_again(state: &RunState, one: &StepState, fresh: &[Change]) -> Option<Failure> {
    let again = fresh.iter().filter(|change| change.writes()).find(|change| {
        one.change(&change.key).is_some_and(|done| {
            let as_we_left_it = matches(&left(state, one, &change.target), &change.before);
            done.stands() && as_we_left_it && !matches(&done.change.before, &change.before)
        })
    })?;
    let message =
        format!("'{}' of {} was done and stands, and is wanted again, differently", again.key, again.target);
    Some(Failure::new(Code::WantedAgain, Class::Conflict, message).hint(
        "give the further change a key of its own in the script's plan, so that undo can take back both",
    ))
}

/// The state in which the step left an object: with its latest change that stands.
fn left(state: &RunState, one: &StepState, target: &str) -> Value {
    let standing = one.changes.iter().filter(|change| change.stands() && change.change.target == target);
    let latest = standing.max_by_key(|change| change.applied_at);
    latest.map(|change| fill(&change.change.after, &|origin| state.known(origin))).unwrap_or_default()
}
