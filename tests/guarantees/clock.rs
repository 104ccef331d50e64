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

    fn steady(&self) -> Duration {
        self.now().since(start())
    }

    async fn sleep_until(&self, moment: Timestamp) {
        let mut now = self.now.subscribe();
        now.wait_for(|now| *now >= moment).await.expect("the clock outlives the sleeper");
    }

    fn random(&self) -> u128 {
        u128::from(self.random.fetch_add(1, Ordering::SeqCst))
    }
}

/// How far a clock that jumps is off at most, either way: two days.
const OFF_MS_MAX: u64 = 48 * 3_600_000;
/// It jumps at one look in so many.
const JUMP_ONE_IN: u64 = 60;

/// Ticks with every look; some looks find that it was set, forward or back, by a seed.
#[derive(Debug)]
pub(crate) struct JumpingClock {
    steady_ms: AtomicU64,
    /// How far the wall clock is off, from two days behind on.
    off_ms: AtomicU64,
    state: AtomicU64,
    jumps: AtomicU64,
}

impl JumpingClock {
    pub(crate) fn new(seed: u64) -> JumpingClock {
        JumpingClock {
            steady_ms: AtomicU64::new(0),
            off_ms: AtomicU64::new(OFF_MS_MAX),
            state: AtomicU64::new(seed),
            jumps: AtomicU64::new(0),
        }
    }

    /// The next number of the seed.
    pub(crate) fn draw(&self) -> u64 {
        let drawn = self.state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        let mixed = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 16
    }

    /// Somebody sets it.
    pub(crate) fn jump(&self) {
        self.jumps.fetch_add(1, Ordering::SeqCst);
        self.off_ms.store(self.draw() % (2 * OFF_MS_MAX), Ordering::SeqCst);
    }

    pub(crate) fn jumps(&self) -> u64 {
        self.jumps.load(Ordering::SeqCst)
    }

    fn wall(&self) -> Timestamp {
        let shown = start().0 + self.steady_ms.load(Ordering::SeqCst) + self.off_ms.load(Ordering::SeqCst);
        Timestamp(shown - OFF_MS_MAX)
    }
}

#[async_trait]
impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        self.steady_ms.fetch_add(1, Ordering::SeqCst);
        if self.draw().is_multiple_of(JUMP_ONE_IN) {
            self.jump();
        }
        self.wall()
    }

    fn steady(&self) -> Duration {
        Duration::from_millis(self.steady_ms.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, moment: Timestamp) {
        let span = moment.since(self.wall());
        self.steady_ms.fetch_add(span.as_millis() as u64, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }

    fn random(&self) -> u128 {
        u128::from(self.draw())
    }
}
