//! Management roles: read, create under a parent, remove.

use model::{Failure, FunctionSpec, Kind, Reversibility, Value};
use serde_json::{Value as Json, json};

use crate::answer::{guid, same, text};
use crate::arguments::Arguments;
use crate::function::{Answer, Function, SETTLE_MS, command, nothing};
use crate::module::MODULE;

const SHAPE: &str = "#{ name, parent, role_type, guid }";

pub(crate) fn functions() -> Vec<Function> {
    vec![
        Function {
            spec: FunctionSpec::read(
                MODULE,
                "management_role",
                "The management role with exactly this name.",
            )
            .required("name", Kind::String, "its name")
            .returns(&format!("() | {SHAPE}")),
            command: |arguments| {
                arguments.name("name")?;
                Ok(command("Get-ManagementRole", []))
            },
            answer: Answer::Rows(named),
        },
        Function {
            spec: FunctionSpec::write(
                MODULE,
                "new_management_role",
                SETTLE_MS,
                "Creates a role with all entries of its parent.",
            )
            .required("name", Kind::String, "its name, 64 characters at most")
            .required("parent", Kind::String, "the role whose entries it copies")
            .optional("description", Kind::String, "text kept with the role")
            .returns(SHAPE),
            command: |arguments| {
                Ok(command(
                    "New-ManagementRole",
                    [
                        ("Name", json!(arguments.new_name("name")?)),
                        ("Parent", json!(arguments.name("parent")?)),
                        ("Description", json!(arguments.text("description"))),
                    ],
                ))
            },
            answer: Answer::Rows(named),
        },
        Function {
            spec: FunctionSpec::write(
                MODULE,
                "remove_management_role",
                SETTLE_MS,
                "Removes a role of one's own; Exchange refuses while it is assigned or has children.",
            )
            .required("name", Kind::String, "its name")
            .reversibility(Reversibility::WithLoss),
            command: |arguments| {
                Ok(command(
                    "Remove-ManagementRole",
                    [("Identity", json!(arguments.name("name")?)), ("Confirm", json!(false))],
                ))
            },
            answer: Answer::Rows(nothing),
        },
    ]
}

fn named(arguments: &Arguments, rows: Vec<Json>) -> Result<Value, Failure> {
    let name = arguments.name("name")?;
    Ok(rows.iter().find(|row| same(&text(row, "Name"), name)).map_or(Value::Null, |row| {
        Value::from([
            ("name", text(row, "Name").into()),
            ("parent", leaf(&text(row, "Parent")).into()),
            ("role_type", text(row, "RoleType").into()),
            ("guid", guid(row, "Guid").into()),
        ])
    }))
}

/// A parent may come as a path of role names; the last one is the parent's own.
fn leaf(text: &str) -> &str {
    text.rsplit(['\\', '/']).next().unwrap_or(text)
}
