//! `New-`, `Get-` and `Remove-ManagementRoleAssignment`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Call, Cmdlet, call::class, flag, required, text};
use crate::{
    error::CmdletError,
    object::{Class, DirectoryObject, find},
};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "New-ManagementRoleAssignment",
        parameters: &[
            text("Name"),
            required("Role"),
            text("User"),
            text("SecurityGroup"),
            flag("Delegating"),
            text("CustomRecipientWriteScope"),
            text("DomainController"),
        ],
        prompts: false,
        writes: true,
        run: new,
    },
    Cmdlet {
        name: "Get-ManagementRoleAssignment",
        parameters: &[
            text("Identity"),
            text("Role"),
            text("RoleAssignee"),
            text("RoleAssigneeType"),
            flag("Delegating"),
            flag("Enabled"),
            flag("GetEffectiveUsers"),
            text("DomainController"),
        ],
        prompts: false,
        writes: false,
        run: get,
    },
    Cmdlet {
        name: "Remove-ManagementRoleAssignment",
        parameters: &[required("Identity"), text("DomainController")],
        prompts: true,
        writes: true,
        run: remove,
    },
];

fn new(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let role = call.one(&call.text("Role").unwrap_or_default(), class(Class::ManagementRole))?;
    let (user, group) = (call.text("User"), call.text("SecurityGroup"));
    let assignee = match (&user, &group) {
        (Some(user), None) => call.one(user, class(Class::User))?,
        (None, Some(group)) => call.one(group, class(Class::RoleGroup))?,
        _ => {
            return Err(CmdletError::binding(
                call.cmdlet(),
                "AmbiguousParameterSet",
                "",
                "Parameter set cannot be resolved using the specified named parameters.".into(),
            ));
        }
    };
    let existing = call.objects(class(Class::ManagementRoleAssignment));
    let taken = |name: &str| existing.iter().find(|one| one.name().eq_ignore_ascii_case(name));
    let name = if let Some(name) = call.text("Name") {
        call.length("Name", &name, 64)?;
        if let Some(one) = taken(&name) {
            return Err(call.already_exists(one.text("DistinguishedName")));
        }
        name
    } else {
        let made: String = format!("{}-{}", role.name(), assignee.name()).chars().take(64).collect();
        let mut name = made.clone();
        let mut attempt = 1;
        while taken(&name).is_some() {
            let tail = format!("-{attempt}");
            name = made.chars().take(64 - tail.len()).collect::<String>() + &tail;
            attempt += 1;
        }
        name
    };
    let delegating = call.flag("Delegating") == Some(true);
    let properties = assignment(&role, &assignee, delegating);
    let object = call.state.object(Class::ManagementRoleAssignment, &name, properties);
    Ok(vec![call.create("ManagementRoleAssignment", object)])
}

/// The properties of an assignment of a role to a user or a role group.
pub(crate) fn assignment(
    role: &DirectoryObject,
    assignee: &DirectoryObject,
    delegating: bool,
) -> Map<String, Value> {
    let kind = if assignee.class == Class::RoleGroup { "RoleGroup" } else { "User" };
    let delegation = if delegating { "DelegatingOrgWide" } else { "Regular" };
    let mut properties = Map::new();
    for (key, value) in [
        ("_role", json!(role.guid)),
        ("_assignee", json!(assignee.guid)),
        ("RoleAssigneeType", json!(kind)),
        ("RoleAssignmentDelegationType", json!(delegation)),
        ("AssignmentMethod", json!("Direct")),
        ("Enabled", json!(true)),
        ("RecipientReadScope", json!("Organization")),
        ("RecipientWriteScope", json!("Organization")),
        ("ConfigReadScope", json!("OrganizationConfig")),
        ("ConfigWriteScope", json!("OrganizationConfig")),
    ] {
        properties.insert(key.to_owned(), value);
    }
    properties
}

fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let candidates = call.objects(class(Class::ManagementRoleAssignment));
    let identity = call.text("Identity");
    let mut found = call.meant(candidates, identity)?;
    if call.given("Role") {
        let roles = call.objects(class(Class::ManagementRole));
        let wanted = call.text("Role");
        let roles = call.meant(roles, wanted)?;
        found.retain(|one| one.properties.get("_role").is_some_and(|role| find(&roles, role).is_some()));
    }
    let mut indirect = Vec::new();
    if let Some(assignee) = call.text("RoleAssignee") {
        let holders =
            call.objects(|one| matches!(one.class, Class::User | Class::RoleGroup) && one.is(&assignee));
        // An assignee that is not there is an identity that does not exist: everything comes back.
        if !holders.is_empty() {
            let groups = call.objects(|group| {
                group.class == Class::RoleGroup
                    && group.list("_members").iter().any(|member| find(&holders, member).is_some())
            });
            let held = |one: &DirectoryObject, by: &[Arc<DirectoryObject>]| {
                one.properties.get("_assignee").is_some_and(|assignee| find(by, assignee).is_some())
            };
            indirect = found.iter().filter(|one| held(one, &groups)).map(|one| one.guid.clone()).collect();
            found.retain(|one| held(one, &holders) || held(one, &groups));
        }
    }
    if let Some(kind) = call.text("RoleAssigneeType") {
        found.retain(|one| one.text("RoleAssigneeType").eq_ignore_ascii_case(&kind));
    }
    if let Some(delegating) = call.flag("Delegating") {
        found.retain(|one| (one.text("RoleAssignmentDelegationType") != "Regular") == delegating);
    }
    if let Some(enabled) = call.flag("Enabled") {
        found.retain(|one| one.flag("Enabled") == enabled);
    }
    let effective = call.flag("GetEffectiveUsers") == Some(true);
    let mut shown = call.shown_all(&found);
    for (assignment, object) in shown.iter_mut().zip(&found) {
        if indirect.contains(&object.guid) {
            assignment["AssignmentMethod"] = json!("RoleGroup");
        }
        let name = assignment["RoleAssigneeName"].as_str().unwrap_or_default().to_owned();
        let shown_user = if object.text("RoleAssigneeType") == "User" {
            name
        } else if effective {
            let view = call.view();
            object
                .properties
                .get("_assignee")
                .and_then(|group| find(&view, group))
                .and_then(|group| group.list("_members").first())
                .and_then(|member| find(&view, member))
                .map_or_else(|| "All Group Members".to_owned(), |member| member.name().to_owned())
        } else {
            "All Group Members".to_owned()
        };
        assignment["EffectiveUserName"] = json!(shown_user);
    }
    Ok(shown)
}

fn remove(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let assignment = call.identified(class(Class::ManagementRoleAssignment))?;
    call.delete("ManagementRoleAssignment", &assignment);
    Ok(Vec::new())
}
