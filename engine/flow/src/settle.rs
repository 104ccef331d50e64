//! What looking says about a write whose answer was lost.

use std::time::Duration;

use model::refine::matches;
use model::{Timestamp, Value};

/// Between two looks at an object that still shows the state from before.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Equal looks that must find the state from before, after the settle time, to call a write *not applied*.
const LOOKS_MIN: u32 = 2;

#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    TookEffect,
    NotDone,
    LookAgain { until: Timestamp },
    CannotTell { why: String },
}

/// `looks` counts earlier looks that found the state from before; `now_seen` is `None` when the probe did not look.
pub fn settle(
    wanted: &Value,
    before: &Value,
    now_seen: Option<&Value>,
    sent: Timestamp,
    settle_ms: u64,
    looks: u32,
    now: Timestamp,
) -> Settlement {
    match now_seen {
        None => Settlement::CannotTell { why: "the probe did not look at the object".into() },
        Some(Value::CannotTell(why)) => Settlement::CannotTell { why: why.clone() },
        Some(seen) if matches(wanted, seen) => Settlement::TookEffect,
        Some(seen) if matches(before, seen) => {
            let settled = sent.after(Duration::from_millis(settle_ms));
            if now >= settled && looks + 1 >= LOOKS_MIN {
                Settlement::NotDone
            } else {
                Settlement::LookAgain { until: settled.max(now.after(LOOK_AGAIN)) }
            }
        }
        Some(_) => Settlement::CannotTell {
            why: "the object is neither as it was before the write nor as the write wanted it".into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settled_by_looking() {
        let (old, new, other) = (Value::Null, Value::from([("n", Value::text("x"))]), Value::text("?"));
        let at = |seen: Option<&Value>, looks, now| {
            settle(&new, &old, seen, Timestamp(1_000), 5_000, looks, Timestamp(now))
        };
        assert_eq!(at(Some(&new), 0, 1_000), Settlement::TookEffect);
        assert_eq!(at(Some(&old), 0, 1_000), Settlement::LookAgain { until: Timestamp(6_000) });
        assert_eq!(at(Some(&old), 0, 7_000), Settlement::LookAgain { until: Timestamp(7_500) });
        assert_eq!(at(Some(&old), 1, 7_500), Settlement::NotDone);
        assert_eq!(at(Some(&old), 5, 2_000), Settlement::LookAgain { until: Timestamp(6_000) });
        assert!(matches!(at(Some(&other), 1, 9_000), Settlement::CannotTell { .. }));
        assert!(matches!(at(None, 1, 9_000), Settlement::CannotTell { .. }));
    }
}
