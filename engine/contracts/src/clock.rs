//! Time and chance, passed in so that everything above can be driven by a test.

use async_trait::async_trait;
use model::Timestamp;

#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Answers at `moment` or soon after; a test's clock may jump there.
    async fn sleep_until(&self, moment: Timestamp);

    /// Random bits for new ids.
    fn random(&self) -> u128;
}
