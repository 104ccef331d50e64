//! The comparable end state of a world: names instead of identifiers, no times, no counters.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    certificate::CertificateFacts,
    object::{Class, DirectoryObject},
    state::State,
};

/// Properties that differ from run to run or only repeat the name.
const LEFT_OUT: &[&str] = &[
    "Guid",
    "ExchangeGuid",
    "DistinguishedName",
    "Identity",
    "WhenCreatedUTC",
    "WhenChangedUTC",
    "OriginatingServer",
    "ObjectState",
    "ObjectClass",
    "IsValid",
    "Name",
];

/// What every reader will see once everything has replicated. Objects are grouped by noun and named by their name.
pub(crate) fn of(state: &State) -> Value {
    let view = state.directory.view(None);
    let mut nouns: Map<String, Value> = Map::new();
    for object in &view {
        let group = nouns.entry(noun(object)).or_insert_with(|| json!({}));
        let Some(group) = group.as_object_mut() else { continue };
        // Two objects of one name (made on two controllers) are both shown.
        let mut name = object.name().to_owned();
        while group.contains_key(&name) {
            name.push('+');
        }
        group.insert(name, comparable(object, &view));
    }
    let certificates: Map<String, Value> = state
        .spec
        .servers
        .iter()
        .map(|server| {
            let mut prints: Vec<String> = crate::cmdlet::stored(state)
                .filter(|(on, _, _)| on == server)
                .map(|(_, _, facts)| facts.thumbprint_hex())
                .collect();
            prints.sort();
            (server.clone(), json!(prints))
        })
        .collect();
    let tenants: Map<String, Value> = state
        .tenants
        .iter()
        .map(|(id, tenant)| {
            let principals: Map<String, Value> = tenant
                .principals()
                .iter()
                .map(|principal| {
                    let mut keys: Vec<Value> = principal
                        .keys
                        .iter()
                        .map(|key| {
                            let thumbprint = CertificateFacts::read(&key.der()).map_or_else(
                                || "not a certificate".to_owned(),
                                |facts| facts.thumbprint_hex(),
                            );
                            json!({ "certificate": thumbprint, "type": key.kind, "usage": key.usage })
                        })
                        .collect();
                    keys.sort_by_key(Value::to_string);
                    let shown = json!({
                        "displayName": principal.display_name,
                        "keys": keys,
                        "servicePrincipalNames": principal.names,
                    });
                    (principal.app_id.clone(), shown)
                })
                .collect();
            (id.clone(), Value::Object(principals))
        })
        .collect();
    json!({ "exchange": nouns, "certificates": certificates, "tenants": tenants })
}

fn noun(object: &DirectoryObject) -> String {
    match object.class {
        Class::User => match object.text("RecipientTypeDetails") {
            "MailUser" => "MailUser".into(),
            _ => "User".into(),
        },
        other => format!("{other:?}"),
    }
}

fn comparable(object: &DirectoryObject, view: &[Arc<DirectoryObject>]) -> Value {
    let Value::Object(mut shown) = object.shown(view, "") else { return Value::Null };
    shown.retain(|key, _| !LEFT_OUT.contains(&key.as_str()));
    for (key, value) in &mut shown {
        match key.as_str() {
            "LinkedAccount" => *value = value.get("Name").cloned().unwrap_or(Value::Null),
            "RoleEntries" | "Members" => {
                if let Some(items) = value.as_array_mut() {
                    items.sort_by_key(Value::to_string);
                }
            }
            // A made-up logon name is an identifier of the server's.
            "SamAccountName" if value.as_str().is_some_and(|sam| sam.starts_with('$')) => {
                *value = json!("(made up)");
            }
            _ => {}
        }
    }
    shown.remove("RoleAssignee");
    Value::Object(shown)
}
