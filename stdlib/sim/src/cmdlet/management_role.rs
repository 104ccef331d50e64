//! `New-`, `Get-` and `Remove-ManagementRole`.

use serde_json::{Map, Value, json};

use super::{Call, Cmdlet, call::class, flag, list, required, text};
use crate::{
    error::CmdletError,
    object::{Class, DirectoryObject},
    spec::EnabledCmdlets,
};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "New-ManagementRole",
        parameters: &[
            required("Name"),
            required("Parent"),
            list("EnabledCmdlets"),
            text("Description"),
            text("DomainController"),
        ],
        prompts: false,
        writes: true,
        run: new,
    },
    Cmdlet {
        name: "Get-ManagementRole",
        parameters: &[
            text("Identity"),
            text("RoleType"),
            text("Cmdlet"),
            flag("GetChildren"),
            flag("Recurse"),
            text("DomainController"),
        ],
        prompts: false,
        writes: false,
        run: get,
    },
    Cmdlet {
        name: "Remove-ManagementRole",
        parameters: &[required("Identity"), flag("Recurse"), text("DomainController")],
        prompts: true,
        writes: true,
        run: remove,
    },
];

fn new(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let name = call.text("Name").unwrap_or_default();
    call.length("Name", &name, 64)?;
    let parent = call.one(&call.text("Parent").unwrap_or_default(), class(Class::ManagementRole))?;
    let existing = call.objects(class(Class::ManagementRole));
    if let Some(one) = existing.iter().find(|role| role.name().eq_ignore_ascii_case(&name)) {
        return Err(call.already_exists(one.text("DistinguishedName")));
    }
    let mut entries = parent.list("_entries").to_vec();
    if call.given("EnabledCmdlets") {
        entries = enabled(call, &parent, entries)?;
    }
    let mut properties = Map::new();
    for (key, value) in [
        ("_parent", json!(parent.guid)),
        ("_entries", json!(entries)),
        ("RoleType", json!(parent.text("RoleType"))),
        ("Description", json!(call.text("Description").unwrap_or_default())),
        ("IsRootRole", json!(false)),
        ("IsEndUserRole", json!(false)),
    ] {
        properties.insert(key.to_owned(), value);
    }
    let role = call.state.object(Class::ManagementRole, &name, properties);
    Ok(vec![call.create("ManagementRole", role)])
}

/// The parent's entries that `-EnabledCmdlets` names.
fn enabled(
    call: &Call<'_>,
    parent: &DirectoryObject,
    entries: Vec<Value>,
) -> Result<Vec<Value>, CmdletError> {
    let wanted = call.list("EnabledCmdlets").unwrap_or_default();
    if call.state.spec.enabled_cmdlets == EnabledCmdlets::UnknownParameter {
        return Err(CmdletError::binding(
            call.cmdlet(),
            "NamedParameterNotFound",
            "EnabledCmdlets",
            "A parameter cannot be found that matches parameter name 'EnabledCmdlets'.".into(),
        ));
    }
    let mut kept = Vec::new();
    for name in wanted.iter().filter_map(Value::as_str) {
        let found = entries
            .iter()
            .find(|entry| entry["Name"].as_str().is_some_and(|entry| entry.eq_ignore_ascii_case(name)));
        let permission = found.is_some_and(|entry| entry["Type"] == "ApplicationPermission");
        match found {
            // unconfirmed: whether the parameter takes an entry that is an application permission.
            Some(entry) if !permission || call.state.spec.enabled_cmdlets == EnabledCmdlets::Accepted => {
                kept.push(entry.clone());
            }
            _ => {
                return Err(call
                    .fail(
                        "System.ArgumentException",
                        format!("The cmdlet '{name}' isn't a cmdlet of the parent role '{}'.", parent.name()),
                    )
                    .about(name));
            }
        }
    }
    Ok(kept)
}

fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let candidates = call.objects(class(Class::ManagementRole));
    let identity = call.text("Identity");
    let mut found = call.meant(candidates, identity)?;
    if call.flag("GetChildren") == Some(true) || call.flag("Recurse") == Some(true) {
        let parents: Vec<Value> = found.iter().map(|role| json!(role.guid)).collect();
        found = call.objects(|role| {
            role.class == Class::ManagementRole
                && role.properties.get("_parent").is_some_and(|parent| parents.contains(parent))
        });
    }
    if let Some(kind) = call.text("RoleType") {
        found.retain(|role| role.text("RoleType").eq_ignore_ascii_case(&kind));
    }
    if let Some(cmdlet) = call.text("Cmdlet") {
        found.retain(|role| {
            let named =
                |entry: &Value| entry["Name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(&cmdlet));
            role.list("_entries").iter().any(named)
        });
    }
    Ok(call.shown_all(&found))
}

fn remove(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let role = call.identified(class(Class::ManagementRole))?;
    let refuse = |call: &Call<'_>, why: String| {
        // unconfirmed: exception and wording of these refusals.
        Err(call.fail("System.InvalidOperationException", why).about(role.name()))
    };
    if role.flag("IsRootRole") {
        return refuse(
            call,
            format!("The management role '{}' is built in and can't be removed.", role.name()),
        );
    }
    let children = call.objects(|one| one.properties.get("_parent") == Some(&json!(role.guid)));
    if !children.is_empty() && call.flag("Recurse") != Some(true) {
        return refuse(
            call,
            format!("The management role '{}' has child roles and can't be removed.", role.name()),
        );
    }
    let mut doomed = children;
    doomed.push(role.clone());
    for one in &doomed {
        let assigned = call.objects(|object| {
            object.class == Class::ManagementRoleAssignment
                && object.properties.get("_role") == Some(&json!(one.guid))
        });
        if let Some(assignment) = assigned.first() {
            return refuse(
                call,
                format!(
                    "The management role '{}' can't be removed because it's assigned by '{}'. Remove the role \
                     assignments first.",
                    one.name(),
                    assignment.name()
                ),
            );
        }
    }
    for one in doomed {
        call.delete("ManagementRole", &one);
    }
    Ok(Vec::new())
}
