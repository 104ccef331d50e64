//! Partner applications, and what the health checks of hybrid OAuth look at.

use model::{Class, Code, Value};

use serde_json::json;

use crate::support::{Bench, SKYPE, Scripted, Stage};

#[tokio::test]
async fn an_application_under_any_name() {
    let bench = Bench::new();
    let user = bench.new_account().await;
    let id = ("application_id", Value::text(SKYPE));
    assert_eq!(bench.get("partner_applications", [id.clone()]).await, Value::List(vec![]));
    let made = bench
        .get(
            "new_partner_application",
            [("name", "SfBOnline".into()), id.clone(), ("linked_account_guid", user.clone())],
        )
        .await;
    assert_eq!(made.get("linked_account_guid"), Some(&user));
    assert_eq!(made.get("enabled"), Some(&Value::Bool(true)));
    let found = bench.get("partner_applications", [("application_id", SKYPE.to_uppercase().into())]).await;
    assert_eq!(found, Value::List(vec![made.clone()]));
    let guid = made.get("guid").unwrap().clone();
    bench.get("set_partner_application", [("guid", guid.clone()), ("enabled", false.into())]).await;
    let found = bench.get("partner_applications", [id.clone()]).await;
    assert_eq!(found.as_list().unwrap()[0].get("enabled"), Some(&Value::Bool(false)));
    bench
        .get("set_partner_application", [("guid", guid.clone()), ("clear_linked_account", true.into())])
        .await;
    let found = bench.get("partner_applications", [id.clone()]).await;
    assert_eq!(found.as_list().unwrap()[0].get("linked_account_guid"), Some(&Value::Null));
    let back = [("guid", guid.clone()), ("linked_account_guid", user.clone())];
    bench.get("set_partner_application", back).await;
    let found = bench.get("partner_applications", [id.clone()]).await;
    assert_eq!(found.as_list().unwrap()[0].get("linked_account_guid"), Some(&user));
    let both = [
        ("guid", guid.clone()),
        ("linked_account_guid", user.clone()),
        ("clear_linked_account", true.into()),
    ];
    assert_eq!(bench.fail("set_partner_application", both).await.code, Code::Argument);
    let twice = bench
        .fail(
            "new_partner_application",
            [("name", "Other".into()), id.clone(), ("linked_account_guid", user)],
        )
        .await;
    assert_eq!((twice.code, twice.class), (Code::ExchangeExists, Class::Conflict));
    bench.get("remove_partner_application", [("guid", guid)]).await;
    assert_eq!(bench.get("partner_applications", [id]).await, Value::List(vec![]));
}

#[tokio::test]
async fn a_linked_account_of_which_only_the_name_came() {
    for (linked, users, expected) in [
        (
            json!("contoso.lab/Users/x"),
            json!([{ "Identity": "Contoso.lab/Users/X", "Guid": "G1" }]),
            Value::text("g1"),
        ),
        (
            json!({ "ToString": "CN=x,DC=lab" }),
            json!([{ "DistinguishedName": "CN=x,DC=lab", "Guid": "G1" }]),
            Value::text("g1"),
        ),
        (json!({ "ToString": "x", "ObjectGuid": "{G2}" }), json!([]), Value::text("g2")),
        (json!(null), json!([{ "Identity": "", "Guid": "G1" }]), Value::Null),
        (json!(""), json!([{ "Identity": "", "Guid": "G1" }]), Value::Null),
        // Everybody, as for an identity that nothing has.
        (
            json!("contoso.lab/Users/x"),
            json!([{ "Identity": "contoso.lab/Users/y", "Guid": "G1" }]),
            Value::CannotTell(
                "no account answers to 'contoso.lab/Users/x', which LinkedAccount names".into(),
            ),
        ),
    ] {
        let stage = Stage::new(Scripted::new(move |command| {
            Ok(match command.cmdlet.as_str() {
                "Get-DomainController" => vec![json!({ "DnsHostName": "dc1" })],
                "Get-User" => users.as_array().unwrap().clone(),
                _ => vec![
                    json!({ "ApplicationIdentifier": SKYPE, "Enabled": "True", "LinkedAccount": linked }),
                ],
            })
        }));
        let id = ("application_id", Value::text(SKYPE));
        let found = stage.reply("partner_applications", [id.clone()]).await.unwrap().value;
        let one = &found.as_list().unwrap()[0];
        assert_eq!(one.get("linked_account_guid"), Some(&expected));
        assert_eq!(one.get("enabled"), Some(&Value::Bool(true)));
        let account = ("linked_account_guid", Value::text("g1"));
        let made = stage.reply("new_partner_application", [("name", "x".into()), id, account]).await.unwrap();
        assert_eq!(made.value.get("linked_account_guid"), Some(&expected));
    }
}

#[tokio::test]
async fn no_application_without_an_account() {
    let bench = Bench::new();
    for account in [Value::Null, "".into()] {
        let refused = bench
            .fail(
                "new_partner_application",
                [
                    ("name", "SfBOnline".into()),
                    ("application_id", SKYPE.into()),
                    ("linked_account_guid", account),
                ],
            )
            .await;
        assert_eq!(refused.code, Code::Argument);
    }
    assert!(bench.shell.world.ledger().is_empty());
}

#[tokio::test]
async fn what_the_eight_checks_need() {
    let bench = Bench::new();
    let servers = bench.get("auth_servers", []).await;
    let types: Vec<&str> =
        servers.as_list().unwrap().iter().filter_map(|one| one.get("type")?.as_text()).collect();
    assert_eq!(types, ["MicrosoftACS", "AzureAD"]);
    let connectors = bench.get("intra_organization_connectors", []).await;
    let [connector] = connectors.as_list().unwrap() else { panic!("{connectors}") };
    assert_eq!(connector.get("enabled"), Some(&Value::Bool(true)));
    let applications = bench
        .get("partner_applications", [("application_id", "00000002-0000-0ff1-ce00-000000000000".into())])
        .await;
    let application = &applications.as_list().unwrap()[0];
    assert_eq!(application.get("use_auth_server"), Some(&Value::Bool(true)));
    assert_eq!(application.get("certificates"), Some(&Value::Int(0)));
    let account = application.get("linked_account_guid").unwrap().clone();
    let linked = bench.get("linked_account", [("guid", account.clone())]).await;
    assert_eq!(linked.get("recipient_type_details"), Some(&Value::text("LinkedUser")));
    assert_eq!(linked.get("account_disabled"), Some(&Value::Bool(true)));
    let roles = bench.get("linked_account_roles", [("guid", account)]).await;
    assert_eq!(roles.as_list().unwrap().len(), 7);
    let organization = bench.get("organization", []).await;
    assert!(
        organization
            .get("accepted_domains")
            .unwrap()
            .as_list()
            .unwrap()
            .contains(&Value::text("contoso.com"))
    );
    let directories = bench.get("virtual_directories", []).await;
    let directories = directories.as_list().unwrap();
    assert_eq!(directories.len(), 4);
    assert!(directories.iter().all(|one| one.get("oauth") == Some(&Value::Bool(true))));
    assert!(directories.iter().all(|one| one.get("ws_security") == Some(&Value::Bool(true))));
}
