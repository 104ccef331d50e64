//! Assignments of management roles.

use model::{Failure, FunctionSpec, Kind, Reversibility, Value};
use serde_json::{Value as Json, json};

use crate::answer::{flag, guid, known, reference_guid, same, text};
use crate::arguments::Arguments;
use crate::caller::Caller;
use crate::function::{Answer, Function, Pending, SETTLE_MS, command, nothing};
use crate::module::MODULE;

pub(crate) fn functions() -> Vec<Function> {
    vec![
        Function {
            spec: FunctionSpec::read(
                MODULE,
                "management_role_assignments",
                "Assignments of exactly this role, made directly and for use (delegating ones are left out), by name.",
            )
            .required("role", Kind::String, "the role's name")
            .returns("[#{ name, role, assignee_name, assignee_guid | (), assignee_type, enabled }, …]"),
            command: |arguments| {
                Ok(command("Get-ManagementRoleAssignment", [("Role", json!(arguments.name("role")?))]))
            },
            answer: Answer::More(of_role),
        },
        Function {
            spec: FunctionSpec::write(
                MODULE,
                "new_management_role_assignment",
                SETTLE_MS,
                "Assigns a role to an account.",
            )
            .required("role", Kind::String, "the role's name")
            .required("user_guid", Kind::Guid, "the account")
            .optional("name", Kind::String, "the assignment's name; Exchange makes one up otherwise")
            .returns("#{ name }"),
            command: |arguments| {
                let name = arguments.text("name").map(|_| arguments.new_name("name")).transpose()?;
                Ok(command(
                    "New-ManagementRoleAssignment",
                    [
                        ("Name", json!(name)),
                        ("Role", json!(arguments.name("role")?)),
                        ("User", json!(arguments.name("user_guid")?)),
                    ],
                ))
            },
            answer: Answer::Rows(created),
        },
        Function {
            spec: FunctionSpec::write(
                MODULE,
                "remove_management_role_assignment",
                SETTLE_MS,
                "Takes an assignment back.",
            )
            .required("name", Kind::String, "the assignment's name")
            .reversibility(Reversibility::WithLoss),
            command: |arguments| {
                Ok(command(
                    "Remove-ManagementRoleAssignment",
                    [("Identity", json!(arguments.name("name")?)), ("Confirm", json!(false))],
                ))
            },
            answer: Answer::Rows(nothing),
        },
    ]
}

/// Made to the assignee itself and for use, not for handing the role on.
pub(crate) fn is_direct(row: &Json) -> bool {
    let direct = text(row, "AssignmentMethod");
    (direct.is_empty() || same(&direct, "Direct")) && is_for_use(row)
}

/// For use, not for handing the role on, whoever it was made to.
pub(crate) fn is_for_use(row: &Json) -> bool {
    !text(row, "RoleAssignmentDelegationType").to_ascii_lowercase().starts_with("delegating")
}

fn of_role<'a>(caller: &'a Caller<'a>, arguments: &'a Arguments, rows: Vec<Json>) -> Pending<'a> {
    Box::pin(async move {
        let role = arguments.name("role")?;
        let mut list = Vec::new();
        for row in rows.iter().filter(|row| same(&text(row, "Role"), role) && is_direct(row)) {
            list.push((text(row, "Name"), shown(caller, row).await?));
        }
        list.sort_by(|left, right| left.0.cmp(&right.0));
        Ok(Value::List(list.into_iter().map(|(_, value)| value).collect()))
    })
}

async fn shown(caller: &Caller<'_>, row: &Json) -> Result<Value, Failure> {
    let assignee_type = text(row, "RoleAssigneeType");
    let mut assignee = reference_guid(row, "RoleAssignee");
    if assignee.is_null() && same(&assignee_type, "User") {
        assignee = account(caller, &text(row, "RoleAssignee")).await?;
    }
    Ok(Value::from([
        ("name", text(row, "Name").into()),
        ("role", text(row, "Role").into()),
        ("assignee_name", text(row, "RoleAssigneeName").into()),
        ("assignee_guid", assignee),
        ("assignee_type", assignee_type.into()),
        ("enabled", known(flag(row, "Enabled"))),
    ]))
}

/// The GUID behind the text form of an assignee (canonical or distinguished name); `()` where nothing answers to it.
async fn account(caller: &Caller<'_>, identity: &str) -> Result<Value, Failure> {
    if identity.is_empty() {
        return Ok(Value::Null);
    }
    let users = caller.run_or_none(command("Get-User", [("Identity", json!(identity))])).await?;
    let found = users.iter().find(|user| {
        ["Identity", "DistinguishedName"].iter().any(|property| same(&text(user, property), identity))
    });
    Ok(found.map_or(Value::Null, |user| guid(user, "Guid").into()))
}

fn created(arguments: &Arguments, rows: Vec<Json>) -> Result<Value, Failure> {
    let role = arguments.name("role")?;
    match rows.iter().find(|row| same(&text(row, "Role"), role)) {
        Some(row) => Ok(Value::from([("name", text(row, "Name").into())])),
        // The answer came and does not say what was made: only looking tells.
        None => Err(Failure::new(
            model::Code::ExchangeInDoubt,
            model::Class::InDoubt,
            format!("New-ManagementRoleAssignment answered without an assignment of '{role}'"),
        )),
    }
}
