//! Short waits between attempts, so that tests need not wait for them.

use std::time::Duration;

use async_trait::async_trait;
use contracts::CallContext;
use model::{Class, Code, Failure};

/// Waits for a span of seconds at most.
#[async_trait]
pub trait Waits: Send + Sync {
    async fn wait(&self, span: Duration);
}

/// Waits as long as it says.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealWaits;

#[async_trait]
impl Waits for RealWaits {
    async fn wait(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

/// So long at most before cancellation is looked at again.
const STEP_MAX: Duration = Duration::from_secs(1);

/// Waits in small steps, so that a run that is cancelled goes on at once.
pub(crate) async fn pause(
    waits: &dyn Waits,
    context: &dyn CallContext,
    span: Duration,
) -> Result<(), Failure> {
    let mut left = span;
    while !left.is_zero() {
        if context.cancelled() {
            return Err(cancelled());
        }
        let step = left.min(STEP_MAX);
        waits.wait(step).await;
        left = left.saturating_sub(step);
    }
    Ok(())
}

pub(crate) fn cancelled() -> Failure {
    Failure::new(Code::Cancelled, Class::Denied, "the run was cancelled before the request was sent")
}
