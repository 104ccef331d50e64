//! `Get-DomainController` and `Get-ExchangeServer`: where things are.

use serde_json::{Value, json};

use super::{Call, Cmdlet, call::class, flag, text};
use crate::{error::CmdletError, object::Class};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Get-DomainController",
        parameters: &[text("DomainName"), flag("GlobalCatalog"), text("Forest")],
        prompts: false,
        writes: false,
        run: domain_controllers,
    },
    Cmdlet {
        name: "Get-ExchangeServer",
        parameters: &[text("Identity"), flag("Status"), text("DomainController")],
        prompts: false,
        writes: false,
        run: servers,
    },
];

#[allow(clippy::unnecessary_wraps, reason = "the signature of every cmdlet")]
fn domain_controllers(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let forest = call.state.spec.forest.clone();
    Ok(call
        .state
        .directory
        .controllers
        .iter()
        .filter(|controller| !controller.gone)
        .map(|controller| {
            let host = controller.name.split('.').next().unwrap_or_default().to_uppercase();
            json!({
                "Name": host,
                "DnsHostName": controller.name,
                "Domain": forest,
                "IsGlobalCatalog": true,
                "ADSite": format!("{forest}/Configuration/Sites/Default-First-Site-Name"),
            })
        })
        .collect())
}

fn servers(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let candidates = call.objects(class(Class::ExchangeServer));
    let identity = call.text("Identity");
    let found = call.meant(candidates, identity)?;
    Ok(call.shown_all(&found))
}
