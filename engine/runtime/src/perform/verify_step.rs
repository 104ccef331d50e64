//! Looks at what a step left, lets the step judge it, and takes its outputs. Where a person vouches for the step, nobody
//! judges: the outputs are taken from what is seen.

use model::value::Map;
use model::workflow::Phase;
use model::{ByHand, Code, Event, Failure, StepPath};

use super::{At, Hand, StepEnd};
use crate::gateway::Mode;
use crate::phase::Pause;

pub(super) async fn perform(hand: &Hand, step: StepPath) -> Result<(), Failure> {
    let at = hand.at(&step).await?;
    let At { one, work } = &at;
    let spec = &hand.bench.workflow.steps[work.step];
    let looked: Result<(Map, Map), Pause> = async {
        let seen = hand.bench.probe(work).await?;
        if spec.has(Phase::Verify) && one.by_hand.is_none() {
            hand.bench.phase(work, Phase::Verify, vec![seen.to_value()], Mode::Look).await.0?;
        }
        let outputs = hand.bench.outputs(work, &seen).await?;
        Ok((outputs, seen.objects().clone()))
    }
    .await;
    let event = match looked {
        Ok((outputs, left)) => match outputs.iter().find(|(_, value)| value.first_unknown().is_some()) {
            Some((name, _)) => {
                let why = format!("output '{name}' is still unknown after the step is done");
                Some(StepEnd::failed(&step, Failure::invalid(Code::ScriptResult, why)))
            }
            None => Some(Event::StepDone { step, outputs, left }),
        },
        Err(pause) => hand.meaning(&at, pause),
    };
    match (event, &one.by_hand) {
        (None, _) => Ok(()),
        (Some(Event::StepFailed { step, failure }), Some(by_hand)) => {
            hand.lazily(Event::StepFailed { failure: unfounded(&step, by_hand, failure), step }).await
        }
        (Some(event), _) => hand.lazily(event).await,
    }
}

/// A person's word says that the step is done; it cannot say what it gives.
fn unfounded(step: &StepPath, by_hand: &ByHand, cause: Failure) -> Failure {
    let message = format!(
        "step '{step}' is vouched for by {}, but what it gives cannot be taken from what is there: {}",
        by_hand.asker.by, cause.message
    );
    let failure = Failure::new(Code::Vouched, cause.class, message)
        .hint("nothing was written; mend what is there and vouch again, retry the step, or skip it");
    match cause.place {
        Some(place) => failure.at(place),
        None => failure,
    }
}
