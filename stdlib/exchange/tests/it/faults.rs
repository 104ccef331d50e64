//! Answers that do not come, and sessions that are told to wait.

use model::{Class, Code, Value};
use sim::{Act, Faults, Injection};

use crate::support::{ACCOUNT, Bench};

fn inject(bench: &Bench, on: &str, act: Act) {
    let injection = Injection { on: on.into(), nth: 1, times: 1, act };
    bench.shell.world.faults(Faults { injections: vec![injection], ..Faults::default() }).unwrap();
}

#[tokio::test]
async fn a_write_without_an_answer_is_in_doubt_whether_it_happened_or_not() {
    for (act, happened) in [
        (Act::TimeoutAfter, true),
        (Act::Cut { after_effect: true }, true),
        (Act::TimeoutBefore, false),
        (Act::Cut { after_effect: false }, false),
    ] {
        let bench = Bench::new();
        inject(&bench, "New-MailUser", act);
        let failed = bench
            .fail(
                "new_mail_user",
                [("name", ACCOUNT.into()), ("external_email_address", "a@contoso.com".into())],
            )
            .await;
        assert_eq!((failed.code, failed.class), (Code::ExchangeInDoubt, Class::InDoubt));
        assert_eq!(failed.evidence.get("domain_controller"), Some(&Value::text("dc1.contoso.lab")));
        let found = bench.get("mail_user", [("name", ACCOUNT.into())]).await;
        assert_eq!(found != Value::Null, happened);
        let sent = bench.sent().iter().filter(|command| command.cmdlet == "New-MailUser").count();
        assert_eq!(sent, 1);
    }
}

#[tokio::test]
async fn a_read_without_an_answer_and_a_throttled_session_come_back_later() {
    for (on, act) in [
        ("Get-MailUser", Act::TimeoutAfter),
        ("Get-MailUser", Act::Cut { after_effect: false }),
        ("Get-MailUser", Act::Throttle { retry_after: 30 }),
        ("Get-MailUser", Act::ServerError { status: 0, after_effect: false }),
        ("Get-DomainController", Act::TimeoutBefore),
    ] {
        let bench = Bench::new();
        inject(&bench, on, act);
        let failed = bench.fail("mail_user", [("name", ACCOUNT.into())]).await;
        assert_eq!((failed.code, failed.class), (Code::ExchangeTransient, Class::Transient), "{on}");
    }
    let bench = Bench::new();
    inject(&bench, "New-MailUser", Act::Throttle { retry_after: 30 });
    let failed = bench
        .fail("new_mail_user", [("name", ACCOUNT.into()), ("external_email_address", "a@contoso.com".into())])
        .await;
    assert_eq!(failed.class, Class::Transient);
}
