//! A clock without a wall: it ticks with every look and jumps to whatever is waited for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use contracts::Clock;
use model::Timestamp;

#[derive(Debug)]
pub(crate) struct LabClock {
    now_ms: AtomicU64,
    random: AtomicU64,
}

impl LabClock {
    /// All trials begin at the same moment, so that the same trial is the same every time.
    pub(crate) fn new() -> LabClock {
        let start = Timestamp::parse_rfc3339("2026-11-24T08:00:00Z").expect("a moment");
        LabClock { now_ms: AtomicU64::new(start.0), random: AtomicU64::new(1) }
    }

    /// A clock of its own that goes on from here.
    pub(crate) fn fork(&self) -> LabClock {
        LabClock {
            now_ms: AtomicU64::new(self.now_ms.load(Ordering::SeqCst)),
            random: AtomicU64::new(self.random.load(Ordering::SeqCst)),
        }
    }
}

#[async_trait]
impl Clock for LabClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now_ms.fetch_add(1, Ordering::SeqCst))
    }

    fn steady(&self) -> Duration {
        Duration::from_millis(self.now_ms.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, moment: Timestamp) {
        self.now_ms.fetch_max(moment.0, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }

    fn random(&self) -> u128 {
        u128::from(self.random.fetch_add(1, Ordering::SeqCst))
    }
}
