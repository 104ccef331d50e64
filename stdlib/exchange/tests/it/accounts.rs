//! Mail users and addresses.

use contracts::HostModule;
use model::{Class, Code, Value};
use serde_json::json;

use crate::support::{ACCOUNT, Bench, canned};

#[tokio::test]
async fn an_account_from_nothing_to_nothing() {
    let bench = Bench::new();
    assert_eq!(bench.get("mail_user", [("name", ACCOUNT.into())]).await, Value::Null);
    let made = bench
        .get(
            "new_mail_user",
            [
                ("name", ACCOUNT.into()),
                ("external_email_address", Value::text(format!("{ACCOUNT}@contoso.com"))),
            ],
        )
        .await;
    assert_eq!(made.get("external_email_address"), Some(&Value::text(format!("{ACCOUNT}@contoso.com"))));
    assert_eq!(made.get("hidden_from_address_lists_enabled"), Some(&Value::Bool(false)));
    assert_eq!(made.get("remote_powershell_enabled"), Some(&Value::Bool(true)));
    let guid = made.get("guid").unwrap().clone();
    bench
        .get("set_mail_user", [("guid", guid.clone()), ("hidden_from_address_lists_enabled", true.into())])
        .await;
    bench.get("set_user", [("guid", guid.clone()), ("remote_powershell_enabled", false.into())]).await;
    let found = bench.get("mail_user", [("name", ACCOUNT.to_uppercase().into())]).await;
    assert_eq!(found.get("hidden_from_address_lists_enabled"), Some(&Value::Bool(true)));
    assert_eq!(found.get("remote_powershell_enabled"), Some(&Value::Bool(false)));
    let owner =
        bench.get("recipient_by_address", [("address", format!("{ACCOUNT}@CONTOSO.com").into())]).await;
    assert_eq!(owner.get("guid"), Some(&guid));
    bench.get("remove_mail_user", [("guid", guid.clone())]).await;
    assert_eq!(bench.get("mail_user", [("name", ACCOUNT.into())]).await, Value::Null);
    let gone = bench.fail("remove_mail_user", [("guid", guid)]).await;
    assert_eq!((gone.code, gone.class), (Code::ExchangeNotFound, Class::Conflict));
}

#[tokio::test]
async fn a_name_that_names_nothing_is_nothing_however_strict_the_server() {
    for strict in [sim::UnknownIdentity::All, sim::UnknownIdentity::NotFound] {
        let bench = Bench::with(|spec| spec.unknown_identity = strict);
        bench.new_account().await;
        for name in ["SfBOnline", "SfBOnline-ApplicationAccount2", "O'Neil"] {
            assert_eq!(bench.get("mail_user", [("name", name.into())]).await, Value::Null, "{name}");
        }
        assert_eq!(
            bench.get("recipient_by_address", [("address", "x@contoso.com".into())]).await,
            Value::Null
        );
        let nobody = "11111111-2222-3333-4444-555555555555";
        assert_eq!(bench.get("linked_account", [("guid", nobody.into())]).await, Value::Null);
        assert_eq!(bench.get("linked_account_roles", [("guid", nobody.into())]).await, Value::List(vec![]));
    }
}

#[tokio::test]
async fn a_taken_name_or_address_is_a_conflict() {
    let bench = Bench::new();
    bench.new_account().await;
    for (name, address) in
        [(ACCOUNT, "other@contoso.com"), ("Other", "SfBOnline-ApplicationAccount@contoso.com")]
    {
        let refused = bench
            .fail("new_mail_user", [("name", name.into()), ("external_email_address", address.into())])
            .await;
        assert_eq!((refused.code, refused.class), (Code::ExchangeExists, Class::Conflict));
        assert!(refused.evidence.contains_key("exception_type"));
    }
}

#[tokio::test]
async fn nothing_that_could_mean_everything_is_sent() {
    let bench = Bench::new();
    for name in ["", " ", "*", "Sf*"] {
        assert_eq!(bench.fail("mail_user", [("name", name.into())]).await.code, Code::Argument, "{name:?}");
    }
    assert_eq!(bench.fail("remove_mail_user", [("guid", Value::Null)]).await.code, Code::Argument);
    assert_eq!(bench.fail("set_mail_user", [("guid", "x".into())]).await.code, Code::Argument);
    assert_eq!(bench.fail("set_partner_application", [("guid", "x".into())]).await.code, Code::Argument);
    let long = bench
        .fail("new_mail_user", [("name", "x".repeat(65).into()), ("external_email_address", "a@b.c".into())])
        .await;
    assert_eq!(long.code, Code::Argument);
    assert!(bench.sent().is_empty());
}

#[tokio::test]
async fn a_server_that_shows_powershell_on_the_user_only_is_asked_for_the_user() {
    let (module, context) = canned(|cmdlet| match cmdlet {
        "Get-DomainController" => vec![json!({ "DnsHostName": "dc1" })],
        "Get-AuthConfig" => vec![],
        "Get-MailUser" => vec![json!({ "Name": "x", "Guid": "AA" }), json!({ "Name": "xy", "Guid": "BB" })],
        "Get-User" => vec![
            json!({ "Guid": "BB", "RemotePowerShellEnabled": "False" }),
            json!({ "Guid": "aa", "RemotePowerShellEnabled": "True" }),
        ],
        other => panic!("{other}"),
    });
    let call = contracts::HostCall {
        function: "mail_user".into(),
        arguments: [("name".to_owned(), Value::text("X"))].into(),
        context,
    };
    let found = module.call(call).await.unwrap().value;
    assert_eq!(found.get("guid"), Some(&Value::text("aa")));
    assert_eq!(found.get("remote_powershell_enabled"), Some(&Value::Bool(true)));
}

#[tokio::test]
async fn two_of_one_name_cannot_be_told_apart() {
    let (module, context) = canned(|cmdlet| match cmdlet {
        "Get-DomainController" => vec![json!({ "DnsHostName": "dc1" })],
        _ => vec![json!({ "Name": "x", "Guid": "aa" }), json!({ "Name": "X", "Guid": "bb" })],
    });
    let call = contracts::HostCall {
        function: "mail_user".into(),
        arguments: [("name".to_owned(), Value::text("x"))].into(),
        context,
    };
    assert_eq!(module.call(call).await.unwrap_err().class, Class::Conflict);
}
