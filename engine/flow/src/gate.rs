//! Gates: what must be given before a step may look at its target.

use model::workflow::Step;
use model::{Answer, RunState};

/// The name under which a gate's approval is kept among the answers.
pub const APPROVAL: &str = "$approval";

/// Whether everything that people owe the gate is given. Times are judged when the gate is opened.
pub fn opens(state: &RunState, step: &Step) -> bool {
    let Some(gate) = &step.gate else { return true };
    let given = |question: &str| state.answers.get(&(step.path.clone(), question.to_owned()));
    let approved = gate.approval.is_none() || matches!(given(APPROVAL), Some(Answer::So));
    let answered =
        gate.form.iter().filter(|question| question.required).all(|question| given(&question.id).is_some());
    approved && answered
}
