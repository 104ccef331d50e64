//! The entries of a management role: which operations it grants.

use std::collections::BTreeSet;

use model::{Failure, FunctionSpec, Kind, Value};
use serde_json::{Value as Json, json};

use crate::answer::{same, text};
use crate::arguments::Arguments;
use crate::function::{Answer, Function, SETTLE_MS, command, nothing};
use crate::module::MODULE;
use crate::shell::Command;

pub(crate) fn functions() -> Vec<Function> {
    vec![
        Function {
            spec: FunctionSpec::read(
                MODULE,
                "management_role_entries",
                "Names of the entries of exactly this role, sorted; none where the role is not there.",
            )
            .required("role", Kind::String, "the role's name")
            .returns("[\"GetDelegate\", …]"),
            command: |arguments| {
                let role = arguments.name("role")?;
                Ok(command(
                    "Get-ManagementRoleEntry",
                    [("Identity", json!(format!("{role}\\*"))), ("ResultSize", json!("Unlimited"))],
                ))
            },
            answer: Answer::Rows(of_role),
        },
        Function {
            spec: FunctionSpec::write(
                MODULE,
                "add_management_role_entry",
                SETTLE_MS,
                "Adds an entry that the role's parent has.",
            )
            .required("role", Kind::String, "the role's name")
            .required("entry", Kind::String, "the entry's name"),
            command: |arguments| Ok(command("Add-ManagementRoleEntry", [("Identity", entry(arguments)?)])),
            answer: Answer::Rows(nothing),
        },
        Function {
            spec: FunctionSpec::write(
                MODULE,
                "remove_management_role_entry",
                SETTLE_MS,
                "Removes one entry of a role of one's own.",
            )
            .required("role", Kind::String, "the role's name")
            .required("entry", Kind::String, "the entry's name"),
            command: removal,
            answer: Answer::Rows(nothing),
        },
    ]
}

fn removal(arguments: &Arguments) -> Result<Command, Failure> {
    Ok(command("Remove-ManagementRoleEntry", [("Identity", entry(arguments)?), ("Confirm", json!(false))]))
}

/// `role\entry`; neither part may hold a wildcard or a backslash of its own.
fn entry(arguments: &Arguments) -> Result<Json, Failure> {
    Ok(json!(format!("{}\\{}", arguments.name("role")?, arguments.name("entry")?)))
}

/// Rows of other roles are dropped: where the role is not there, Exchange may answer with everybody's entries.
fn of_role(arguments: &Arguments, rows: Vec<Json>) -> Result<Value, Failure> {
    let role = arguments.name("role")?;
    let names: BTreeSet<String> =
        rows.iter().filter(|row| same(&text(row, "Role"), role)).map(|row| text(row, "Name")).collect();
    Ok(Value::List(names.into_iter().map(Value::Text).collect()))
}
