//! The remote transport under a whole shell, against a server by hand that misbehaves in every way we have a name for.

mod server;

use std::time::Duration;

use contracts::{Check, CheckVerdict};

use crate::clixml::Value;
use crate::testing::Call;
use crate::{
    CallError, Command, Connection, EXCHANGE_CONFIGURATION, Ended, Outcome, Refusal, RefusalKind, RemoteAuth,
    RemoteSettings, Shell,
};
use server::{Odd, Server, http};

const HTML: &str = "Content-Type: text/html\r\n";
const PAGE: &str = "<html><body>Anmeldung</body></html>";

fn settings(server: &Server) -> RemoteSettings {
    RemoteSettings {
        uri: format!("http://127.0.0.1:{}/PowerShell/", server.port),
        auth: RemoteAuth::Basic { user: "admin@contoso.lab".into(), password: "password".into() },
        configuration: EXCHANGE_CONFIGURATION.into(),
        only_roots: None,
        allow_http: true,
        poll: Duration::from_secs(5),
    }
}

fn tls_settings(server: &Server) -> RemoteSettings {
    RemoteSettings {
        uri: format!("https://127.0.0.1:{}/PowerShell/", server.port),
        only_roots: Some(include_bytes!("certificates/ca.pem").to_vec()),
        allow_http: false,
        ..settings(server)
    }
}

fn shell(settings: RemoteSettings) -> Shell {
    Shell::new(Connection::Remote(settings))
}

/// Too little time for the pauses between tries.
fn hurried() -> Call {
    Call { time_left: Duration::from_millis(900), ..Call::default() }
}

async fn write(shell: &Shell, call: &Call) -> Result<Outcome, CallError> {
    shell.run(&Command { cmdlet: "New-Thing".into(), parameters: Vec::new() }, call).await
}

#[track_caller]
fn good(result: Result<Outcome, CallError>) -> Outcome {
    let outcome = result.expect("it ran");
    assert_eq!((&outcome.ended, &outcome.output[..]), (&Ended::Completed, &[Value::Int(7)][..]));
    outcome
}

