//! Looks at one object once more, then makes one change to it.

use model::change::{Applied, Ownership};
use model::refine::{compare, matches};
use model::value::Map;
use model::workflow::Phase;
use model::{Change, ChangeKind, Class, Code, Event, Failure, StepPath, Value};

use super::plan_step::held;
use super::{Hand, StepEnd};
use crate::gateway::{Mode, Sent};
use crate::phase::{Pause, Work};

pub(super) async fn perform(hand: &Hand, step: StepPath, key: String) -> Result<(), Failure> {
    let repinned = hand.log.read(|state| state.repinned).await;
    let at = hand.at(&step).await?;
    let change = hand.filled(&at.change(&step, &key)?.change).await;
    if change.kind != ChangeKind::Run {
        match look(hand, &step, &at.work, &change).await {
            Look::AsExpected if hand.log.read(|state| state.repinned).await != repinned => {
                let why = "a pin was replaced while the object was looked at; nothing was written";
                let failure = Failure::new(Code::PlanStale, Class::Transient, why);
                return hand.lazily(hand.retries(&at, failure)).await;
            }
            Look::AsExpected => {}
            Look::Not(event) => return hand.lazily(*event).await,
            Look::Ended(pause) => return hand.pause(&step, pause).await,
        }
    }
    let mode = Mode::Write { key: key.clone(), attempt: at.one.attempts + 1, undo: false };
    let (result, sent) = hand.bench.phase(&at.work, Phase::Apply, vec![change.to_value()], mode).await;
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
            let at = hand.at(&step).await?;
            let mut events = vec![Event::NotDone { step, key, failure: failure.clone(), undo: false }];
            events.extend(hand.meaning(&at, Pause::Failed(failure)));
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
    let at = match hand.at(step).await {
        Ok(at) => at,
        Err(failure) => return Look::Ended(Pause::Failed(failure)),
    };
    let not = |event| Look::Not(Box::new(event));
    match seen.object(&change.target) {
        Some(now) if matches(&change.before, now) => Look::AsExpected,
        Some(Value::CannotTell(why)) => {
            let failure =
                Failure::new(Code::CannotTell, Class::Transient, format!("{}: {why}", change.target));
            not(hand.retries(&at, failure))
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
                Err(Pause::Failed(failure)) => not(hand.retries(&at, failure)),
                Err(Pause::NotYet { why, after_ms }) => not(hand.waits(&at, &why, after_ms)),
                Err(Pause::Needs { .. } | Pause::Recorded | Pause::Cancelled) => {
                    not(held(step, Vec::new(), found, "the world moved since the plan was approved"))
                }
            }
        }
    }
}
