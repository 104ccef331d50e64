//! Looks again at a finished step whose outputs another step is about to use.

use model::{Class, Code, Event, Failure, StepPath};

use super::{At, Hand, StepEnd};

pub(super) async fn perform(hand: &Hand, step: StepPath, for_step: StepPath) -> Result<(), Failure> {
    let At { one, work } = hand.at(&step).await?;
    let outputs = async {
        let seen = hand.bench.probe(&work).await?;
        hand.bench.outputs(&work, &seen).await
    };
    let event = match outputs.await {
        Ok(outputs) if outputs == one.outputs => Event::Refreshed { step },
        Ok(outputs) => {
            let changed: Vec<String> = outputs
                .iter()
                .filter(|(name, value)| one.outputs.get(*name) != Some(*value))
                .map(|(name, _)| format!("{step}.{name}"))
                .collect();
            let why = format!("what this step was planned from has changed: {}", changed.join(", "));
            let failure = Failure::new(Code::PlanStale, Class::Conflict, why)
                .hint("start a new run: what is already done will be adopted; or undo this one");
            StepEnd::failed(&for_step, failure)
        }
        Err(pause) => return hand.pause(&for_step, pause).await,
    };
    hand.lazily(event).await
}
