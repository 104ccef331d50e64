//! Looks at what a step left, lets the step judge it, and takes its outputs.

use model::value::Map;
use model::workflow::Phase;
use model::{Code, Event, Failure, StepPath};

use super::{Hand, StepEnd, work};
use crate::gateway::Mode;
use crate::phase::Pause;

pub(super) async fn perform(hand: &Hand, step: StepPath) -> Result<(), Failure> {
    let state = hand.state().await;
    let (position, _, work) = work(&state, &step)?;
    let spec = &hand.bench.workflow.steps[position];
    let looked: Result<(Map, Map), Pause> = async {
        let seen = hand.bench.probe(&work).await?;
        if spec.has(Phase::Verify) {
            hand.bench.phase(&work, Phase::Verify, vec![seen.to_value()], Mode::Look).await.0?;
        }
        let outputs = hand.bench.outputs(&work, &seen).await?;
        Ok((outputs, seen.objects().clone()))
    }
    .await;
    match looked {
        Ok((outputs, left)) => {
            if let Some((name, _)) = outputs.iter().find(|(_, value)| value.first_unknown().is_some()) {
                let why = format!("output '{name}' is still unknown after the step is done");
                return hand.lazily(StepEnd::failed(&step, Failure::invalid(Code::ScriptResult, why))).await;
            }
            hand.lazily(Event::StepDone { step, outputs, left }).await
        }
        Err(pause) => hand.pause(&step, pause).await,
    }
}
