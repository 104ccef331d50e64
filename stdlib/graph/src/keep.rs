//! The new set of keys: a change replaces the whole collection, so every key that stays must be sent along.
//!
//! There are two ways to keep a key, and a service principal takes one of them only. Microsoft's own take the key itself
//! with type and usage and nothing else; customers' take the entry by its `keyId`, unchanged and without the key.
//! unconfirmed: that it is so for every service principal. A refused change changes nothing, so after the documented
//! refusals the other way is tried.

use model::{Class, Code, Failure, Timestamp};
use serde_json::{Value as Json, json};

use crate::key_credential::KeyCredential;
use crate::service_principal::ServicePrincipal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    KeyOnly,
    ByKeyId,
}

impl Style {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Style::KeyOnly => "key only",
            Style::ByKeyId => "by keyId",
        }
    }

    /// Whether the entry survives being sent so. The key alone makes the entry anew, which brings a certificate back and
    /// nothing else: a private key or a password of an entry that signs would be gone.
    fn keeps(self, key: &KeyCredential) -> bool {
        match self {
            Style::KeyOnly => {
                key.key.is_some()
                    && key.text("type") == Some("AsymmetricX509Cert")
                    && key.text("usage") == Some("Verify")
            }
            Style::ByKeyId => key.text("keyId").is_some(),
        }
    }
}

/// The keys that a change leaves, and the one that it adds.
#[derive(Clone, Debug)]
pub(crate) struct NewSet {
    pub(crate) retained: Vec<KeyCredential>,
    /// Standard base64 of the DER.
    pub(crate) added: Option<String>,
    first_party: bool,
}

impl NewSet {
    /// # Errors
    /// `KeyNotKept` where a key that stays could not be sent, or has expired: the service then refuses the whole set.
    pub(crate) fn new(
        principal: &ServicePrincipal,
        leaves: impl Fn(&KeyCredential) -> bool,
        added: Option<String>,
        now: Timestamp,
    ) -> Result<NewSet, Failure> {
        let retained: Vec<KeyCredential> =
            principal.keys.iter().filter(|key| !leaves(key)).cloned().collect();
        let expired: Vec<String> =
            retained.iter().filter(|key| key.is_expired(now)).map(KeyCredential::label).collect();
        if !expired.is_empty() {
            return Err(not_kept(
                principal,
                &format!(
                    "{} has expired, and the service refuses every set with an expired key",
                    expired.join(", ")
                ),
            )
            .hint(
                "removing an expired key is a change of its own: do it first, in one change for all of them",
            ));
        }
        let lost: Vec<String> = retained
            .iter()
            .filter(|key| key.key.is_none() && key.text("keyId").is_none())
            .map(KeyCredential::label)
            .collect();
        if !lost.is_empty() {
            return Err(not_kept(
                principal,
                &format!("{} is shown with neither key nor keyId, so it would be lost", lost.join(", ")),
            ));
        }
        let set = NewSet { retained, added, first_party: principal.first_party };
        if set.styles().is_empty() {
            return Err(not_kept(principal, "neither way of keeping the other keys fits all of them"));
        }
        Ok(set)
    }

    /// The ways that fit every retained key, the likelier first.
    pub(crate) fn styles(&self) -> Vec<Style> {
        let order = if self.first_party {
            [Style::KeyOnly, Style::ByKeyId]
        } else {
            [Style::ByKeyId, Style::KeyOnly]
        };
        let fits = |style: &Style| self.retained.iter().all(|key| style.keeps(key));
        let mut styles: Vec<Style> = order.into_iter().filter(fits).collect();
        if self.retained.is_empty() {
            // Without anything to keep, both say the same.
            styles.truncate(1);
        }
        styles
    }

