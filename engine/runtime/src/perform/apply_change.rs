//! Looks at one object once more, then makes one change to it.

use model::change::{Applied, Ownership};
use model::refine::{compare, matches};
use model::value::Map;
use model::workflow::Phase;
use model::{Change, ChangeKind, Class, Code, Event, Failure, StepPath, Value};

use super::plan_step::held;
use super::{Hand, StepEnd, work};
use crate::gateway::{Mode, Sent};
use crate::phase::{Pause, Work, filled};

pub(super) async fn perform(hand: &Hand, step: StepPath, key: String) -> Result<(), Failure> {
    let state = hand.state().await;
    let (_, one, work) = work(&state, &step)?;
    let change =
        one.change(&key).ok_or_else(|| Failure::bug(format!("step '{step}' has no change '{key}'")))?;
    let change = filled(&change.change, &|origin| state.known(origin));
    if change.kind != ChangeKind::Run {
        match look(hand, &step, &work, &change).await {
            Look::AsExpected if hand.log.read(|now| now.repinned).await != state.repinned => {
                let why = "a pin was replaced while the object was looked at; nothing was written";
                let failure = Failure::new(Code::PlanStale, Class::Transient, why);
                return hand.lazily(hand.retries(&state, &step, failure)).await;
            }
            Look::AsExpected => {}
            Look::Not(event) => return hand.lazily(*event).await,
            Look::Ended(pause) => return hand.pause(&step, pause).await,
        }
    }
    let mode = Mode::Write { key: key.clone(), attempt: one.attempts + 1, undo: false };
    let (result, sent) = hand.bench.phase(&work, Phase::Apply, vec![change.to_value()], mode).await;
    let outcome =
        |applied: Applied| Event::Outcome { step: step.clone(), key: key.clone(), applied, undo: false };
    match (sent, result) {
        (Sent::Answered { evidence, .. }, Ok(value)) => {
            hand.lazily(outcome(Applied { ownership: Ownership::Ours, outcome: value, evidence })).await
        }
        (Sent::Answered { value, evidence }, Err(pause)) => {
            let mut events = vec![outcome(Applied { ownership: Ownership::Ours, outcome: value, evidence })];
            if let Pause::Failed(failure) = pause {
                events.push(StepEnd::failed(&step, failure));
            }
            hand.all(events).await
        }
        (Sent::Lost(failure), _) => {
            hand.lazily(Event::Doubted { step, key, why: failure.message, undo: false }).await
        }
        (Sent::Refused(failure), _) => {
            let state = hand.state().await;
            let mut events =
                vec![Event::NotDone { step: step.clone(), key, failure: failure.clone(), undo: false }];
            events.extend(hand.meaning(&state, &step, Pause::Failed(failure)));
            hand.all(events).await
        }
        (Sent::Nothing, Ok(value)) => {
            // An action is done by having been performed; an object that needed no write was so before.
            let ownership = if change.kind == ChangeKind::Run { Ownership::Ours } else { Ownership::Adopted };
            hand.lazily(outcome(Applied { ownership, outcome: value, evidence: Map::new() })).await
        }
        (Sent::Nothing | Sent::Described(_), Err(pause)) => hand.pause(&step, pause).await,
        (Sent::Described(_), Ok(_)) => Err(Failure::bug("a run only wrote a request down")),
    }
}

/// What the last look before a write found.
enum Look {
    AsExpected,
    /// The step does not go on with this change; the event says how it goes on.
    Not(Box<Event>),
    Ended(Pause),
}

async fn look(hand: &Hand, step: &StepPath, work: &Work, change: &Change) -> Look {
    let seen = match hand.bench.probe(work).await {
        Ok(seen) => seen,
        Err(pause) => return Look::Ended(pause),
    };
    let state = hand.state().await;
    let not = |event| Look::Not(Box::new(event));
    match seen.object(&change.target) {
        Some(now) if matches(&change.before, now) => Look::AsExpected,
        Some(Value::CannotTell(why)) => {
            let failure =
                Failure::new(Code::CannotTell, Class::Transient, format!("{}: {why}", change.target));
            not(hand.retries(&state, step, failure))
        }
        None => {
            let why = format!("probe no longer looks at '{}'", change.target);
            not(StepEnd::failed(step, Failure::invalid(Code::ScriptResult, why)))
        }
        Some(now) => {
            let mut found = Vec::new();
            compare(&change.target, "", &change.before, now, &change.after, &mut found);
            match hand.bench.plan(work, &seen).await {
                Ok(fresh) => {
                    if let Some(conflict) =
                        fresh.iter().find(|one| !one.writes() && one.kind != ChangeKind::None)
                    {
                        let why = conflict.summary.clone().unwrap_or_else(|| conflict.target.clone());
                        return not(StepEnd::failed(
                            step,
                            Failure::new(Code::PlanConflict, Class::Conflict, why),
                        ));
                    }
                    let fresh = fresh.into_iter().filter(Change::writes).collect();
                    not(held(step, fresh, found, "the world moved since the plan was approved"))
                }
                Err(Pause::Failed(failure)) => not(hand.retries(&state, step, failure)),
                Err(Pause::NotYet { why, after_ms }) => not(hand.waits(&state, step, &why, after_ms)),
                Err(Pause::Needs { .. } | Pause::Recorded | Pause::Cancelled) => {
                    not(held(step, Vec::new(), found, "the world moved since the plan was approved"))
                }
            }
        }
    }
}
