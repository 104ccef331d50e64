//! Which role groups grant a cmdlet, as Exchange ships them, for advice where one is missing.
//!
//! From Microsoft's pages on infrastructure, sharing and RBAC permissions of Exchange Server.

/// The role groups that grant a cmdlet, as a phrase.
pub(crate) fn granting(cmdlet: &str) -> &'static str {
    let noun = cmdlet.split_once('-').map_or("", |(_, noun)| noun);
    TABLE.iter().find(|(nouns, _)| nouns.contains(&noun)).map_or(
        "Organization Management, unless the organisation has a role group of its own for it",
        |(_, groups)| groups,
    )
}

const TABLE: &[(&[&str], &str)] = &[
    (
        &["MailUser", "User", "LinkedUser", "Recipient", "MailContact", "Mailbox"],
        "Organization Management or Recipient Management (neither creates accounts under Active Directory split \
         permissions)",
    ),
    (
        &["ManagementRole", "ManagementRoleEntry", "ManagementRoleAssignment", "RoleGroupMember"],
        "Organization Management, with the management role 'Role Management' and a delegating assignment of the role \
         that is handed on",
    ),
    (&["PartnerApplication", "AuthConfig", "AuthServer"], "Organization Management"),
    (&["ExchangeCertificate"], "Organization Management or Server Management"),
    (
        &["OAuthConnectivity"],
        "Organization Management, Server Management or View-Only Organization Management",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_noun_has_an_answer() {
        for (cmdlet, word) in [
            ("New-MailUser", "Recipient Management"),
            ("New-ManagementRoleAssignment", "Role Management"),
            ("Set-PartnerApplication", "Organization Management"),
            ("Get-ExchangeCertificate", "Server Management"),
            ("Get-Whatever", "Organization Management"),
            ("Odd", "Organization Management"),
        ] {
            assert!(granting(cmdlet).contains(word), "{cmdlet}");
        }
    }
}
