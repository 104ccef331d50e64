//! The rules by which a PATCH of `keyCredentials` is taken or refused. It replaces the whole collection.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{KeyCredential, ServicePrincipal, http::Refusal, made};
use crate::{
    certificate::CertificateFacts,
    identifier::base64,
    spec::KeepStyle,
    state::{State, seconds_of, text_of},
};

const FIELDS: &[&str] = &[
    "customKeyIdentifier",
    "displayName",
    "endDateTime",
    "key",
    "keyId",
    "startDateTime",
    "type",
    "usage",
    "@odata.type",
];

/// A credential as the service shows it; `key` only where it may be read.
pub(super) fn shown(key: &KeyCredential, with_key: bool) -> Value {
    json!({
        "customKeyIdentifier": key.custom_key_identifier,
        "displayName": key.display_name,
        "endDateTime": text_of(key.end),
        "key": if with_key { json!(key.key) } else { Value::Null },
        "keyId": key.key_id,
        "startDateTime": text_of(key.start),
        "type": key.kind,
        "usage": key.usage,
    })
}

/// The collection after a PATCH with these entries, or why it is refused. A refused PATCH changes nothing.
pub(super) fn replaced(
    state: &mut State,
    principal: &ServicePrincipal,
    sent: &Value,
) -> Result<Vec<KeyCredential>, Refusal> {
    let Some(sent) = sent.as_array() else {
        return Err(Refusal::bad(
            "A 'StartArray' node was expected when reading the property 'keyCredentials'.",
        ));
    };
    let style = state.spec.keep_style.unwrap_or(if principal.first_party() {
        KeepStyle::KeyOnly
    } else {
        KeepStyle::ByKeyId
    });
    let mut keys = Vec::new();
    for entry in sent {
        let Some(entry) = entry.as_object() else {
            return Err(Refusal::bad(
                "A 'StartObject' node was expected in the collection 'keyCredentials'.",
            ));
        };
        keys.push(one(state, principal, style, entry)?);
    }
    Ok(keys)
}

fn one(
    state: &mut State,
    principal: &ServicePrincipal,
    style: KeepStyle,
    entry: &Map<String, Value>,
) -> Result<KeyCredential, Refusal> {
    if let Some(unknown) = entry.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(Refusal::bad(format!(
            "The property '{unknown}' does not exist on type 'microsoft.graph.keyCredential'."
        )));
    }
    let only = ["key", "type", "usage", "@odata.type"];
    if style == KeepStyle::KeyOnly
        && let Some(other) = entry.keys().find(|key| !only.contains(&key.as_str()))
    {
        // unconfirmed: code and wording; that the PATCH fails is reported by Microsoft's own scripts.
        return Err(Refusal::bad(format!(
            "One or more property values specified are invalid: '{other}' can't be set on a key credential of this \
                 service principal."
        )));
    }
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let existing = text("keyId")
        .and_then(|key_id| principal.keys.iter().find(|key| key.key_id.eq_ignore_ascii_case(key_id)));
    let Some(sent) = text("key") else {
        return kept(state, style, entry, existing);
    };
    let der = decoded(sent)?;
    let facts = CertificateFacts::read(&der).ok_or_else(|| {
        // unconfirmed: the code for a key that is no certificate.
        Refusal::new(400, "KeyCredentialsInvalidValue", "Key credential value is not a valid certificate.")
    })?;
    for (name, accepted) in
        [("type", &["AsymmetricX509Cert", "X509CertAndPassword"][..]), ("usage", &["Sign", "Verify"][..])]
    {
        let given = text(name).unwrap_or_default();
        if !accepted.contains(&given) {
            return Err(Refusal::bad(format!(
                "The value '{given}' for the property {name} is not valid. Acceptable values are {}.",
                accepted.join(", ")
            )));
        }
    }
    if let Some(existing) = existing {
        let same = base64(&der) == existing.key && unchanged(entry, existing);
        return if same { in_date(state, existing.clone()) } else { Err(not_updatable(&existing.key_id)) };
    }
    let known = principal.keys.iter().any(|key| key.key == base64(&der));
    if style == KeepStyle::ByKeyId && known {
        return Err(Refusal::new(
            400,
            "KeyCredentialsInvalidValue",
            "A key credential with this value exists already: keep it by its keyId, with key null.",
        ));
    }
    if let (Some(days), false) = (state.spec.key_lifetime_days_max, known)
        && (facts.not_after - facts.not_before).whole_days() > days
    {
        // unconfirmed: the code of this refusal, and whether such policies reach Microsoft's own service principals.
        return Err(Refusal::new(
            400,
            "CredentialTypeNotAllowedAsPerAppPolicy",
            format!(
                "The lifetime of the key credential exceeds the {days} days that the tenant's policy allows."
            ),
        ));
    }
    let mut key = made(state.new_guid("key"), &facts, &der);
    if let Some(identifier) = text("customKeyIdentifier") {
        key.custom_key_identifier = Some(identifier.to_owned());
    }
    if let Some(name) = text("displayName") {
        key.display_name = Some(name.to_owned());
    }
    for (name, date) in [("type", &mut key.kind), ("usage", &mut key.usage)] {
        text(name).unwrap_or_default().clone_into(date);
    }
    if let Some(start) = text("startDateTime") {
        key.start = seconds_of(start).filter(|start| *start >= key.start).ok_or_else(|| {
            Refusal::new(400, "KeyCredentialsInvalidStartDate", "Key credential start date is invalid.")
        })?;
    }
    if let Some(end) = text("endDateTime") {
        key.end = seconds_of(end).filter(|end| *end <= key.end).ok_or_else(invalid_end)?;
    }
    in_date(state, key)
}