#[track_caller]
fn refused(result: Result<Outcome, CallError>) -> Refusal {
    match result {
        Err(CallError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_shell_serves_command_after_command_and_is_given_back() {
    let server = Server::start();
    server.plan("Create", [Odd::With("X-CalculatedBETarget: ex02.contoso.lab")]);
    let shell = shell(settings(&server));
    for _ in 0..3 {
        let outcome = good(write(&shell, &Call::default()).await);
        assert!(outcome.session.server.ends_with("(ex02.contoso.lab)"), "{}", outcome.session.server);
        assert_eq!(outcome.session.shell_id, server.state().shells[0]);
    }
    shell.close().await;
    let state = server.state();
    assert_eq!((state.opened, state.ran, state.shells.len()), (1, 3, 0));
    let terminated = state.seen.iter().filter(|(action, _)| *action == "Signal").count();
    assert_eq!(terminated, 3, "every command is let go of");
}

#[tokio::test]
async fn whoever_answers_instead_is_told_by_name_and_nothing_is_left_open() {
    let server = Server::start();
    let page = |status, more: &str| Odd::Instead(http(status, &format!("{HTML}{more}"), PAGE));
    for (odd, kind, part) in [
        (page(200, ""), RefusalKind::NotPowerShell, "HTTP 200 with a web page"),
        (page(302, "Location: https://owa.contoso.lab/\r\n"), RefusalKind::NotPowerShell, "owa.contoso.lab"),
        (page(401, ""), RefusalKind::SignIn, "without saying"),
        (
            page(401, "WWW-Authenticate: Negotiate, Kerberos\r\n"),
            RefusalKind::SignIn,
            "Negotiate, Kerberos, not Basic",
        ),
        (page(403, ""), RefusalKind::Denied, "HTTP 403"),
        (page(404, ""), RefusalKind::NotPowerShell, "HTTP 404"),
        (page(407, ""), RefusalKind::Unreachable, "HTTP 407"),
        (page(500, ""), RefusalKind::NotPowerShell, "HTTP 500"),
        (page(503, ""), RefusalKind::Busy, "HTTP 503"),
        (Odd::Instead(http(200, "", "")), RefusalKind::NotPowerShell, "without content"),
        (Odd::With("Content-Encoding: gzip"), RefusalKind::Protocol, "compressed (gzip)"),
        (
            Odd::Instead(http(200, "Content-Type: application/soap+xml\r\n", "<s:Envelope")),
            RefusalKind::Protocol,
            "no XML",
        ),
        (Odd::Instead("no HTTP at all\r\n\r\n".into()), RefusalKind::Unreachable, "POST http"),
        (Odd::NoWord, RefusalKind::Unreachable, "POST http"),
        (Odd::DoneAndCut, RefusalKind::Unreachable, "broke off"),
        (Odd::DoneWithoutWord, RefusalKind::Unreachable, "POST http"),
        (Odd::Fault(2_150_859_173, "QuotaLimit"), RefusalKind::Quota, "2150859173"),
        (Odd::Fault(5, "AccessDenied"), RefusalKind::Denied, "Das ging nicht."),
        (Odd::Fault(2_150_858_811, "DestinationUnreachable"), RefusalKind::Denied, "2150858811"),
        (Odd::Fault(2_150_858_752, "InvalidSelectors"), RefusalKind::Denied, "2150858752"),
        (Odd::Fault(2_150_859_161, "Odd"), RefusalKind::NotPowerShell, "2150859161"),
        (Odd::Fault(1326, "Odd"), RefusalKind::SignIn, "1326"),
        (Odd::Fault(77, "Odd"), RefusalKind::Protocol, "77"),
    ] {
        let shown = format!("{odd:?}");
        server.plan("Create", std::iter::repeat_n(odd, 5));
        let shell = shell(settings(&server));
        let refusal = refused(write(&shell, &hurried()).await);
        assert_eq!(refusal.kind, kind, "{shown}: {refusal:?}");
        assert!(refusal.message.contains(part), "{shown}: {refusal:?}");
        assert_eq!(server.state().shells.len(), 0, "{shown}: a shell was left behind");
        server.plan("Create", []);
    }
    assert_eq!(server.state().ran, 0);
}

#[tokio::test]
async fn the_nineteenth_shell_waits_until_one_is_free() {
    let server = Server::start();
    server.plan("Create", [Odd::Fault(2_150_859_173, "QuotaLimit")]);
    let shell = shell(settings(&server));
    good(write(&shell, &Call::default()).await);
    shell.close().await;
    assert_eq!(server.state().shells.len(), 0);
}

#[tokio::test]
async fn a_shell_that_vanished_is_opened_again_and_the_command_runs_once() {
    let server = Server::start();
    let shell = shell(settings(&server));
    good(write(&shell, &Call::default()).await);
    server.state().shells.clear();
    good(write(&shell, &Call::default()).await);
    shell.close().await;
    let state = server.state();
    assert_eq!((state.opened, state.ran, state.shells.len()), (2, 2, 0));
}

#[tokio::test]
async fn a_command_whose_answer_was_lost_is_unknown_and_never_sent_again() {
    for (odd, ran) in [
        (Odd::DoneWithoutWord, 1),
        (Odd::DoneAndCut, 1),
        (Odd::NoWord, 0),
        (Odd::With("Content-Encoding: gzip"), 1),
        (Odd::Instead(http(200, HTML, PAGE)), 0),
        (Odd::Instead(http(502, HTML, PAGE)), 0),
        (Odd::Fault(995, "InternalError"), 0),
    ] {
        let server = Server::start();
        let shown = format!("{odd:?}");
        server.plan("Command", [odd]);
        let shell = shell(settings(&server));
        let result = write(&shell, &Call::default()).await;
        assert!(matches!(result, Err(CallError::Unknown { .. })), "{shown}: {result:?}");
        assert_eq!(server.ids("Command").len(), 1, "{shown}");
        let state = server.state();
        assert_eq!((state.ran, state.shells.len()), (ran, 0), "{shown}");
    }
}

#[tokio::test]
async fn a_long_command_goes_in_parts_and_half_of_it_runs_nothing() {
    let server = Server::start();
    let long = Value::Text("x".repeat(300_000));
    let command = Command { cmdlet: "New-Thing".into(), parameters: vec![("Text".into(), long)] };
    let shell = shell(settings(&server));
    good(shell.run(&command, &Call::default()).await);
    let parts = server.ids("Send").len();
    assert!((2..6).contains(&parts), "{parts}");
    // The session that holds half a message is closed, and the whole is sent in a new one.
    server.plan("Send", [Odd::DoneWithoutWord]);
    good(shell.run(&command, &Call::default()).await);
    assert_eq!((server.ids("Create").len(), server.ids("Send").len()), (2, 2 * parts + 1));
    // Nobody knows what became of the last part.
    server
        .plan("Send", [Odd::With("X-A: b"), Odd::With("X-A: b"), Odd::DoneWithoutWord, Odd::DoneWithoutWord]);
    let result = shell.run(&command, &Call::default()).await;
    assert!(matches!(result, Err(CallError::Unknown { .. })) || parts != 3, "{parts}: {result:?}");
}

#[tokio::test]
async fn tls_knows_the_name_and_the_authority() {
    let (good_one, other) = (Server::start_tls("good"), Server::start_tls("other"));
    let trusted = shell(tls_settings(&good_one));
    good(write(&trusted, &Call::default()).await);
    trusted.close().await;
    for (settings, part) in [
        (tls_settings(&other), "another name"),
        (RemoteSettings { only_roots: None, ..tls_settings(&good_one) }, "not trusted"),
    ] {
        let refusal = refused(write(&shell(settings), &Call::default()).await);
        assert_eq!(refusal.kind, RefusalKind::Tls, "{refusal:?}");
        assert!(refusal.advice.as_deref().is_some_and(|advice| advice.contains(part)), "{refusal:?}");
    }
    assert_eq!((good_one.state().ran, other.state().ran), (1, 0));
}

#[tokio::test]
async fn settings_that_would_give_the_password_away_are_refused() {
    let server = Server::start();
    let changed = |change: fn(&mut RemoteSettings)| {
        let mut settings = settings(&server);
        change(&mut settings);
        settings
    };
    for settings in [
        changed(|settings| settings.allow_http = false),
        changed(|settings| settings.uri = "http://ex01.contoso.lab/PowerShell/".into()),
        changed(|settings| settings.uri = "https://a:b@ex01.contoso.lab/PowerShell/".into()),
        changed(|settings| settings.auth = RemoteAuth::Basic { user: "a:b".into(), password: "p".into() }),
        changed(|settings| settings.only_roots = Some(b"no PEM".to_vec())),
    ] {
        let shown = settings.uri.clone();
        let refusal = refused(write(&shell(settings), &Call::default()).await);
        assert_eq!(refusal.kind, RefusalKind::Settings, "{shown}: {refusal:?}");
        assert!(refusal.advice.is_some());
    }
    assert!(server.state().seen.is_empty());
}

#[track_caller]
fn verdicts(checks: &[Check]) -> Vec<(&str, CheckVerdict)> {
    for check in checks {
        assert!(check.verdict != CheckVerdict::NotSo || check.advice.is_some(), "{check:?}");
    }
    checks.iter().map(|check| (check.name.as_str(), check.verdict)).collect()
}

#[tokio::test]
async fn an_examination_tells_how_far_it_came() {
    let server = Server::start_tls("other");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let at = |uri: String| RemoteSettings { uri, ..tls_settings(&server) };
    for (settings, name, count) in [
        (at("https://ex01.contoso.invalid/PowerShell/".into()), "dns", 1),
        (at(format!("https://127.0.0.1:{nobody}/PowerShell/")), "tcp", 2),
        (tls_settings(&server), "tls", 3),
        (at("http://ex01.contoso.lab/PowerShell/".into()), "settings", 1),
    ] {
        let checks = shell(settings).examine(&Call::default()).await;
        assert_eq!(verdicts(&checks).last(), Some(&(name, CheckVerdict::NotSo)), "{checks:?}");
        assert_eq!(checks.len(), count, "{checks:?}");
    }
}
