//! Opens a gate once people have given what they owe it and its time has come.

use std::time::Duration;

use contracts::PhaseEnd;
use model::{Code, Event, Failure, StepPath, Timestamp, Value};

use super::{At, Hand, StepEnd};
use crate::planner::scope;

pub(super) async fn perform(hand: &Hand, step: StepPath) -> Result<(), Failure> {
    let At { one, work } = hand.at(&step).await?;
    let now = hand.bench.parts.clock.now();
    let gate = hand.bench.workflow.steps[work.step].gate.clone().unwrap_or_default();
    let mut until =
        gate.wait_ms.map_or(Timestamp(0), |wait| one.since.min(now).after(Duration::from_millis(wait)));
    if let Some(expression) = &gate.not_before {
        let scope = scope(&hand.bench.params, model::value::Map::new());
        match hand.bench.steps().evaluate(expression, &scope) {
            PhaseEnd::Returned(Value::Null) => {}
            PhaseEnd::Returned(Value::Text(text)) => {
                let Some(moment) = Timestamp::parse_rfc3339(&text) else {
                    let why = format!("'{text}' is no moment in time; write it like 2026-11-24T20:00:00Z");
                    let failure = Failure::invalid(Code::ManifestExpression, why);
                    return hand.lazily(StepEnd::failed(&step, failure)).await;
                };
                until = until.max(moment);
            }
            other => {
                let why = format!("'not_before' must give RFC 3339 text or (), not {other:?}");
                let failure = Failure::invalid(Code::ManifestExpression, why);
                return hand.lazily(StepEnd::failed(&step, failure)).await;
            }
        }
    }
    let event = if now < until {
        Event::Waits { step, until, why: format!("its gate opens at {until}") }
    } else {
        Event::GatePassed { step, by: None, note: None }
    };
    hand.lazily(event).await
}
