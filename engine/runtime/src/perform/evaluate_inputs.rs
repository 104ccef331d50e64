//! Evaluates `when` and `with` of a step, once.

use contracts::PhaseEnd;
use model::value::Map;
use model::workflow::Expression;
use model::{Code, Event, Failure, Stage, StepPath, Value};

use super::{Hand, StepEnd};
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
    let event = match spec.when.as_ref().map(&evaluate) {
        Some(Ok(Value::Bool(false))) => Event::StepSkipped { step },
        None | Some(Ok(Value::Bool(true))) => {
            let with: Result<Map, Failure> =
                spec.with.iter().map(|(name, one)| Ok((name.clone(), evaluate(one)?))).collect();
            match with {
                Ok(with) => Event::StepReady { step, with },
                Err(failure) => StepEnd::failed(&step, failure),
            }
        }
        Some(Ok(other)) => {
            let why = format!("'when' of step '{step}' must be true or false, not {}", other.kind_name());
            StepEnd::failed(&step, Failure::invalid(Code::ManifestExpression, why))
        }
        Some(Err(failure)) => StepEnd::failed(&step, failure),
    };
    hand.lazily(event).await
}
