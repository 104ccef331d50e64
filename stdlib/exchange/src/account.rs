//! Accounts that partner applications act as, and the roles that such an account holds.

use std::collections::BTreeSet;

use model::{Code, Failure, FunctionSpec, Kind, Value};
use serde_json::{Value as Json, json};

use crate::answer::{flag, guid, known, reference_guid, same, text};
use crate::arguments::Arguments;
use crate::caller::Caller;
use crate::function::{Answer, Function, Pending, command};
use crate::management_role_assignment::is_direct;
use crate::module::MODULE;
use crate::shell::Command;

pub(crate) fn functions() -> Vec<Function> {
    vec![
        Function {
            spec: FunctionSpec::read(MODULE, "linked_account", "The account with this GUID.")
                .required("guid", Kind::Guid, "whose")
                .returns(
                    "() | #{ name, guid, recipient_type_details, user_account_control, account_disabled, \
                     remote_powershell_enabled }",
                ),
            command: by_guid,
            answer: Answer::Rows(shown),
        },
        Function {
            spec: FunctionSpec::read(
                MODULE,
                "linked_account_roles",
                "Names of the roles assigned directly to the account with this GUID and enabled, sorted; none where \
                 there is no such account.",
            )
            .required("guid", Kind::Guid, "whose")
            .returns("[\"UserApplication\", …]"),
            command: by_guid,
            answer: Answer::More(roles),
        },
    ]
}

/// The GUID of the account that a property refers to; `()` where it refers to none.
///
/// A reference comes as an object with its GUID, or as its text alone (the canonical or distinguished name), depending
/// on how deep the server's session describes objects. Then the account is looked up; one that nothing answers to cannot
/// be told, which is not the same as none.
pub(crate) async fn referred(caller: &Caller<'_>, row: &Json, property: &str) -> Result<Value, Failure> {
    let known = reference_guid(row, property);
    let identity = text(row, property);
    if !known.is_null() || identity.is_empty() {
        return Ok(known);
    }
    let users = match caller.run(command("Get-User", [("Identity", json!(identity))])).await {
        Err(failure) if failure.code == Code::ExchangeNotFound => Vec::new(),
        other => other?,
    };
    let found = users.iter().find(|user| {
        ["Identity", "DistinguishedName"].iter().any(|property| same(&text(user, property), &identity))
    });
    Ok(found.map_or_else(
        || Value::CannotTell(format!("no account answers to '{identity}', which {property} names")),
        |user| guid(user, "Guid").into(),
    ))
}

fn by_guid(arguments: &Arguments) -> Result<Command, Failure> {
    Ok(command("Get-User", [("Identity", json!(arguments.name("guid")?))]))
}

fn of_guid<'a>(arguments: &Arguments, rows: &'a [Json]) -> Result<Option<&'a Json>, Failure> {
    let wanted = arguments.name("guid")?;
    Ok(rows.iter().find(|row| same(&guid(row, "Guid"), wanted)))
}

fn shown(arguments: &Arguments, rows: Vec<Json>) -> Result<Value, Failure> {
    Ok(of_guid(arguments, &rows)?.map_or(Value::Null, |row| {
        let control = text(row, "UserAccountControl");
        let disabled = flag(row, "AccountDisabled").or_else(|| {
            (!control.is_empty()).then(|| control.split(',').any(|word| same(word.trim(), "AccountDisabled")))
        });
        Value::from([
            ("name", text(row, "Name").into()),
            ("guid", guid(row, "Guid").into()),
            ("recipient_type_details", text(row, "RecipientTypeDetails").into()),
            ("user_account_control", control.into()),
            ("account_disabled", known(disabled)),
            ("remote_powershell_enabled", known(flag(row, "RemotePowerShellEnabled"))),
        ])
    }))
}

fn roles<'a>(caller: &'a Caller<'a>, arguments: &'a Arguments, rows: Vec<Json>) -> Pending<'a> {
    Box::pin(async move {
        let Some(account) = of_guid(arguments, &rows)? else { return Ok(Value::List(Vec::new())) };
        let wanted = guid(account, "Guid");
        let assignments = caller
            .run_or_none(command("Get-ManagementRoleAssignment", [("RoleAssignee", json!(wanted))]))
            .await?;
        let held = |row: &&Json| {
            let assignee = text(row, "RoleAssignee");
            let own = match reference_guid(row, "RoleAssignee") {
                Value::Text(guid) => guid == wanted,
                _ => ["Identity", "DistinguishedName"]
                    .iter()
                    .any(|property| same(&text(account, property), &assignee)),
            };
            own && !assignee.is_empty() && is_direct(row) && flag(row, "Enabled") == Some(true)
        };
        let names: BTreeSet<String> = assignments.iter().filter(held).map(|row| text(row, "Role")).collect();
        Ok(Value::List(names.into_iter().map(Value::Text).collect()))
    })
}
