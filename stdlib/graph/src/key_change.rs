//! One change of the keys of a service principal: read, computed, read again, journaled, sent.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contracts::{CallContext, WireRequest};
use model::value::Map;
use model::{Class, Code, Failure, Timestamp, Value};
use reqwest::Method;
use sha1::{Digest, Sha1};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::client::Client;
use crate::keep::{NewSet, Style, may_be_about_style};
use crate::key_credential::{KeyCredential, decoded, hex};
use crate::service_principal::{self, ServicePrincipal};

/// A change of keys, understood.
pub(crate) enum KeyChange {
    Add {
        sha1: String,
        /// Standard base64 of the DER; the name of what it waits for, where it is only described.
        key: String,
    },
    Remove {
        hashes: Vec<String>,
    },
}

impl KeyChange {
    pub(crate) fn add(arguments: &Map, now: Timestamp) -> Result<KeyChange, Failure> {
        let (sha1, der) = certificate(arguments, now)?;
        Ok(KeyChange::Add { sha1, key: STANDARD.encode(der) })
    }

    /// A certificate that is not known yet, by what it waits for; for a description.
    pub(crate) fn add_later(shown: &str) -> KeyChange {
        KeyChange::Add { sha1: String::new(), key: shown.to_owned() }
    }

    pub(crate) fn remove(arguments: &Map) -> Result<KeyChange, Failure> {
        Ok(KeyChange::Remove { hashes: hashes(arguments)? })
    }

    /// The outcome and the evidence.
    pub(crate) async fn perform(
        &self,
        client: &Client<'_>,
        context: &dyn CallContext,
        app_id: &str,
    ) -> Result<(Value, Map), Failure> {
        let principal = service_principal::expected(client, context, app_id).await?;
        if let Some(set) = self.set(&principal, context.now())? {
            replace(client, context, &principal, &set).await?;
        }
        let before = Map::from([("keys_before".to_owned(), principal.evidence()?)]);
        let value = match self {
            KeyChange::Add { sha1, .. } => Value::from([
                ("sha1", sha1.as_str().into()),
                ("kept", others(&principal, std::slice::from_ref(sha1))),
            ]),
            KeyChange::Remove { hashes } => Value::from([("kept", others(&principal, hashes))]),
        };
        Ok((value, before))
    }

    /// Reads what is there, because the body of a change holds the keys that stay.
    pub(crate) async fn describe(
        &self,
        client: &Client<'_>,
        context: &dyn CallContext,
        app_id: &str,
    ) -> Result<Vec<WireRequest>, Failure> {
        let principal = service_principal::expected(client, context, app_id).await?;
        let Some(set) = self.set(&principal, context.now())? else { return Ok(Vec::new()) };
        let body =
            serde_json::to_string_pretty(&set.body(set.styles()[0])).expect("a JSON document can be written");
        let line = format!("PATCH {}", client.url(&principal.path()));
        Ok(vec![WireRequest { channel: "http".into(), line, body }])
    }

    /// The new set; nothing where the keys are as they should be.
    fn set(&self, principal: &ServicePrincipal, now: Timestamp) -> Result<Option<NewSet>, Failure> {
        match self {
            KeyChange::Add { sha1, key } => {
                if principal.keys.iter().any(|one| one.sha1.as_ref() == Some(sha1)) {
                    return Ok(None);
                }
                NewSet::new(principal, |_| false, Some(key.clone()), now).map(Some)
            }
            KeyChange::Remove { hashes } => {
                if !principal.keys.iter().any(|key| is_among(key, hashes)) {
                    return Ok(None);
                }
                NewSet::new(principal, |key| is_among(key, hashes), None, now).map(Some)
            }
        }
    }
}

