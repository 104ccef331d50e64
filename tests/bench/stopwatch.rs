//! How long something took: the one file of the benchmark that reads a clock.

use std::time::Instant;

pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a benchmark is about real time")]
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    pub(crate) fn milliseconds(&self) -> f64 {
        self.seconds() * 1_000.0
    }

    /// How many of them there were in a second.
    pub(crate) fn rate(&self, count: usize) -> f64 {
        count as f64 / self.seconds()
    }
}
