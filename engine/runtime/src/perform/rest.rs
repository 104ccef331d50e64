//! Records that a run rests, on disk before anyone is told.

use contracts::Durability;
use model::command::Rest;
use model::{Event, Failure};

use super::Hand;

pub(super) async fn perform(hand: &Hand, as_what: Rest) -> Result<(), Failure> {
    let event = match as_what {
        Rest::Succeeded => Event::Finished { succeeded: true },
        Rest::Failed => Event::Finished { succeeded: false },
        Rest::Paused => Event::Paused,
        Rest::Cancelled => Event::Cancelled,
        Rest::Undone => Event::UndoFinished,
    };
    hand.log.append(vec![event], Durability::Awaited).await
}
