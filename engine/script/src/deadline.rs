//! How long a phase may run, measured on the monotonic clock.

use std::time::{Duration, Instant};

/// Started when the script starts; the span is what the caller allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    started: Instant,
    span: Duration,
}

impl Deadline {
    #[expect(
        clippy::disallowed_methods,
        reason = "a span on the monotonic clock; no script and no record sees it"
    )]
    pub(crate) fn start(span: Duration) -> Deadline {
        Deadline { started: Instant::now(), span }
    }

    pub(crate) fn passed(self) -> bool {
        self.started.elapsed() >= self.span
    }

    pub(crate) fn span(self) -> Duration {
        self.span
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A time stamp as a script would hold it, if it could.
    pub(crate) fn timestamp() -> rhai::Dynamic {
        rhai::Dynamic::from_timestamp(Deadline::start(Duration::ZERO).started)
    }

    #[test]
    fn a_span_of_nothing_has_passed_and_a_day_has_not() {
        assert!(Deadline::start(Duration::ZERO).passed());
        assert!(!Deadline::start(Duration::from_hours(24)).passed());
    }
}
