//! The one place that asks the machine for time and chance.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use contracts::Clock;
use model::Timestamp;

/// How often a sleeper looks whether the clock was set forward, or the machine slept too.
const LOOK_UP: Duration = Duration::from_secs(30);

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn steady(&self) -> Duration {
        BEGUN.elapsed()
    }

    async fn sleep_until(&self, moment: Timestamp) {
        let until = self.steady() + moment.since(self.now()).max(Duration::from_millis(1));
        loop {
            tokio::time::sleep(until.saturating_sub(self.steady()).min(LOOK_UP)).await;
            if self.steady() >= until || self.now() >= moment {
                return;
            }
        }
    }

    /// From the keys of the standard library's hash maps: unique per process and call, which is all an id needs.
    fn random(&self) -> u128 {
        let half = || u128::from(RandomState::new().build_hasher().finish());
        (half() << 64) | half()
    }
}
