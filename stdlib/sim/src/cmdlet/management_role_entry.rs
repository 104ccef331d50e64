//! `Get-`, `Add-` and `Remove-ManagementRoleEntry`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Call, Cmdlet, call::class, list, number, required, text};
use crate::{
    error::CmdletError,
    object::{Class, DirectoryObject, find, glob},
    replication::Edit,
    spec::UnknownIdentity,
};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Get-ManagementRoleEntry",
        parameters: &[
            text("Identity"),
            list("Type"),
            list("Parameters"),
            text("PSSnapinName"),
            number("ResultSize"),
            text("DomainController"),
        ],
        prompts: false,
        writes: false,
        run: get,
    },
    Cmdlet {
        name: "Add-ManagementRoleEntry",
        parameters: &[
            required("Identity"),
            list("Parameters"),
            text("PSSnapinName"),
            text("Type"),
            text("DomainController"),
        ],
        prompts: false,
        writes: true,
        run: add,
    },
    Cmdlet {
        name: "Remove-ManagementRoleEntry",
        parameters: &[required("Identity"), text("DomainController")],
        prompts: true,
        writes: true,
        run: remove,
    },
];

/// `role\entry`, stars allowed in both. Where nothing matches, the answer is the entries of **all** roles.
fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let roles = call.objects(class(Class::ManagementRole));
    let all: Vec<(&DirectoryObject, &Value)> = roles
        .iter()
        .flat_map(|role| role.list("_entries").iter().map(|entry| (role.as_ref(), entry)))
        .collect();
    let mut found = match call.text("Identity") {
        None => all,
        Some(identity) => {
            let (role_pattern, entry_pattern) = split(&identity);
            let entry_pattern = entry_pattern.to_lowercase();
            let in_meant_roles = all.iter().filter(|(role, _)| role.is(role_pattern));
            let matching = in_meant_roles
                .filter(|(_, entry)| {
                    glob(&entry_pattern, &entry["Name"].as_str().unwrap_or_default().to_lowercase())
                })
                .copied()
                .collect();
            // A role that is there and has no such entry answers with nothing; a role that is not there is an
            // identity that does not exist.
            let role_known = roles.iter().any(|role| role.is(role_pattern));
            match call.state.spec.unknown_identity {
                UnknownIdentity::All if !role_known => all,
                UnknownIdentity::NotFound if !role_known => return Err(call.not_found(&identity)),
                UnknownIdentity::All | UnknownIdentity::NotFound => matching,
            }
        }
    };
    if let Some(kinds) = call.list("Type") {
        found.retain(|(_, entry)| {
            let kind = entry["Type"].as_str().unwrap_or_default();
            kinds.iter().filter_map(Value::as_str).any(|one| one.eq_ignore_ascii_case(kind))
        });
    }
    let controller = call.controller_name();
    Ok(found
        .into_iter()
        .map(|(role, entry)| {
            json!({
                "Name": entry["Name"],
                "Role": role.name(),
                "RoleIdentity": role.text("Identity"),
                "Identity": format!("{}\\{}", role.name(), entry["Name"].as_str().unwrap_or_default()),
                "Type": entry["Type"],
                "Parameters": entry["Parameters"],
                "PSSnapinName": entry["PSSnapinName"],
                "OriginatingServer": controller,
                "IsValid": true,
                "ObjectState": "Unchanged",
            })
        })
        .collect())
}

fn add(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let (role, name) = custom_role(call)?;
    let view = call.view();
    let parent = role.properties.get("_parent").and_then(|parent| find(&view, parent)).cloned();
    let in_parent =
        parent.iter().flat_map(|parent| parent.list("_entries")).find(|entry| named(entry, &name));
    let Some(entry) = in_parent.cloned() else {
        // unconfirmed: exception and wording for an entry that the parent does not have.
        return Err(call
            .fail(
                "Microsoft.Exchange.Management.RbacTasks.ManagementRoleEntryNotInParentException",
                format!(
                    "The role entry '{name}' can't be added to '{}' because it isn't in the parent role '{}'.",
                    role.name(),
                    parent.as_ref().map_or("", DirectoryObject::name)
                ),
            )
            .about(&name));
    };
    let mut entries = role.list("_entries").to_vec();
    if entries.iter().any(|entry| named(entry, &name)) {
        return Err(call
            .fail(
                "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException",
                format!("The role entry '{name}' already exists on the role '{}'.", role.name()),
            )
            .about(&name));
    }
    entries.push(entry);
    write(call, &role, entries, format!("added {name}"));
    Ok(Vec::new())
}

fn remove(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let (role, name) = custom_role(call)?;
    let mut entries = role.list("_entries").to_vec();
    let before = entries.len();
    entries.retain(|entry| !named(entry, &name));
    if entries.len() == before {
        return Err(call.not_found(&format!("{}\\{name}", role.name())));
    }
    write(call, &role, entries, format!("removed {name}"));
    Ok(Vec::new())
}

fn write(call: &mut Call<'_>, role: &DirectoryObject, entries: Vec<Value>, summary: String) {
    let mut properties = Map::new();
    properties.insert("_entries".into(), json!(entries));
    properties.insert("WhenChangedUTC".into(), json!(call.state.now_text()));
    let edit = Edit::Update { guid: role.guid.clone(), properties };
    call.write(edit, format!("ManagementRole/{}", role.name()), summary);
}

/// The role and the entry's name of `Identity`; entries of built-in roles cannot be changed.
fn custom_role(call: &Call<'_>) -> Result<(Arc<DirectoryObject>, String), CmdletError> {
    let identity = call.text("Identity").unwrap_or_default();
    let (role, entry) = split(&identity);
    if !identity.contains('\\') || entry.is_empty() || identity.contains('*') {
        return Err(call.not_found(&identity));
    }
    let role = call.one(role, class(Class::ManagementRole))?;
    if role.flag("IsRootRole") {
        return Err(call
            .fail(
                "System.InvalidOperationException",
                format!("The entries of the built-in role '{}' can't be changed.", role.name()),
            )
            .about(&identity));
    }
    Ok((role, entry.to_owned()))
}

fn split(identity: &str) -> (&str, &str) {
    identity.rsplit_once('\\').unwrap_or((identity, "*"))
}

fn named(entry: &Value, name: &str) -> bool {
    entry["Name"].as_str().is_some_and(|one| one.eq_ignore_ascii_case(name))
}
