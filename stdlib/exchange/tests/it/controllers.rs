//! One domain controller for all calls of a run.

use model::{Class, Code, Value};
use sim::{Act, Faults, Injection};

use crate::support::{ACCOUNT, Bench};

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
