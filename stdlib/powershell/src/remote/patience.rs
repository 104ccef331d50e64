//! Waiting for an answer, but not for long once nobody wants it.

use std::time::Duration;

use contracts::CallContext;

/// How often somebody who waits looks whether the call was cancelled.
const LOOK: Duration = Duration::from_millis(250);

/// An answer that is on its way is worth this many more looks: what it says would else be unknown.
const LOOKS_AFTER: u32 = 20;

/// What the exchange brings, or nothing where the call was cancelled and it still brought nothing a little later.
pub(super) async fn unless_cancelled<T>(
    context: &dyn CallContext,
    exchange: impl Future<Output = T> + Send,
) -> Option<T> {
    let mut exchange = std::pin::pin!(exchange);
    let mut looks = 0;
    while looks < LOOKS_AFTER {
        if let Ok(brought) = tokio::time::timeout(LOOK, &mut exchange).await {
            return Some(brought);
        }
        looks += u32::from(context.cancelled());
    }
    None
}