/// Sends the set. A second request is sent only after the first was definitely refused; before each one the keys are
/// read again, because there is no other way to notice a second writer, and the request is journaled.
async fn replace(
    client: &Client<'_>,
    context: &dyn CallContext,
    principal: &ServicePrincipal,
    set: &NewSet,
) -> Result<(), Failure> {
    let path = principal.path();
    let mut refused = None;
    for style in set.styles() {
        let now = service_principal::expected(client, context, &principal.app_id).await?;
        if !now.is_as(principal) {
            return Err(moved(principal, &now));
        }
        let line = format!("PATCH {}", client.url(&path));
        context.sending(&line, facts(&now, style)).await?;
        match client.write(context, Method::PATCH, &path, Some(&set.body(style))).await {
            Ok(_) => return Ok(()),
            Err(refusal) if may_be_about_style(refusal.status, &refusal.error_code) => {
                refused = Some(refusal.failure);
            }
            Err(refusal) => return Err(refusal.failure),
        }
    }
    Err(refused.unwrap_or_else(|| Failure::bug("a set of keys has at least one way to be sent")))
}

fn facts(principal: &ServicePrincipal, style: Style) -> Map {
    Map::from([
        ("keys_before".to_owned(), principal.facts()),
        ("kept_keys_sent".to_owned(), style.name().into()),
    ])
}

fn moved(before: &ServicePrincipal, now: &ServicePrincipal) -> Failure {
    Failure::new(
        Code::GraphConflict,
        Class::Conflict,
        format!(
            "change the keys of {}: somebody else changed them in between ({} keys before, {} now); nothing was sent",
            before.app_id,
            before.keys.len(),
            now.keys.len()
        ),
    )
    .hint("resume the run: it looks again")
    .evidence("keys_before", before.facts())
    .evidence("keys_now", now.facts())
}

fn is_among(key: &KeyCredential, hashes: &[String]) -> bool {
    key.sha1.as_ref().is_some_and(|sha1| hashes.contains(sha1))
}

/// Hashes of the keys that stay, sorted.
fn others(principal: &ServicePrincipal, leaving: &[String]) -> Value {
    let hashes = principal.keys.iter().filter_map(|key| key.sha1.clone());
    let kept: BTreeSet<String> = hashes.filter(|one| !leaving.contains(one)).collect();
    Value::List(kept.into_iter().map(Value::Text).collect())
}

/// The certificate's hash and DER.
fn certificate(arguments: &Map, now: Timestamp) -> Result<(String, Vec<u8>), Failure> {
    let wrong = |why: &str| Failure::invalid(Code::Certificate, format!("add the key: {why}"));
    let der = decoded(text(arguments, "der")).ok_or_else(|| wrong("'der' is not base64"))?;
    let (rest, certificate) =
        X509Certificate::from_der(&der).map_err(|_| wrong("'der' is no certificate"))?;
    if !rest.is_empty() {
        return Err(wrong("there are bytes after the certificate"));
    }
    let end = certificate.validity().not_after.timestamp();
    if u64::try_from(end).map_or(true, |end| Timestamp(end.saturating_mul(1000)) < now) {
        return Err(wrong("the certificate has expired"));
    }
    let sha1 = hex(&Sha1::digest(&der));
    Ok((sha1, der))
}

/// The hashes to remove.
fn hashes(arguments: &Map) -> Result<Vec<String>, Failure> {
    let further = arguments.get("also").and_then(Value::as_list).unwrap_or_default();
    std::iter::once(text(arguments, "sha1"))
        .chain(further.iter().map(|one| one.as_text().unwrap_or_default()))
        .map(|text| {
            let hash: String =
                text.chars().filter(|other| !other.is_whitespace()).collect::<String>().to_ascii_uppercase();
            if hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                Ok(hash)
            } else {
                Err(Failure::new(Code::Argument, Class::Invalid, "the argument 'sha1' is not 40 hex digits"))
            }
        })
        .collect()
}

fn text<'a>(arguments: &'a Map, name: &str) -> &'a str {
    arguments.get(name).and_then(Value::as_text).unwrap_or_default()
}
