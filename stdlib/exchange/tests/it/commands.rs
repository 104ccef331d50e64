//! What would be sent, as a person would type it, and that it is what is sent.

use contracts::HostModule;
use model::{Effect, Value};

use crate::support::{ACCOUNT, Bench, SKYPE};

#[tokio::test]
async fn the_lines_of_the_six_steps() {
    let bench = Bench::new();
    let guid = Value::text("11111111-2222-3333-4444-555555555555");
    let role = ("role", Value::text("TeamsApp"));
    bench.get("mail_user", [("name", ACCOUNT.into())]).await;
    let calls = [
        (
            bench.call(
                "new_mail_user",
                [("name", "O'Neil".into()), ("external_email_address", "a@contoso.com".into())],
            ),
            "New-MailUser -Name 'O''Neil' -ExternalEmailAddress 'a@contoso.com'",
        ),
        (
            bench.call(
                "set_mail_user",
                [("guid", guid.clone()), ("hidden_from_address_lists_enabled", true.into())],
            ),
            "Set-MailUser -Identity '11111111-2222-3333-4444-555555555555' -HiddenFromAddressListsEnabled $true",
        ),
        (
            bench.call(
                "new_management_role",
                [
                    ("name", "TeamsApp".into()),
                    ("parent", "UserApplication".into()),
                    ("description", "made by run x".into()),
                ],
            ),
            "New-ManagementRole -Name 'TeamsApp' -Description 'made by run x' -Parent 'UserApplication'",
        ),
        (
            bench.call("remove_management_role_entry", [role.clone(), ("entry", "FindItem".into())]),
            "Remove-ManagementRoleEntry -Identity 'TeamsApp\\FindItem'",
        ),
        (
            bench.call(
                "new_management_role_assignment",
                [role, ("user_guid", Value::Unknown("application_account.guid".into()))],
            ),
            "New-ManagementRoleAssignment -Role 'TeamsApp' -User '<application_account.guid>'",
        ),
        (
            bench.call(
                "new_partner_application",
                [
                    ("name", "SfBOnline".into()),
                    ("application_id", SKYPE.into()),
                    ("linked_account_guid", guid),
                ],
            ),
            "New-PartnerApplication -Name 'SfBOnline' -ApplicationIdentifier '00000004-0000-0ff1-ce00-000000000000' \
             -Enabled $true -LinkedAccount '11111111-2222-3333-4444-555555555555'",
        ),
    ];
    for (call, expected) in calls {
        let name = call.function.clone();
        let described = bench.module.describe(call).await.unwrap();
        let confirm = if name.starts_with("remove") { " -Confirm:$false" } else { "" };
        assert_eq!(described.len(), 1);
        assert_eq!(described[0].channel, "powershell");
        assert_eq!(described[0].line, format!("{expected} -DomainController 'dc1.contoso.lab'{confirm}"));
    }
    assert!(bench.shell.world.ledger().is_empty());
}

#[test]
fn every_function_is_declared_whole() {
    let functions = exchange::functions();
    let names: std::collections::BTreeSet<&str> = functions.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names.len(), functions.len());
    for function in &functions {
        assert!(!function.doc.is_empty() && function.module == "exchange", "{}", function.name);
        let verb =
            ["new_", "set_", "add_", "remove_", "run"].iter().any(|verb| function.name.starts_with(verb));
        assert_eq!(function.effect == Effect::Write, verb, "{}", function.name);
        assert_eq!(function.settle_ms > 0, verb, "{}", function.name);
        assert!(verb || !function.returns.is_empty(), "{}", function.name);
    }
}
