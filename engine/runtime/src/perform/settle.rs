//! Looks for a write whose answer was lost: applied, not applied, or only a person can tell.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use flow::Settlement;
use model::merge::take_back;
use model::step_state::Progress;
use model::{Change, ChangeKind, Event, Failure, RunState, StepPath, Value};

use super::Hand;
use crate::gateway::Mode;
use crate::phase::Pause;

/// Since when this process has been looking for each lost write, by the clock that nobody can set.
#[derive(Default)]
pub(crate) struct Looking(Mutex<BTreeMap<(StepPath, String, bool), Duration>>);

impl Looking {
    /// How long it has been; the first look begins.
    fn of(&self, write: (StepPath, String, bool), looks: u32, now: Duration) -> Duration {
        let mut since = self.0.lock().expect("no holder of this lock panics");
        if looks == 0 {
            since.remove(&write);
        }
        now.saturating_sub(*since.entry(write).or_insert(now))
    }
}

pub(super) async fn perform(hand: &Hand, step: StepPath, key: String, undo: bool) -> Result<(), Failure> {
    let at = hand.at(&step).await?;
    let change = at.change(&step, &key)?;
    let progress = if undo { &change.undo } else { &change.progress };
    let Progress::InDoubt { settle_ms, looks, .. } = progress else {
        return Err(Failure::bug(format!("change '{key}' of '{step}' is not in doubt")));
    };
    let whole = hand.filled(&change.change).await;
    let mut found = Value::Null;
    let settlement = if whole.kind == ChangeKind::Run {
        Settlement::CannotTell { why: "an action leaves nothing behind that could be looked at".into() }
    } else {
        match hand.bench.probe_in(&at.work, Mode::Settle).await {
            Ok(seen) => {
                let write = (step.clone(), key.clone(), undo);
                let looked_for = hand.log.looking.of(write, *looks, hand.bench.parts.clock.steady());
                found = seen.object(&whole.target).cloned().unwrap_or_default();
                let (wanted, before) = if undo {
                    hand.log.read(|state| both_ways_back(state, &step, &whole, &found)).await
                } else {
                    (whole.after.clone(), whole.before.clone())
                };
                flow::settle(&wanted, &before, seen.object(&whole.target), *settle_ms, looked_for, *looks)
            }
            Err(Pause::Cancelled) => return Ok(()),
            Err(Pause::NotYet { why, after_ms }) => match hand.waits(&at, &why, after_ms) {
                // The step itself is done: its undo cannot fail it, and a person is asked.
                Event::StepFailed { failure, .. } if undo => Settlement::CannotTell { why: failure.message },
                event => return hand.lazily(event).await,
            },
            Err(Pause::Failed(failure)) => match hand.retries(&at, failure.clone()) {
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
        Settlement::LookAgain { after } => {
            let until = hand.bench.parts.clock.now().after(after);
            Event::LookedInVain { step, key, until, undo }
        }
        Settlement::CannotTell { why } => Event::Asked { step, key, why, undo },
    };
    hand.lazily(event).await
}

/// Going back, the roles turn: what the change touched is wanted as it was before, and the rest as it is now. Where
/// something of it is still to be taken back, nothing was.
fn both_ways_back(state: &RunState, step: &StepPath, whole: &Change, now: &Value) -> (Value, Value) {
    let entry = state.undo.iter().find(|entry| entry.step == *step && entry.key == whole.key);
    let left = entry.map_or_else(|| whole.after.clone(), |entry| entry.expected.clone());
    let merge = take_back(&whole.target, &whole.before, &left, now);
    if merge.conflicts.is_empty() { (merge.aim, now.clone()) } else { (whole.before.clone(), left) }
}
