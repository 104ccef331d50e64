//! `Get-Command`, as a local session has it: what the account may run. In the simulator it may run everything.

use serde_json::{Map, Value, json};

use super::{COMMON, Call, Cmdlet, all, required};
use crate::error::{Category, CmdletError, ErrorKind};

pub(super) const CMDLETS: &[Cmdlet] = &[Cmdlet {
    name: "Get-Command",
    parameters: &[required("Name")],
    prompts: false,
    writes: false,
    run: get,
}];

fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let name = call.text("Name").unwrap_or_default();
    let Some(cmdlet) = all().find(|cmdlet| cmdlet.name.eq_ignore_ascii_case(&name)) else {
        let message = format!(
            "The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program."
        );
        let id = "CommandNotFoundException,Microsoft.PowerShell.Commands.GetCommandCommand";
        let type_name = "System.Management.Automation.CommandNotFoundException";
        return Err(CmdletError::new(
            ErrorKind::Failed,
            Category::ObjectNotFound,
            type_name,
            id.into(),
            message,
        )
        .about(&name));
    };
    let parameters: Map<String, Value> =
        cmdlet.parameters.iter().chain(COMMON).map(|one| (one.name.to_owned(), json!({}))).collect();
    Ok(vec![json!({ "Name": cmdlet.name, "CommandType": "Function", "Parameters": parameters })])
}
