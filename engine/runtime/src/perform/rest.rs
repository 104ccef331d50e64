//! Records that a run rests, on disk before anyone is told.

use contracts::Durability;
use model::command::Rest;
use model::{Event, Failure, RunState};

use super::Hand;

/// `turn` is the record that would follow when it was decided: with any other the run has something to do again.
pub(super) async fn perform(hand: &Hand, as_what: Rest, turn: u32) -> Result<(), Failure> {
    let event = match as_what {
        Rest::Succeeded => Event::Finished { succeeded: true },
        Rest::Failed => Event::Finished { succeeded: false },
        Rest::Paused => Event::Paused,
        Rest::Cancelled => Event::Cancelled,
        Rest::Undone => Event::UndoFinished,
        Rest::UndoneInPart => Event::UndoneInPart,
    };
    let moved = |state: &RunState| (state.next_sequence != turn).then_some(());
    hand.log.append_unless(moved, vec![event], Durability::Awaited).await.map(|_| ())
}
