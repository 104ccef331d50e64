//! `Get-User` and `Set-User`.

use serde_json::{Map, Value, json};

use super::{Call, Cmdlet, call::class, flag, list, number, required, text};
use crate::{error::CmdletError, object::Class};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Get-User",
        parameters: &[
            text("Identity"),
            text("Anr"),
            text("Filter"),
            text("OrganizationalUnit"),
            list("RecipientTypeDetails"),
            number("ResultSize"),
            text("SortBy"),
            text("DomainController"),
        ],
        prompts: false,
        writes: false,
        run: get,
    },
    Cmdlet {
        name: "Set-User",
        parameters: &[
            required("Identity"),
            text("DisplayName"),
            text("Notes"),
            text("Department"),
            text("Title"),
            flag("RemotePowerShellEnabled"),
            text("DomainController"),
        ],
        prompts: false,
        writes: true,
        run: set,
    },
];

fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let mut candidates = call.objects(class(Class::User));
    if let Some(wanted) = call.list("RecipientTypeDetails") {
        candidates.retain(|user| {
            let details = user.text("RecipientTypeDetails");
            wanted.iter().filter_map(Value::as_str).any(|one| details.eq_ignore_ascii_case(one))
        });
    }
    let found = super::recipient::chosen(call, candidates)?;
    Ok(call.shown_all(&found))
}

fn set(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let user = call.identified(class(Class::User))?;
    let mut properties = Map::new();
    for parameter in ["DisplayName", "Notes", "Department", "Title"] {
        if call.given(parameter) {
            properties.insert(parameter.to_owned(), json!(call.text(parameter).unwrap_or_default()));
        }
    }
    if let Some(enabled) = call.flag("RemotePowerShellEnabled") {
        properties.insert("RemotePowerShellEnabled".into(), json!(enabled));
    }
    call.update("User", &user, properties);
    Ok(Vec::new())
}
