//! One key credential as the service shows it, and by what it can be told apart.
//!
//! `keyId` is no handle: on Microsoft's own service principals every change of the collection makes new ones. A
//! certificate's hash is: of `key` where it is shown, else what `customKeyIdentifier` says in one of its forms.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use model::{Timestamp, Value};
use serde_json::{Map as JsonMap, Value as Json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

#[derive(Clone, Debug)]
pub(crate) struct KeyCredential {
    /// As read.
    pub(crate) fields: JsonMap<String, Json>,
    /// 40 upper-case hex digits; `None` where nothing tells.
    pub(crate) sha1: Option<String>,
    pub(crate) sha256: Option<String>,
    /// The certificate in standard base64, the only form that the service takes, whatever form it was read in.
    pub(crate) key: Option<String>,
    end: Option<Timestamp>,
}

impl KeyCredential {
    pub(crate) fn read(entry: &Json) -> KeyCredential {
        let fields = entry.as_object().cloned().unwrap_or_default();
        let text = |name: &str| fields.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        let der = text("key").and_then(decoded);
        let sha1 = der
            .as_deref()
            .map(|der| hex(&Sha1::digest(der)))
            .or_else(|| text("customKeyIdentifier").and_then(identified));
        let sha256 = der.as_deref().map(|der| hex(&Sha256::digest(der)));
        let key = der.as_deref().map(|der| STANDARD.encode(der));
        let end = text("endDateTime").and_then(Timestamp::parse_rfc3339);
        KeyCredential { fields, sha1, sha256, key, end }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Json::as_str).filter(|text| !text.is_empty())
    }

    /// Whether its end lies before `now`; an end that cannot be read is not taken for one that has passed.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.end.is_some_and(|end| end < now)
    }

    /// For messages.
    pub(crate) fn label(&self) -> String {
        self.sha1
            .clone()
            .or_else(|| self.text("keyId").map(str::to_owned))
            .unwrap_or_else(|| "(unnamed)".into())
    }

    pub(crate) fn shown(&self, now: Timestamp) -> Value {
        let date = |name: &str| {
            let text = self.text(name).unwrap_or_default();
            Value::from(
                Timestamp::parse_rfc3339(text).map_or_else(|| text.to_owned(), |moment| moment.to_string()),
            )
        };
        let maybe = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
        Value::from([
            ("sha1", maybe(&self.sha1)),
            ("sha256", maybe(&self.sha256)),
            ("not_before", date("startDateTime")),
            ("not_after", date("endDateTime")),
            ("type", self.text("type").unwrap_or_default().into()),
            ("usage", self.text("usage").unwrap_or_default().into()),
            ("expired", self.is_expired(now).into()),
            ("has_key", self.key.is_some().into()),
        ])
    }

    /// What is journaled before a change: enough to say which keys were there.
    pub(crate) fn facts(&self) -> Value {
        let told = |name: &str| self.text(name).map_or(Value::Null, Value::from);
        let maybe = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
        Value::from([
            ("sha1", maybe(&self.sha1)),
            ("sha256", maybe(&self.sha256)),
            ("key_id", told("keyId")),
            ("type", told("type")),
            ("usage", told("usage")),
            ("not_after", told("endDateTime")),
        ])
    }
}

/// Standard base64, or base64url: the service gives the former and refuses the latter; some in between mix them up.
pub(crate) fn decoded(key: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let key = key.trim();
    let alphabet = if key.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    GeneralPurpose::new(alphabet, LENIENT).decode(key).ok()
}

/// The SHA-1 in a `customKeyIdentifier`: 40 hex digits, or base64 of the 20 bytes. Callers may choose any other text.
fn identified(identifier: &str) -> Option<String> {
    if identifier.len() == 40 && identifier.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(identifier.to_ascii_uppercase());
    }
    STANDARD.decode(identifier).ok().filter(|bytes| bytes.len() == 20).map(|bytes| hex(&bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_kept_in_the_form_that_the_service_takes() {
        let der = [0xfb, 0xff, 0xfe, 0x01];
        for key in [STANDARD.encode(der), URL_SAFE_NO_PAD.encode(der), "+//+AQ".into()] {
            assert_eq!(KeyCredential::read(&json!({ "key": key })).key, Some(STANDARD.encode(der)), "{key}");
        }
        for key in [json!(null), json!(""), json!("not base64!"), json!(7)] {
            assert_eq!(KeyCredential::read(&json!({ "key": key })).key, None, "{key}");
        }
    }

    #[test]
    fn told_apart_by_hash() {
        let der = b"any bytes";
        let print = hex(&Sha1::digest(der));
        for (entry, expected) in [
            (
                json!({ "key": STANDARD.encode(der), "customKeyIdentifier": "0".repeat(40) }),
                Some(print.clone()),
            ),
            (json!({ "key": null, "customKeyIdentifier": print.to_lowercase() }), Some(print.clone())),
            (
                json!({ "key": null, "customKeyIdentifier": STANDARD.encode(Sha1::digest(der)) }),
                Some(print.clone()),
            ),
            (json!({ "key": URL_SAFE_NO_PAD.encode(der), "customKeyIdentifier": null }), Some(print)),
            (json!({ "key": null, "customKeyIdentifier": "my key" }), None),
            (json!({ "key": null, "customKeyIdentifier": null }), None),
            (json!("nonsense"), None),
        ] {
            assert_eq!(KeyCredential::read(&entry).sha1, expected, "{entry}");
        }
    }

    #[test]
    fn expired_only_when_it_is_known() {
        let now = Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
        for (end, expected) in [
            ("2025-12-31T23:59:59Z", true),
            ("2026-01-01T00:00:00Z", false),
            ("2026-01-01T00:00:00", false),
            ("", false),
        ] {
            assert_eq!(
                KeyCredential::read(&json!({ "endDateTime": end })).is_expired(now),
                expected,
                "{end}"
            );
        }
    }
}
