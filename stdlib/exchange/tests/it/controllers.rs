//! One domain controller for all calls of a run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use contracts::CallContext;
use exchange::{ShellError, ShellErrorKind};
use model::{Class, Code, Value};
use powershell::RefusalKind;
use serde_json::json;
use sim::{Act, Faults, Injection};

use crate::support::{ACCOUNT, Bench, Scripted, Stage, record};

#[tokio::test]
async fn chosen_once_pinned_and_named_in_every_call() {
    let bench = Bench::with(|spec| spec.replication_delay_calls = 1000);
    bench.new_account().await;
    let found = bench.reply("mail_user", [("name", ACCOUNT.into())]).await.unwrap();
    // Another controller would not show it for a thousand calls.
    assert_ne!(found.value, Value::Null);
    assert_eq!(found.evidence.get("domain_controller"), Some(&Value::text("dc1.contoso.lab")));
    let sent = bench.sent();
    let asked = sent.iter().filter(|command| command.cmdlet == "Get-DomainController").count();
    assert_eq!(asked, 1);
    for command in sent.iter().filter(|command| command.cmdlet != "Get-DomainController") {
        assert_eq!(command.parameters["DomainController"], "dc1.contoso.lab", "{}", command.cmdlet);
    }
}

#[tokio::test]
async fn a_controller_that_is_gone_is_replaced_and_said() {
    let bench = Bench::new();
    bench.get("mail_user", [("name", ACCOUNT.into())]).await;
    let gone = Injection {
        on: "Get-MailUser".into(),
        nth: 1,
        times: 1,
        act: Act::DcGone { name: "dc1.contoso.lab".into() },
    };
    bench.shell.world.faults(Faults { injections: vec![gone], ..Faults::default() }).unwrap();
    let failed = bench.fail("mail_user", [("name", ACCOUNT.into())]).await;
    assert_eq!((failed.code, failed.class), (Code::ExchangeDomainController, Class::Transient));
    assert!(failed.message.contains("dc1.contoso.lab") && failed.message.contains("dc2.contoso.lab"));
    let again = bench.reply("mail_user", [("name", ACCOUNT.into())]).await.unwrap();
    assert_eq!(again.evidence.get("domain_controller"), Some(&Value::text("dc2.contoso.lab")));
}

/// Three controllers that the directory lists, of which some do not serve.
fn listed(away: &Arc<Mutex<Vec<&'static str>>>) -> Stage {
    let away = Arc::clone(away);
    Stage::new(Scripted::new(move |command| {
        let row = |name: &str| json!({ "DnsHostName": name });
        if command.cmdlet == "Get-DomainController" {
            return Ok(["dc1", "dc2", "dc3"].map(row).to_vec());
        }
        let named = command.parameters["DomainController"].as_str().unwrap();
        if away.lock().unwrap().contains(&named) {
            // A type of its own, of a base that is known.
            return Err(record(&[
                "Microsoft.Exchange.Data.Directory.SuitabilityOfSomeKindException",
                "Microsoft.Exchange.Data.Directory.SuitabilityException",
            ]));
        }
        Ok(Vec::new())
    }))
}

fn pin(stage: &Stage) -> Option<Value> {
    stage.context.pin("domain_controller")
}

#[tokio::test]
async fn a_controller_that_is_listed_and_does_not_serve_is_given_up_after_three_calls_in_a_row() {
    let away = Arc::new(Mutex::new(vec![]));
    let stage = listed(&away);
    let look = || stage.reply("management_role", [("name", "x".into())]);
    look().await.unwrap();
    *away.lock().unwrap() = vec!["dc1", "dc2"];
    for _ in 0..2 {
        let failed = look().await.unwrap_err();
        assert_eq!((failed.code, failed.class), (Code::ExchangeDomainController, Class::Transient));
        assert!(failed.hint.unwrap().contains("in a row"));
        assert_eq!(pin(&stage), Some(Value::text("dc1")));
    }
    // It came back in time: counting begins anew.
    away.lock().unwrap().clear();
    look().await.unwrap();
    *away.lock().unwrap() = vec!["dc1", "dc2"];
    for _ in 0..2 {
        look().await.unwrap_err();
        assert_eq!(pin(&stage), Some(Value::text("dc1")));
    }
    let failed = look().await.unwrap_err();
    assert_eq!((failed.code, failed.class), (Code::ExchangeDomainController, Class::Transient));
    // The second does not serve either, so it is not chosen.
    assert!(failed.message.contains("'dc1' is gone") && failed.message.contains("'dc3'"), "{failed}");
    assert_eq!(pin(&stage), Some(Value::text("dc3")));
    look().await.unwrap();
}