/// An entry without `key`: keeps the one its `keyId` names, unchanged.
fn kept(
    state: &State,
    style: KeepStyle,
    entry: &Map<String, Value>,
    existing: Option<&KeyCredential>,
) -> Result<KeyCredential, Refusal> {
    let empty =
        || Refusal::new(400, "KeyCredentialsInvalidValue", "Key credential value cannot be null or empty.");
    if style == KeepStyle::KeyOnly || entry.get("keyId").is_none_or(Value::is_null) {
        return Err(empty());
    }
    let Some(existing) = existing else {
        return Err(empty());
    };
    // Leaving the identifier out counts as changing it.
    let same_identifier =
        entry.get("customKeyIdentifier").unwrap_or(&Value::Null) == &json!(existing.custom_key_identifier);
    if !same_identifier || !unchanged(entry, existing) {
        return Err(not_updatable(&existing.key_id));
    }
    in_date(state, existing.clone())
}

/// Whether what the entry says about an existing credential is what is there.
fn unchanged(entry: &Map<String, Value>, existing: &KeyCredential) -> bool {
    let told = |name: &str| entry.get(name).filter(|value| !value.is_null()).and_then(Value::as_str);
    told("type").is_none_or(|kind| kind == existing.kind)
        && told("usage").is_none_or(|usage| usage == existing.usage)
        && told("displayName").is_none_or(|name| existing.display_name.as_deref() == Some(name))
        && told("customKeyIdentifier").is_none_or(|id| existing.custom_key_identifier.as_deref() == Some(id))
        && told("endDateTime").is_none_or(|end| seconds_of(end) == Some(existing.end))
        && told("startDateTime").is_none_or(|start| seconds_of(start) == Some(existing.start))
}

/// One expired entry fails the whole PATCH, be it new or kept.
fn in_date(state: &State, key: KeyCredential) -> Result<KeyCredential, Refusal> {
    if key.end < state.now { Err(invalid_end()) } else { Ok(key) }
}

fn invalid_end() -> Refusal {
    Refusal::new(400, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid.")
}

fn not_updatable(key_id: &str) -> Refusal {
    // unconfirmed: the code; the wording was met in the field.
    Refusal::new(
        400,
        "KeyNotUpdatable",
        format!("Update to existing credential with KeyId '{key_id}' is not allowed."),
    )
}

/// `Edm.Binary` here is standard base64 with padding; base64url is refused.
fn decoded(sent: &str) -> Result<Vec<u8>, Refusal> {
    if sent.is_empty() {
        return Err(Refusal::new(
            400,
            "KeyCredentialsInvalidValue",
            "Key credential value cannot be null or empty.",
        ));
    }
    STANDARD.decode(sent).map_err(|_| {
        let start: String = sent.chars().take(20).collect();
        Refusal::bad(format!("Cannot convert the literal '{start}…' to the expected type 'Edm.Binary'."))
    })
}
