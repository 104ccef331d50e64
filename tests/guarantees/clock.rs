//! Clocks of tests: one that ticks with every look and jumps to whatever is waited for, and one that stands still.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use contracts::Clock;
use model::Timestamp;
use tokio::sync::watch;

#[derive(Debug)]
pub(crate) struct TestClock {
    now_ms: AtomicU64,
    random: AtomicU64,
}

/// When every test begins.
fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-24T08:00:00Z").expect("a moment")
}

impl TestClock {
    pub(crate) fn new() -> TestClock {
        TestClock { now_ms: AtomicU64::new(start().0), random: AtomicU64::new(1) }
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now_ms.fetch_add(1, Ordering::SeqCst))
    }

    async fn sleep_until(&self, moment: Timestamp) {
        self.now_ms.fetch_max(moment.0, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }

    fn random(&self) -> u128 {
        u128::from(self.random.fetch_add(1, Ordering::SeqCst))
    }
}

/// Moves when the test says so; whoever sleeps, sleeps until then.
#[derive(Debug)]
pub(crate) struct StillClock {
    now: watch::Sender<Timestamp>,
    random: AtomicU64,
}

impl StillClock {
    pub(crate) fn new() -> StillClock {
        StillClock { now: watch::channel(start()).0, random: AtomicU64::new(1) }
    }

    pub(crate) fn move_on(&self, span: Duration) {
        self.now.send_modify(|now| *now = now.after(span));
    }
}

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep_until(&self, moment: Timestamp) {
        let mut now = self.now.subscribe();
        now.wait_for(|now| *now >= moment).await.expect("the clock outlives the sleeper");
    }

    fn random(&self) -> u128 {
        u128::from(self.random.fetch_add(1, Ordering::SeqCst))
    }
}