#[tokio::test]
async fn the_first_that_serves_is_chosen() {
    let away = Arc::new(Mutex::new(vec!["dc1", "dc2", "dc3"]));
    let stage = listed(&away);
    let look = || stage.reply("management_role", [("name", "x".into())]);
    let failed = look().await.unwrap_err();
    assert_eq!((failed.code, failed.class), (Code::ExchangeDomainController, Class::Transient));
    assert!(failed.message.contains("none of the 3"), "{failed}");
    assert_eq!(pin(&stage), None);
    *away.lock().unwrap() = vec!["dc1", "dc2"];
    look().await.unwrap();
    assert_eq!(pin(&stage), Some(Value::text("dc3")));
    // And then none does: the pin stays.
    *away.lock().unwrap() = vec!["dc1", "dc2", "dc3"];
    for _ in 0..4 {
        let failed = look().await.unwrap_err();
        assert_eq!((failed.code, failed.class), (Code::ExchangeDomainController, Class::Transient));
    }
    assert_eq!(pin(&stage), Some(Value::text("dc3")));
}

#[tokio::test]
async fn a_session_that_cannot_be_had_says_nothing_about_controllers() {
    let kind = ShellErrorKind::NoSession(RefusalKind::Quota);
    let full = Arc::new(AtomicBool::new(false));
    let stage = Stage::new(Scripted::new({
        let full = Arc::clone(&full);
        move |command| match command.cmdlet.as_str() {
            _ if full.load(Ordering::Relaxed) => Err(ShellError::new(kind, "the 19th shell")),
            "Get-DomainController" => Ok(vec![json!({ "DnsHostName": "dc1" })]),
            // The account may not see it; the controller serves.
            "Get-AuthConfig" => Err(record(&["System.Management.Automation.CommandNotFoundException"])),
            _ => Ok(Vec::new()),
        }
    }));
    let look = || stage.reply("management_role", [("name", "x".into())]);
    look().await.unwrap();
    assert_eq!(pin(&stage), Some(Value::text("dc1")));
    stage.shell.sent();
    full.store(true, Ordering::Relaxed);
    let failed = look().await.unwrap_err();
    assert_eq!((failed.code, failed.class), (Code::ExchangeTransient, Class::Transient));
    assert!(failed.retry_after_ms.is_some() && failed.hint.is_some());
    assert_eq!(stage.shell.sent().len(), 1);
}

#[tokio::test]
async fn a_write_that_met_a_controller_on_its_way_down_is_in_doubt() {
    let bench = Bench::new();
    bench.get("mail_user", [("name", ACCOUNT.into())]).await;
    let gone = Injection {
        on: "New-MailUser".into(),
        nth: 1,
        times: 1,
        act: Act::DcGone { name: "dc1.contoso.lab".into() },
    };
    bench.shell.world.faults(Faults { injections: vec![gone], ..Faults::default() }).unwrap();
    let failed = bench
        .fail("new_mail_user", [("name", ACCOUNT.into()), ("external_email_address", "a@contoso.com".into())])
        .await;
    assert_eq!((failed.code, failed.class), (Code::ExchangeDomainController, Class::InDoubt));
    assert_eq!(bench.context.pin("domain_controller"), Some(Value::text("dc2.contoso.lab")));
    let sent = bench.sent().iter().filter(|command| command.cmdlet == "New-MailUser").count();
    assert_eq!(sent, 1);
}

#[tokio::test]
async fn what_passes_and_is_not_the_controllers_leaves_the_pin() {
    let failing = Arc::new(AtomicBool::new(true));
    let stage = Stage::new(Scripted::new({
        let failing = Arc::clone(&failing);
        move |command| match command.cmdlet.as_str() {
            "Get-DomainController" => {
                Ok(vec![json!({ "DnsHostName": "dc1" }), json!({ "DnsHostName": "dc2" })])
            }
            "Get-AuthConfig" => Ok(Vec::new()),
            _ if failing.load(Ordering::Relaxed) => {
                Err(record(&["Microsoft.Exchange.Data.Directory.ADTransientException"]))
            }
            _ => Ok(Vec::new()),
        }
    }));
    for _ in 0..5 {
        let failed = stage.reply("management_role", [("name", "x".into())]).await.unwrap_err();
        assert_eq!((failed.code, failed.class), (Code::ExchangeTransient, Class::Transient));
    }
    failing.store(false, Ordering::Relaxed);
    stage.reply("management_role", [("name", "x".into())]).await.unwrap();
    assert_eq!(pin(&stage), Some(Value::text("dc1")));
}
