//! `Get-RoleGroup`, `Add-` and `Remove-RoleGroupMember`: what makes assignments indirect.

use serde_json::{Map, Value, json};

use super::{Call, Cmdlet, call::class, required, text};
use crate::{error::CmdletError, object::Class};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Get-RoleGroup",
        parameters: &[text("Identity"), text("DomainController")],
        prompts: false,
        writes: false,
        run: get,
    },
    Cmdlet {
        name: "Add-RoleGroupMember",
        parameters: &[required("Identity"), required("Member"), text("DomainController")],
        prompts: false,
        writes: true,
        run: add,
    },
    Cmdlet {
        name: "Remove-RoleGroupMember",
        parameters: &[required("Identity"), required("Member"), text("DomainController")],
        prompts: true,
        writes: true,
        run: remove,
    },
];

fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let candidates = call.objects(class(Class::RoleGroup));
    let identity = call.text("Identity");
    let found = call.meant(candidates, identity)?;
    Ok(call.shown_all(&found))
}

fn add(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let group = call.identified(class(Class::RoleGroup))?;
    let member = call.one(&call.text("Member").unwrap_or_default(), class(Class::User))?;
    let mut members = group.list("_members").to_vec();
    if members.contains(&json!(member.guid)) {
        return Err(call
            .fail(
                "Microsoft.Exchange.Management.Tasks.MemberAlreadyExistsException",
                format!(
                    "The recipient \"{}\" is already a member of the group \"{}\".",
                    member.name(),
                    group.name()
                ),
            )
            .about(member.name()));
    }
    members.push(json!(member.guid));
    call.update("RoleGroup", &group, Map::from_iter([("_members".to_owned(), json!(members))]));
    Ok(Vec::new())
}

fn remove(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let group = call.identified(class(Class::RoleGroup))?;
    let member = call.one(&call.text("Member").unwrap_or_default(), class(Class::User))?;
    let mut members = group.list("_members").to_vec();
    members.retain(|one| one != &json!(member.guid));
    call.update("RoleGroup", &group, Map::from_iter([("_members".to_owned(), json!(members))]));
    Ok(Vec::new())
}
