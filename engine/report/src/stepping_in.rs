//! Where a person may step in at one step, as commands to type, each with what it causes.

use model::intervention::allowed;
use model::{Intervention, RunState, Stage, StepState};

use crate::explain::Possibility;

/// Offered where a step goes no further by itself.
pub(crate) fn stepping_in(state: &RunState) -> Vec<Possibility> {
    let mut list = Vec::new();
    for (step, one) in state.pairs() {
        if !matches!(one.stage, Stage::Failed | Stage::Held | Stage::Gate) {
            continue;
        }
        let (run, path) = (state.id, &step.path);
        for (intervention, words, causes) in [
            (Intervention::Retry, format!("retry {run} {path}"), retried()),
            (Intervention::Skip, format!("skip {run} {path} --note \"why\""), skipped(one)),
            (Intervention::Done, format!("done {run} {path} --note \"how you know\""), vouched()),
        ] {
            if allowed(state, path, intervention).is_ok() {
                list.push(Possibility { command: format!("footbridge {words}"), causes });
            }
        }
    }
    list
}

fn retried() -> String {
    "this step alone starts again; others that failed stay as they are".to_owned()
}

fn skipped(one: &StepState) -> String {
    let standing = standing(one);
    let stays = match standing.as_slice() {
        [] => String::new(),
        keys => format!("; what it has written stays: {}", keys.join(", ")),
    };
    format!("the run goes on without the step, unless another needs what it gives{stays}")
}

fn vouched() -> String {
    "the step counts as done on your word: what it gives is taken from a look, nothing is verified or written"
        .to_owned()
}

/// The keys of the changes that took effect and stand.
pub fn standing(one: &StepState) -> Vec<&str> {
    one.changes.iter().filter(|change| change.stands()).map(|change| change.change.key.as_str()).collect()
}
