//! Time and chance, passed in so that everything above can be driven by a test.

use std::time::Duration;

use async_trait::async_trait;
use model::Timestamp;

#[async_trait]
pub trait Clock: Send + Sync {
    /// What the clock on the wall shows. People and machines set it, so between two looks any span may lie, also a
    /// negative one.
    fn now(&self) -> Timestamp;

    /// How long this clock has been counting: it only grows, whatever the wall clock is set to.
    fn steady(&self) -> Duration;

    /// Answers at `moment` or once the time until then has passed, whichever is first; a test's clock may jump there.
    async fn sleep_until(&self, moment: Timestamp);

    /// Random bits for new ids.
    fn random(&self) -> u128;
}
