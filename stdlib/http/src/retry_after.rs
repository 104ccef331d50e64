//! `Retry-After` (seconds, or a date) and `Date`.

use std::time::Duration;

use model::Timestamp;
use time::PrimitiveDateTime;
use time::macros::format_description;

/// How long the service asked us to wait; `None` where it did not say, or not so that it can be read.
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    Some(date(value)?.since(now))
}

/// A date as HTTP writes it: `Tue, 24 Nov 2026 08:01:30 GMT`.
pub fn date(value: &str) -> Option<Timestamp> {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let moment = PrimitiveDateTime::parse(value.trim(), &form).ok()?.assume_utc().unix_timestamp();
    Some(Timestamp(u64::try_from(moment).ok()?.checked_mul(1000)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates() {
        let now = Timestamp::parse_rfc3339("2026-11-24T08:00:00Z").unwrap();
        for (value, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Tue, 24 Nov 2026 08:01:30 GMT", Some(90)),
            ("Tue, 24 Nov 2026 07:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value}");
        }
    }
}
