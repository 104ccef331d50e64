//! `Get-OrganizationConfig` and `Get-AcceptedDomain`.

use serde_json::Value;

use super::{Call, Cmdlet, call::class, number, text};
use crate::{error::CmdletError, object::Class};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Get-OrganizationConfig",
        parameters: &[text("DomainController")],
        prompts: false,
        writes: false,
        run: config,
    },
    Cmdlet {
        name: "Get-AcceptedDomain",
        parameters: &[text("Identity"), number("ResultSize"), text("DomainController")],
        prompts: false,
        writes: false,
        run: accepted_domains,
    },
];

#[allow(clippy::unnecessary_wraps, reason = "the signature of every cmdlet")]
fn config(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let found = call.objects(class(Class::OrganizationConfig));
    Ok(call.shown_all(&found))
}

fn accepted_domains(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let candidates = call.objects(class(Class::AcceptedDomain));
    let identity = call.text("Identity");
    let found = call.meant(candidates, identity)?;
    let found = call.cut(found);
    Ok(call.shown_all(&found))
}
