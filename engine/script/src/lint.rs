//! Every mistake in scripts and expressions that can be found without running them.

use contracts::Finding;
use model::{Failure, FunctionSpec, Workflow};

use crate::runner::Shared;

pub(crate) fn check(shared: &Shared, workflow: &Workflow, _functions: &[FunctionSpec]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for step in &workflow.steps {
        for expression in step.with.values().chain(&step.when) {
            if let Err(failure) = crate::expression::parse(&shared.base, &shared.limits, expression) {
                findings.push(found(failure, expression.text.chars().count()));
            }
        }
    }
    findings
}

fn found(failure: Failure, width: usize) -> Finding {
    Finding { failure, width }
}
