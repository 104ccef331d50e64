//! Takes one recorded change back, as far as its object is still as the run left it.

use model::change::{Applied, Ownership};
use model::merge::take_back;
use model::refine::Difference;
use model::value::Map;
use model::workflow::Phase;
use model::{Change, Class, Code, Event, Failure, RunState, StepPath, Value};

use super::{At, Hand};
use crate::gateway::{Mode, Sent};
use crate::phase::Pause;

pub(super) async fn perform(hand: &Hand, step: StepPath, key: String) -> Result<(), Failure> {
    let at = hand.at(&step).await?;
    let change = at.change(&step, &key)?;
    let planned = |state: &RunState| {
        let mut entries = state.undo.iter();
        entries.find(|entry| entry.step == step && entry.key == key).map(|entry| entry.expected.clone())
    };
    let expected = hand
        .log
        .read(planned)
        .await
        .ok_or_else(|| Failure::bug(format!("change '{key}' of '{step}' is not in the undo plan")))?;
    let whole = hand.filled(&change.change).await;
    let seen = match hand.bench.probe(&at.work).await {
        Ok(seen) => seen,
        Err(pause) => return hand.all(stop(hand, &at, &step, &key, pause).into_iter().collect()).await,
    };
    let done = |outcome, evidence, ownership| Event::Outcome {
        step: step.clone(),
        key: key.clone(),
        applied: Applied { ownership, outcome, evidence },
        undo: true,
    };
    let Some(now) = seen.object(&whole.target).filter(|now| !matches!(now, Value::CannotTell(_))) else {
        let failure = Failure::new(
            Code::CannotTell,
            Class::Conflict,
            format!("nobody can tell how {} is now, so it is not taken back", whole.target),
        );
        return hand.lazily(Event::UndoStuck { step, key, failure }).await;
    };
    let merge = take_back(&whole.target, &whole.before, &expected, now);
    if !merge.conflicts.is_empty() {
        return hand.lazily(Event::UndoStuck { step, key, failure: conflict(&merge.conflicts) }).await;
    }
    if merge.aim == *now {
        return hand.lazily(done(Value::Null, Map::new(), Ownership::Adopted)).await;
    }
    // The script sees the object as it is and as it should become: what others changed since is the same in both.
    let whole = Change { before: merge.aim, after: now.clone(), ..whole };
    let outcome = change.applied().map(|applied| applied.outcome.clone()).unwrap_or_default();
    let mode = Mode::Write { key: key.clone(), attempt: at.one.attempts + 1, undo: true };
    let (result, sent) = hand.bench.phase(&at.work, Phase::Undo, vec![whole.to_value(), outcome], mode).await;
    match (sent, result) {
        (Sent::Answered { evidence, .. }, Ok(value)) => {
            hand.lazily(done(value, evidence, Ownership::Ours)).await
        }
        (Sent::Answered { value, evidence }, Err(_)) => {
            hand.lazily(done(value, evidence, Ownership::Ours)).await
        }
        (Sent::Lost(failure), _) => {
            hand.lazily(Event::Doubted { step, key, why: failure.message, undo: true }).await
        }
        (Sent::Refused(failure), _) => {
            let not_done =
                Event::NotDone { step: step.clone(), key: key.clone(), failure: failure.clone(), undo: true };
            let mut events = vec![not_done];
            events.extend(stop(hand, &at, &step, &key, Pause::Failed(failure)));
            hand.all(events).await
        }
        (Sent::Nothing, Ok(_)) => {
            let failure = Failure::invalid(Code::ScriptResult, format!("undo of '{key}' wrote nothing"));
            hand.lazily(Event::UndoStuck { step, key, failure }).await
        }
        (Sent::Nothing | Sent::Described(_), Err(pause)) => {
            hand.all(stop(hand, &at, &step, &key, pause).into_iter().collect()).await
        }
        (Sent::Described(_), Ok(_)) => Err(Failure::bug("an undo only wrote a request down")),
    }
}

fn conflict(differences: &[Difference]) -> Failure {
    let places: Vec<String> = differences
        .iter()
        .map(|one| format!("{} {}: {} → {}", one.target, one.at, one.planned_from, one.now))
        .collect();
    let why = format!("someone changed it since: {}", places.join("; "));
    Failure::new(Code::UndoConflict, Class::Conflict, why)
        .hint("put the object back as the run left it, or leave it, then undo again")
}

/// A failed undo is tried again only when it was transient; otherwise the run is stuck, never silently retried.
fn stop(hand: &Hand, at: &At, step: &StepPath, key: &str, pause: Pause) -> Option<Event> {
    match hand.meaning(at, pause) {
        Some(Event::StepFailed { failure, .. }) => {
            Some(Event::UndoStuck { step: step.clone(), key: key.to_owned(), failure })
        }
        event => event,
    }
}
