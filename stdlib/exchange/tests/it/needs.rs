//! What the functions send is what they say they need, no more and no less.

use std::collections::{BTreeMap, BTreeSet};

use model::Value;

use crate::support::{ACCOUNT, Bench, SKYPE};

#[tokio::test]
async fn everything_that_is_sent_is_needed_and_everything_needed_is_sent() {
    let bench = Bench::new();
    let name = ("name", Value::text(ACCOUNT));
    bench.get("mail_user", [name.clone()]).await;
    let address = Value::text(format!("{ACCOUNT}@contoso.com"));
    bench.get("recipient_by_address", [("address", address.clone())]).await;
    let made = bench.get("new_mail_user", [name.clone(), ("external_email_address", address)]).await;
    let guid = ("guid", made.get("guid").unwrap().clone());
    bench.get("set_mail_user", [guid.clone(), ("hidden_from_address_lists_enabled", true.into())]).await;
    bench.get("set_user", [guid.clone(), ("remote_powershell_enabled", false.into())]).await;
    bench.get("linked_account", [guid.clone()]).await;
    bench.get("linked_account_roles", [guid.clone()]).await;
    let role = Value::text("TeamsApp");
    bench.get("management_role", [("name", role.clone())]).await;
    bench
        .get(
            "new_management_role",
            [
                ("name", role.clone()),
                ("parent", "UserApplication".into()),
                ("description", "made for a test".into()),
            ],
        )
        .await;
    bench.get("management_role_entries", [("role", role.clone())]).await;
    let entry = [("role", role.clone()), ("entry", "FindItem".into())];
    bench.get("remove_management_role_entry", entry.clone()).await;
    bench.get("add_management_role_entry", entry).await;
    bench.get("management_role_assignments", [("role", role.clone())]).await;
    let assignment = ("name", Value::text("TeamsApp-account"));
    let user = ("user_guid", guid.1.clone());
    bench.get("new_management_role_assignment", [("role", role.clone()), user, assignment.clone()]).await;
    let application = ("application_id", Value::text(SKYPE));
    let account = ("linked_account_guid", guid.1.clone());
    let enabled = ("enabled", Value::Bool(true));
    let made = bench
        .get(
            "new_partner_application",
            [("name", "SfB".into()), application.clone(), account.clone(), enabled.clone()],
        )
        .await;
    let own = ("guid", made.get("guid").unwrap().clone());
    bench.get("partner_applications", [application]).await;
    bench.get("set_partner_application", [own.clone(), account, enabled]).await;
    bench.get("remove_partner_application", [own]).await;
    bench.get("remove_management_role_assignment", [assignment]).await;
    bench.get("remove_management_role", [("name", role)]).await;
    bench.get("remove_mail_user", [guid]).await;
    let config = bench.get("auth_config", []).await;
    let thumbprint = config.get("current_thumbprint").unwrap().clone();
    bench.get("certificate", [("thumbprint", thumbprint)]).await;
    for function in [
        "exchange_servers",
        "auth_servers",
        "intra_organization_connectors",
        "organization",
        "virtual_directories",
    ] {
        bench.get(function, []).await;
    }

    let mut sent: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for command in bench.sent() {
        sent.entry(command.cmdlet).or_default().extend(command.parameters.keys().cloned());
    }
    let needed: BTreeMap<String, BTreeSet<String>> = exchange::needs()
        .iter()
        .map(|need| (need.cmdlet.to_owned(), need.parameters.iter().map(|one| (*one).to_owned()).collect()))
        .collect();
    assert_eq!(sent, needed);
}