    pub(crate) fn body(&self, style: Style) -> Json {
        let kept = self.retained.iter().map(|key| match style {
            Style::KeyOnly => {
                json!({ "key": key.key, "type": key.text("type"), "usage": key.text("usage") })
            }
            Style::ByKeyId => {
                let mut fields = key.fields.clone();
                fields.insert("key".into(), Json::Null);
                // Leaving the identifier out counts as changing it.
                fields.entry("customKeyIdentifier").or_insert(Json::Null);
                Json::Object(fields)
            }
        });
        let new = self
            .added
            .iter()
            .map(|key| json!({ "key": key, "type": "AsymmetricX509Cert", "usage": "Verify" }));
        json!({ "keyCredentials": kept.chain(new).collect::<Vec<_>>() })
    }
}

/// Whether a refusal may be about the way of keeping rather than about the set.
pub(crate) fn may_be_about_style(status: u16, error_code: &str) -> bool {
    status == 400
        && matches!(error_code, "Request_BadRequest" | "KeyNotUpdatable" | "KeyCredentialsInvalidValue")
}

fn not_kept(principal: &ServicePrincipal, why: &str) -> Failure {
    Failure::new(
        Code::KeyNotKept,
        Class::Conflict,
        format!("change the keys of {}: the key {why}", principal.app_id),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(first_party: bool, keys: &[Json]) -> ServicePrincipal {
        ServicePrincipal::for_tests(first_party, keys.iter().map(KeyCredential::read).collect())
    }

    fn set(first_party: bool, keys: &[Json]) -> Result<NewSet, Failure> {
        NewSet::new(&principal(first_party, keys), |_| false, Some("AAAA".into()), Timestamp(0))
    }

    #[test]
    fn the_order_of_the_ways_is_the_kinds_and_only_fitting_ones_are_left() {
        let both = json!({ "keyId": "1", "key": "AAAA", "type": "AsymmetricX509Cert", "usage": "Verify" });
        let by_id =
            json!({ "keyId": "2", "key": null, "customKeyIdentifier": "x", "type": "t", "usage": "Sign" });
        let key_only =
            json!({ "keyId": null, "key": "AAAA", "type": "AsymmetricX509Cert", "usage": "Verify" });
        let signs = json!({ "keyId": "3", "key": "AAAA", "type": "X509CertAndPassword", "usage": "Sign" });
        for (first_party, keys, expected) in [
            (true, vec![both.clone()], vec![Style::KeyOnly, Style::ByKeyId]),
            (false, vec![both.clone()], vec![Style::ByKeyId, Style::KeyOnly]),
            (true, vec![both.clone(), by_id.clone()], vec![Style::ByKeyId]),
            (true, vec![both.clone(), signs.clone()], vec![Style::ByKeyId]),
            (false, vec![both.clone(), key_only.clone()], vec![Style::KeyOnly]),
            (true, vec![], vec![Style::KeyOnly]),
            (false, vec![], vec![Style::ByKeyId]),
        ] {
            assert_eq!(set(first_party, &keys).unwrap().styles(), expected, "{first_party} {keys:?}");
        }
        for keys in [
            vec![by_id, key_only.clone()],
            vec![signs, key_only],
            vec![json!({ "key": null, "customKeyIdentifier": "y" })],
        ] {
            let refused = set(true, &keys).unwrap_err();
            assert_eq!((refused.code, refused.class), (Code::KeyNotKept, Class::Conflict));
        }
    }

    #[test]
    fn bodies() {
        let entry = json!({
            "keyId": "1", "key": "-_-_", "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "n",
            "endDateTime": "2049-01-01T00:00:00Z",
        });
        let set = set(false, &[entry]).unwrap();
        let new = json!({ "key": "AAAA", "type": "AsymmetricX509Cert", "usage": "Verify" });
        assert_eq!(
            set.body(Style::KeyOnly),
            json!({ "keyCredentials": [{ "key": "+/+/", "type": "AsymmetricX509Cert", "usage": "Verify" }, new] })
        );
        let kept = json!({
            "keyId": "1", "key": null, "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "n",
            "customKeyIdentifier": null,
            "endDateTime": "2049-01-01T00:00:00Z",
        });
        assert_eq!(set.body(Style::ByKeyId), json!({ "keyCredentials": [kept, new] }));
    }
}
