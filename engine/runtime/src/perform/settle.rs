//! Looks for a write whose answer was lost: applied, not applied, or only a person can tell.

use flow::Settlement;
use model::step_state::Progress;
use model::{ChangeKind, Event, Failure, StepPath};

use super::{Hand, work};
use crate::gateway::Mode;
use crate::phase::{Pause, filled};

pub(super) async fn perform(hand: &Hand, step: StepPath, key: String, undo: bool) -> Result<(), Failure> {
    let state = hand.state().await;
    let (_, one, work) = work(&state, &step)?;
    let change =
        one.change(&key).ok_or_else(|| Failure::bug(format!("step '{step}' has no change '{key}'")))?;
    let progress = if undo { &change.undo } else { &change.progress };
    let Progress::InDoubt { sent, settle_ms, looks, .. } = progress else {
        return Err(Failure::bug(format!("change '{key}' of '{step}' is not in doubt")));
    };
    let known = |origin: &str| state.known(origin);
    let whole = filled(&change.change, &known);
    // Going back, the roles turn: the state from before is wanted, and what the run left is where it started.
    let (wanted, before) = if undo {
        (whole.before.clone(), flow::left_as(&state, &one, &whole.target))
    } else {
        (whole.after.clone(), whole.before.clone())
    };
    let mut found = model::Value::Null;
    let settlement = if whole.kind == ChangeKind::Run {
        Settlement::CannotTell { why: "an action leaves nothing behind that could be looked at".into() }
    } else {
        match hand.bench.probe_in(&work, Mode::Settle).await {
            Ok(seen) => {
                let now = hand.bench.parts.clock.now();
                found = seen.object(&whole.target).cloned().unwrap_or_default();
                flow::settle(&wanted, &before, seen.object(&whole.target), *sent, *settle_ms, *looks, now)
            }
            Err(Pause::Cancelled) => return Ok(()),
            Err(Pause::NotYet { why, after_ms }) => {
                return hand.lazily(hand.waits(&state, &step, &why, after_ms)).await;
            }
            Err(Pause::Failed(failure)) => match hand.retries(&state, &step, failure.clone()) {
                event @ Event::Retries { .. } => return hand.lazily(event).await,
                _ => Settlement::CannotTell { why: format!("looking failed: {}", failure.message) },
            },
            Err(Pause::Needs { .. } | Pause::Recorded) => {
                Settlement::CannotTell { why: "the probe did not come to an end".into() }
            }
        }
    };
    let event = match settlement {
        Settlement::TookEffect => Event::Settled { step, key, took_effect: true, now: found, undo },
        Settlement::NotDone => Event::Settled { step, key, took_effect: false, now: found, undo },
        Settlement::LookAgain { until } => Event::LookedInVain { step, key, until, undo },
        Settlement::CannotTell { why } => Event::Asked { step, key, why, undo },
    };
    hand.lazily(event).await
}
