//! Evaluates `when` and `with` of a step, once.

use contracts::PhaseEnd;
use model::value::Map;
use model::workflow::Expression;
use model::{Code, Event, Failure, RunState, Stage, Step, StepPath, Value};

use super::{Hand, StepEnd};
use crate::phase::no_condition;
use crate::planner::scope;

pub(super) async fn perform(hand: &Hand, step: StepPath) -> Result<(), Failure> {
    let spec = &hand.bench.workflow.steps[hand.at(&step).await?.work.step];
    let scope = hand.log.read(|state| read_by(spec, state)).await;
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

/// What the step's expressions may read: the parameters, and the outputs of the finished steps that they name.
fn read_by(step: &Step, state: &RunState) -> Map {
    let done = |path: &StepPath| state.step(path).filter(|(_, one)| one.stage == Stage::Done);
    let outputs = step.uses.iter().filter_map(done);
    let steps = outputs.map(|(used, one)| (used.path.step().to_owned(), Value::Map(one.outputs.clone())));
    scope(&state.params, steps.collect())
}
