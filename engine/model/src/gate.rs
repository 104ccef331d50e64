//! What people owe a gate before its step may look at its target.

use crate::workflow::{Gate, Step};
use crate::{Answer, RunState};

impl Gate {
    /// The name under which its approval is kept among the answers.
    pub const APPROVAL: &str = "$approval";
}

impl RunState {
    /// Whether everything that people owe the step's gate is given. Times are judged when the gate is opened.
    pub fn gate_opens(&self, step: &Step) -> bool {
        let Some(gate) = &step.gate else { return true };
        let given = |question: &str| self.answers.get(&(step.path.clone(), question.to_owned()));
        let approved = gate.approval.is_none() || matches!(given(Gate::APPROVAL), Some(Answer::So));
        let answered = gate
            .form
            .iter()
            .filter(|question| question.required)
            .all(|question| given(&question.id).is_some());
        approved && answered
    }
}
