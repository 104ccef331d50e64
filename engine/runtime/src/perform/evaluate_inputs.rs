//! Evaluates `when` and `with` of a step, once.

use contracts::PhaseEnd;
use model::value::Map;
use model::workflow::Expression;
use model::{Code, Event, Failure, Stage, StepPath, Value};

use super::{Hand, StepEnd};
use crate::phase::no_condition;
use crate::planner::scope;

pub(super) async fn perform(hand: &Hand, step: StepPath) -> Result<(), Failure> {
    let state = hand.state().await;
    let steps = state
        .pairs()
        .filter(|(_, one)| one.stage == Stage::Done)
        .map(|(step, one)| (step.path.step().to_owned(), Value::Map(one.outputs.clone())))
        .collect();
    let scope = scope(&state.params, steps);
    let position = state.position(&step).ok_or_else(|| Failure::bug(format!("there is no step '{step}'")))?;
    let spec = &hand.bench.workflow.steps[position];
    let evaluate = |expression: &Expression| match hand.bench.steps().evaluate(expression, &scope) {
        PhaseEnd::Returned(value) => Ok(value),
        PhaseEnd::Failed(failure) => Err(failure),
        PhaseEnd::NotYet { .. } | PhaseEnd::Needs { .. } | PhaseEnd::Recorded | PhaseEnd::Cancelled => {
            Err(Failure::invalid(Code::ManifestExpression, "the expression has no value in a run"))
        }
    };
    let with = || {
        let with: Result<Map, Failure> =
            spec.with.iter().map(|(name, one)| Ok((name.clone(), evaluate(one)?))).collect();
        match with {
            Ok(with) => Event::StepReady { step: step.clone(), with },
            Err(failure) => StepEnd::failed(&step, failure),
        }
    };
    let event = match &spec.when {
        None => with(),
        Some(when) => match evaluate(when) {
            Ok(Value::Bool(true)) => with(),
            Ok(Value::Bool(false)) => Event::StepSkipped { step: step.clone() },
            Ok(other) => StepEnd::failed(&step, no_condition(&step, when, &other)),
            Err(failure) => StepEnd::failed(&step, failure),
        },
    };
    hand.lazily(event).await
}
