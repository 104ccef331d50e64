//! `Get-`, `New-` and `Remove-IntraOrganizationConnector`, `Get-IntraOrganizationConfiguration`.

use serde_json::{Value, json};

use super::{Call, Cmdlet, auth_server::properties, call::class, flag, list, required, text};
use crate::{error::CmdletError, object::Class};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Get-IntraOrganizationConnector",
        parameters: &[text("Identity"), text("DomainController")],
        prompts: false,
        writes: false,
        run: get,
    },
    Cmdlet {
        name: "New-IntraOrganizationConnector",
        parameters: &[
            required("Name"),
            required("DiscoveryEndpoint"),
            list("TargetAddressDomains"),
            text("TargetSharingEpr"),
            flag("Enabled"),
            text("DomainController"),
        ],
        prompts: false,
        writes: true,
        run: new,
    },
    Cmdlet {
        name: "Remove-IntraOrganizationConnector",
        parameters: &[required("Identity"), text("DomainController")],
        prompts: true,
        writes: true,
        run: remove,
    },
    Cmdlet {
        name: "Get-IntraOrganizationConfiguration",
        parameters: &[text("OrganizationGuid")],
        prompts: false,
        writes: false,
        run: configuration,
    },
];

fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let candidates = call.objects(class(Class::IntraOrganizationConnector));
    let identity = call.text("Identity");
    let found = call.meant(candidates, identity)?;
    Ok(call.shown_all(&found))
}

fn new(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let name = call.text("Name").unwrap_or_default();
    call.length("Name", &name, 64)?;
    let existing = call.objects(class(Class::IntraOrganizationConnector));
    if let Some(one) = existing.iter().find(|one| one.name().eq_ignore_ascii_case(&name)) {
        return Err(call.already_exists(one.text("DistinguishedName")));
    }
    let properties = properties(&[
        ("TargetAddressDomains", json!(call.list("TargetAddressDomains").unwrap_or_default())),
        ("DiscoveryEndpoint", json!(call.text("DiscoveryEndpoint"))),
        ("TargetSharingEpr", json!(call.text("TargetSharingEpr"))),
        ("Enabled", json!(call.flag("Enabled").unwrap_or(true))),
    ]);
    let object = call.state.object(Class::IntraOrganizationConnector, &name, properties);
    Ok(vec![call.create("IntraOrganizationConnector", object)])
}

fn remove(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let connector = call.identified(class(Class::IntraOrganizationConnector))?;
    call.delete("IntraOrganizationConnector", &connector);
    Ok(Vec::new())
}

#[allow(clippy::unnecessary_wraps, reason = "the signature of every cmdlet")]
fn configuration(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let found = call.objects(class(Class::IntraOrganizationConfiguration));
    Ok(call.shown_all(&found))
}
