//! What looking says about a write whose answer was lost.

use std::time::Duration;

use model::Value;
use model::refine::matches;

/// Between two looks at an object that still shows the state from before.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Equal looks that must find the state from before, after the settle time, to call a write *not applied*.
const LOOKS_MIN: u32 = 2;

#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    TookEffect,
    NotDone,
    LookAgain { after: Duration },
    CannotTell { why: String },
}

/// `looked_for` is how long the process that asks has been looking, by a clock that nobody can set: the wall clock may have
/// been moved since the write was sent, and the settle time would seem to be over, or never to be. `looks` counts its
/// earlier looks that found the state from before; `now_seen` is `None` when the probe did not look.
pub fn settle(
    wanted: &Value,
    before: &Value,
    now_seen: Option<&Value>,
    settle_ms: u64,
    looked_for: Duration,
    looks: u32,
) -> Settlement {
    match now_seen {
        None => Settlement::CannotTell { why: "the probe did not look at the object".into() },
        Some(Value::CannotTell(why)) => Settlement::CannotTell { why: why.clone() },
        Some(seen) if matches(wanted, seen) => Settlement::TookEffect,
        Some(seen) if matches(before, seen) => {
            let rest = Duration::from_millis(settle_ms).saturating_sub(looked_for);
            if rest.is_zero() && looks + 1 >= LOOKS_MIN {
                Settlement::NotDone
            } else {
                Settlement::LookAgain { after: rest.max(LOOK_AGAIN) }
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
        let after = |seen: Option<&Value>, looks, milliseconds| {
            settle(&new, &old, seen, 5_000, Duration::from_millis(milliseconds), looks)
        };
        let again = |milliseconds| Settlement::LookAgain { after: Duration::from_millis(milliseconds) };
        assert_eq!(after(Some(&new), 0, 0), Settlement::TookEffect);
        assert_eq!(after(Some(&old), 0, 0), again(5_000));
        assert_eq!(after(Some(&old), 0, 6_000), again(500));
        assert_eq!(after(Some(&old), 1, 6_500), Settlement::NotDone);
        assert_eq!(after(Some(&old), 5, 1_000), again(4_000));
        assert_eq!(after(Some(&old), 5, 4_999), again(500));
        assert!(matches!(after(Some(&other), 1, 8_000), Settlement::CannotTell { .. }));
        assert!(matches!(after(None, 1, 8_000), Settlement::CannotTell { .. }));
    }
}
