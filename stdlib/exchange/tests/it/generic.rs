//! Cmdlets by their names.

use contracts::HostModule;
use model::value::Map;
use model::{Class, Code, Value};
use serde_json::json;

use crate::support::{ACCOUNT, Bench, Scripted, Stage, record};

fn parameters<const N: usize>(given: [(&str, Value); N]) -> (&'static str, Value) {
    ("parameters", Value::Map(given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

#[tokio::test]
async fn reads_give_exchanges_own_properties() {
    let bench = Bench::new();
    bench.new_account().await;
    bench.sent();
    let found = bench.get("get", [("cmdlet", "Get-AcceptedDomain".into())]).await;
    let rows = found.as_list().unwrap();
    assert!(rows.iter().any(|row| row.get("DomainName") == Some(&Value::text("contoso.com"))), "{found}");
    let one = bench
        .get("get", [("cmdlet", "Get-MailUser".into()), parameters([("Identity", ACCOUNT.into())])])
        .await;
    assert_eq!(one.as_list().unwrap()[0].get("Name"), Some(&Value::text(ACCOUNT)));
    let sent = bench.sent();
    assert!(sent.iter().all(|command| command.parameters["DomainController"] == "dc1.contoso.lab"));
    // No such parameter: left away by the table, or because the call says so.
    bench.get("get", [("cmdlet", "Get-IntraOrganizationConfiguration".into())]).await;
    bench.get("get", [("cmdlet", "Get-AuthConfig".into()), ("domain_controller", false.into())]).await;
    assert!(bench.sent().iter().all(|command| !command.parameters.contains_key("DomainController")));
}

#[tokio::test]
async fn a_read_that_finds_nothing_gives_nothing() {
    let bench = Bench::with(|spec| spec.unknown_identity = sim::UnknownIdentity::NotFound);
    let found = bench
        .get("get", [("cmdlet", "Get-MailUser".into()), parameters([("Identity", "nobody".into())])])
        .await;
    assert_eq!(found, Value::List(vec![]));
}

#[tokio::test]
async fn writes_are_sent_once_and_without_a_question() {
    let bench = Bench::new();
    let guid = bench.new_account().await;
    let line = |call| async { bench.module.describe(call).await.unwrap().remove(0).line };
    let described = line(
        bench.call("run", [("cmdlet", "Remove-MailUser".into()), parameters([("Identity", guid.clone())])]),
    )
    .await;
    assert_eq!(
        described,
        format!(
            "Remove-MailUser -Identity '{}' -DomainController 'dc1.contoso.lab' -Confirm:$false",
            guid.as_text().unwrap()
        )
    );
    bench.sent();
    bench.get("run", [("cmdlet", "Remove-MailUser".into()), parameters([("Identity", guid.clone())])]).await;
    let sent = bench.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].parameters["Confirm"], json!(false));
    assert_eq!(bench.get("mail_user", [("name", ACCOUNT.into())]).await, Value::Null);
    let gone =
        bench.fail("run", [("cmdlet", "Remove-MailUser".into()), parameters([("Identity", guid)])]).await;
    assert_eq!((gone.code, gone.class), (Code::ExchangeNotFound, Class::Conflict));
    let described = line(bench.call(
        "run",
        [
            ("cmdlet", "Set-AuthConfig".into()),
            parameters([
                ("NewCertificateThumbprint", "<known after x.thumbprint>".into()),
                ("NewCertificateEffectiveDate", "2026-12-01".into()),
            ]),
        ],
    ))
    .await;
    assert_eq!(
        described,
        "Set-AuthConfig -Force $true -NewCertificateEffectiveDate '2026-12-01' -NewCertificateThumbprint '<known after \
         x.thumbprint>' -DomainController 'dc1.contoso.lab' -Confirm:$false"
    );
}

#[tokio::test]
async fn the_wrong_function_is_refused_before_anything_is_sent() {
    let bench = Bench::new();
    for (function, cmdlet, given, word) in [
        ("get", "Remove-MailUser", Map::new(), "exchange::run"),
        ("run", "Get-MailUser", Map::new(), "exchange::get"),
        ("run", "Remove-MailUser", Map::from([("Identity".into(), "*".into())]), "one object"),
        ("run", "Remove-MailUser", Map::from([("Identity".into(), "".into())]), "every object"),
        ("run", "Start-Process", Map::from([("FilePath".into(), "cmd".into())]), "known to read"),
        ("get", "Get-MailUser | Remove-MailUser", Map::new(), "known to read"),
    ] {
        let failed = bench.fail(function, [("cmdlet", cmdlet.into()), ("parameters", given.into())]).await;
        assert_eq!((failed.code, failed.class), (Code::Argument, Class::Invalid), "{cmdlet}");
        assert!(failed.hint.as_deref().is_some_and(|hint| hint.contains(word)), "{failed:?}");
    }
    assert!(bench.sent().is_empty());
}

#[tokio::test]
async fn a_write_that_gave_an_object_and_an_error_is_in_doubt() {
    let kind = exchange::ShellErrorKind::FailedWithOutput;
    let stage = Stage::new(Scripted::new(move |command| match command.cmdlet.as_str() {
        "Get-DomainController" => Ok(vec![json!({ "DnsHostName": "dc1" })]),
        "Get-AuthConfig" => Ok(vec![]),
        _ => Err(exchange::ShellError { kind, ..record(&["Microsoft.Exchange.SomethingException"]) }),
    }));
    let failed = stage.reply("run", [("cmdlet", "New-AcceptedDomain".into())]).await.unwrap_err();
    assert_eq!((failed.code, failed.class), (Code::ExchangeInDoubt, Class::InDoubt));
    assert!(failed.message.starts_with("New-AcceptedDomain: Der Vorgang"));
    let failed = stage.reply("get", [("cmdlet", "Get-AcceptedDomain".into())]).await.unwrap_err();
    assert_eq!((failed.code, failed.class), (Code::ExchangeInvalid, Class::Invalid));
    let sent: Vec<String> = stage.shell.sent().into_iter().map(|command| command.cmdlet).collect();
    assert_eq!(sent, ["Get-DomainController", "Get-AuthConfig", "New-AcceptedDomain", "Get-AcceptedDomain"]);
}
