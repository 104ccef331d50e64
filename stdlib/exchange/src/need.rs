//! Which cmdlets and parameters the functions of this module use: what an account must be granted.

use model::Effect;
use serde_json::{Value as Json, json};

use crate::cmdlet::effect_of;
use crate::shell::Command;

/// A cmdlet with the parameters that are sent to it, `DomainController` and `Confirm` included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    pub cmdlet: &'static str,
    pub parameters: &'static [&'static str],
}

impl Need {
    pub fn effect(&self) -> Effect {
        effect_of(self.cmdlet).unwrap_or(Effect::Write)
    }
}

/// Everything that the functions of this module send; `get` and `run` send what they are told beside it.
pub fn needs() -> &'static [Need] {
    NEEDS
}

const NEEDS: &[Need] = &[
    need("Get-DomainController", &[]),
    need("Get-OrganizationConfig", &["DomainController"]),
    need("Get-AcceptedDomain", &["DomainController"]),
    need("Get-ExchangeServer", &["DomainController"]),
    need("Get-ExchangeCertificate", &["Server", "DomainController"]),
    need("Get-AuthConfig", &["DomainController"]),
    need("Get-AuthServer", &["DomainController"]),
    need("Get-IntraOrganizationConnector", &["DomainController"]),
    need("Get-WebServicesVirtualDirectory", &["DomainController"]),
    need("Get-AutodiscoverVirtualDirectory", &["DomainController"]),
    need("Get-PartnerApplication", &["DomainController"]),
    need("Get-MailUser", &["Filter", "ResultSize", "DomainController"]),
    need("Get-Recipient", &["Filter", "ResultSize", "DomainController"]),
    need("Get-User", &["Identity", "DomainController"]),
    need("Get-ManagementRole", &["DomainController"]),
    need("Get-ManagementRoleEntry", &["Identity", "ResultSize", "DomainController"]),
    need("Get-ManagementRoleAssignment", &["Role", "RoleAssignee", "DomainController"]),
    need("New-MailUser", &["Name", "ExternalEmailAddress", "DomainController"]),
    need("Set-MailUser", &["Identity", "HiddenFromAddressListsEnabled", "DomainController"]),
    need("Set-User", &["Identity", "RemotePowerShellEnabled", "DomainController"]),
    need("Remove-MailUser", &["Identity", "Confirm", "DomainController"]),
    need("New-ManagementRole", &["Name", "Parent", "Description", "DomainController"]),
    need("Remove-ManagementRole", &["Identity", "Confirm", "DomainController"]),
    need("Add-ManagementRoleEntry", &["Identity", "DomainController"]),
    need("Remove-ManagementRoleEntry", &["Identity", "Confirm", "DomainController"]),
    need("New-ManagementRoleAssignment", &["Name", "Role", "User", "DomainController"]),
    need("Remove-ManagementRoleAssignment", &["Identity", "Confirm", "DomainController"]),
    need(
        "New-PartnerApplication",
        &["Name", "ApplicationIdentifier", "Enabled", "LinkedAccount", "DomainController"],
    ),
    need("Set-PartnerApplication", &["Identity", "Enabled", "LinkedAccount", "DomainController"]),
    need("Remove-PartnerApplication", &["Identity", "Confirm", "DomainController"]),
];

const fn need(cmdlet: &'static str, parameters: &'static [&'static str]) -> Need {
    Need { cmdlet, parameters }
}

/// The cmdlet with its parameters, asked for next to nothing: what shows that it may be run. For reads only.
pub(crate) fn smallest(need: Need, server: &str, controller: &str) -> Command {
    // Names that nothing has; where the answer could be large, a role that every organisation has.
    let value = |parameter: &str| -> Option<Json> {
        Some(match parameter {
            "DomainController" => json!(controller),
            "Server" => json!(server),
            "Filter" => json!("Name -eq 'footbridge asks for nothing'"),
            "ResultSize" => json!("Unlimited"),
            "Role" => json!(ROLE),
            "Identity" => json!(format!("{ROLE}\\*")),
            _ => return None,
        })
    };
    let mut parameters: serde_json::Map<String, Json> =
        need.parameters.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?))).collect();
    match need.cmdlet {
        "Get-ManagementRole" => {
            parameters.insert("Identity".into(), json!(ROLE));
        }
        // An identity that nothing has may mean everybody.
        "Get-User" => {
            parameters.insert("Identity".into(), json!("Administrator"));
            parameters.insert("ResultSize".into(), json!(1));
        }
        _ => {}
    }
    Command { cmdlet: need.cmdlet.to_owned(), parameters }
}

const ROLE: &str = "UserApplication";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_come_with_every_parameter_that_can_be_tried() {
        for need in NEEDS.iter().filter(|need| need.effect() == Effect::Read) {
            let command = smallest(*need, "ex1.contoso.lab", "dc1.contoso.lab");
            for parameter in need.parameters.iter().filter(|name| **name != "RoleAssignee") {
                assert!(command.parameters.contains_key(*parameter), "{} {parameter}", need.cmdlet);
            }
        }
    }
}
