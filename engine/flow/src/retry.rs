//! When a transient failure is tried again, and when waiting has gone on for too long.

use std::time::Duration;

use model::workflow::Step;
use model::{Class, Failure, StepState, Timestamp};

/// The moment of the next try, or `None` when the failure is final: not transient, or no attempts left.
/// A wait that the target asked for is honoured in full.
pub fn again(step: &Step, one: &StepState, failure: &Failure, now: Timestamp) -> Option<Timestamp> {
    if failure.class != Class::Transient || one.attempts + 1 >= step.retry.attempts {
        return None;
    }
    let doublings = one.attempts.min(20);
    let backoff = step.retry.wait_ms_min.saturating_mul(1 << doublings).min(step.retry.wait_ms_max);
    let wait = backoff.max(failure.retry_after_ms.unwrap_or(0));
    Some(now.after(Duration::from_millis(wait)))
}

/// Whether a step that asks to wait until `until` has waited past its deadline.
pub fn past_deadline(step: &Step, one: &StepState, now: Timestamp, until: Timestamp) -> bool {
    let first = one.first_wait.unwrap_or(now);
    until.since(first) > Duration::from_millis(step.deadline_ms)
}
