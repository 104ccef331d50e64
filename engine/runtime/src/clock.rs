//! The one place that asks the machine for time and chance.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use contracts::Clock;
use model::Timestamp;

#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    async fn sleep_until(&self, moment: Timestamp) {
        tokio::time::sleep(moment.since(self.now()).max(Duration::from_millis(1))).await;
    }

    /// From the keys of the standard library's hash maps: unique per process and call, which is all an id needs.
    fn random(&self) -> u128 {
        let half = || u128::from(RandomState::new().build_hasher().finish());
        (half() << 64) | half()
    }
}
