//! Our client of PowerShell remoting against psrpcore's server: what is asked, what comes back, and how it ends.

use std::sync::atomic::Ordering;
use std::time::Duration;

use powershell::clixml::Value;
use powershell::{CallError, Connection, Ended, Outcome, RefusalKind, RemoteSettings, Shell};
use serde_json::{Value as Json, json};

use crate::answers::{Answers, Asked};
use crate::authority::Authority;
use crate::calling::{caller, command, completed, hurried, refused, settings, shell, stranger, text};
use crate::psrp_peer::PsrpPeer;

/// What the peer's organisation answers in these tests.
fn played(asked: &Asked) -> Json {
    match asked.cmdlet.as_str() {
        "Get-Thing" => json!({
            "output": [{
                "Name": "\u{fc}ml\u{e4}ut _x0041_ \u{1f309} \u{1}", "Hidden": true, "Count": 70_000_000_000_i64, "Nothing": null,
                "RecipientTypeDetails": "MailUser", "Guid": "0a0b0c0d-0000-4000-8000-000000000001",
                "RawData": "AAEC", "List": ["a", "b"],
                "LinkedAccount": { "ToString": "contoso.lab/Users/x", "ObjectGuid": "0a0b0c0d-0000-4000-8000-000000000002" },
            }],
            "warnings": ["careful"], "progress": ["one", "two"], "verbose": ["so"],
        }),
        "Test-Length" => json!({ "output": [asked.parameters["Text"].as_str().map(str::len)] }),
        "Test-Bound" => json!({ "output": ["before"], "failed": {
            "types": ["System.Management.Automation.ParameterBindingException", "System.Management.Automation.RuntimeException"],
            "id": "NamedParameterNotFound,Test-Bound", "category": 5, "activity": "Test-Bound", "target": "Nope",
            "message": "A parameter cannot be found that matches parameter name 'Nope'.",
        } }),
        "Test-Busy" => json!({ "output": ["one"], "errors": [{
            "types": [
                "Microsoft.Exchange.Data.Directory.ADTransientException",
                "Microsoft.Exchange.Data.DataSourceTransientException",
            ],
            "id": "[Server=EX01] [FailureCategory=Cmdlet-ADTransientException] 1A2B,Test-Busy",
            "category": 1002, "activity": "Test-Busy", "target": "contoso.lab/x", "message": "Try again later.",
        }] }),
        "Remove-Thing" => json!({ "prompt": true }),
        "Wait-Thing" => json!({ "output": ["so far"], "hold": true }),
        _ => json!({ "output": [asked.cmdlet] }),
    }
}

fn property<'v>(value: &'v Value, name: &str) -> &'v Value {
    let Value::Object(object) = value else { panic!("{value:?} has no properties") };
    let found = object.properties.iter().chain(&object.members).find(|(known, _)| known == name);
    &found.unwrap_or_else(|| panic!("{name} is not in {object:?}")).1
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_and_streams_arrive_whole_however_they_are_cut() {
    let answers = Answers::start(played);
    let peer = PsrpPeer::start(&answers);
    for options in [
        json!({}),
        json!({ "fragment": 43 }),
        json!({ "fragment": 1000, "own_shell_id": true }),
        json!({ "deserialized": true }),
        json!({ "text_booleans": true, "german": true }),
    ] {
        peer.options(options.clone());
        let shell = shell(&peer);
        let parameters = [
            ("Identity", text("Stra\u{df}e \u{1f309} _x000A_\u{7}")),
            ("Confirm", Value::Bool(false)),
            ("ResultSize", Value::Int(5)),
            ("Names", Value::List(vec![text("a"), text("b")])),
        ];
        let outcome = completed(shell.run(&command("Get-Thing", parameters), &caller()).await);
        let [thing] = &outcome.output[..] else { panic!("{options}: {:?}", outcome.output) };
        assert_eq!(property(thing, "Name"), &text("\u{fc}ml\u{e4}ut _x0041_ \u{1f309} \u{1}"), "{options}");
        assert_eq!(property(thing, "Count"), &Value::Int(70_000_000_000));
        assert_eq!(property(thing, "Nothing"), &Value::Nil);
        assert_eq!(property(thing, "Guid"), &Value::Guid("0a0b0c0d-0000-4000-8000-000000000001".into()));
        assert_eq!(property(thing, "RawData"), &Value::Bytes(vec![0, 1, 2]));
        let shown = thing.to_json();
        assert_eq!(shown["RecipientTypeDetails"], "MailUser", "{shown}");
        assert_eq!(shown["LinkedAccount"]["ToString"], "contoso.lab/Users/x");
        assert_eq!(shown["LinkedAccount"]["ObjectGuid"], "0a0b0c0d-0000-4000-8000-000000000002");
        assert_eq!(shown["List"], json!(["a", "b"]));
        let hidden = if options["text_booleans"] == true { json!("True") } else { json!(true) };
        assert_eq!(shown["Hidden"], hidden);
        assert_eq!(outcome.warnings.len(), 1);
        assert_eq!(outcome.warnings[0] == "careful", options["german"] != true, "{options}");

        let asked = answers.seen().pop().expect("it arrived");
        assert_eq!(
            Json::from(asked.parameters),
            json!({ "Identity": "Stra\u{df}e \u{1f309} _x000A_\u{7}", "Confirm": false, "ResultSize": 5, "Names": ["a", "b"] })
        );
        assert_eq!(
            Json::from(asked.types),
            json!({ "Identity": "text", "Confirm": "bool", "ResultSize": "int", "Names": "list" })
        );
        shell.close().await;
        peer.no_problems();
    }
    assert_eq!(peer.state()["shells"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_serves_many_commands_and_long_parameters() {
    let answers = Answers::start(played);
    let peer = PsrpPeer::start(&answers);
    let shell = shell(&peer);
    for length in [1, 32_000, 400_000, 1_500_000] {
        let long = command("Test-Length", [("Text", text(&"x".repeat(length)))]);
        let outcome = completed(shell.run(&long, &caller()).await);
        assert_eq!(outcome.output, [Value::Int(length as i128)]);
    }
    for _ in 0..30 {
        completed(shell.run(&command("Get-Other", []), &caller()).await);
    }
    let state = peer.state();
    assert_eq!((&state["opened"], &state["shells"]), (&json!(1), &json!(1)), "{state}");
    shell.close().await;
    assert_eq!(peer.state()["shells"], 0);
    peer.no_problems();
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_stay_records_in_any_language() {
    let answers = Answers::start(played);
    let peer = PsrpPeer::start(&answers);
    for options in [json!({}), json!({ "german": true }), json!({ "deserialized": true })] {
        peer.options(options.clone());
        let shell = shell(&peer);
        let outcome = shell.run(&command("Test-Bound", []), &caller()).await.expect("it ran");
        let Ended::Failed(record) = &outcome.ended else { panic!("{:?}", outcome.ended) };
        assert_eq!(record.exception_types[0], "System.Management.Automation.ParameterBindingException");
        assert!(
            record.exception_types.iter().any(|one| one == "System.Management.Automation.RuntimeException")
        );
        assert_eq!(
            (record.fully_qualified_error_id.as_str(), record.category),
            ("NamedParameterNotFound,Test-Bound", 5)
        );
        assert_eq!((record.category_activity.as_str(), record.target.as_str()), ("Test-Bound", "Nope"));
        assert_eq!(
            record.message.contains("Nope"),
            options["german"] != true,
            "{options}: {}",
            record.message
        );
        assert_eq!(outcome.output, [text("before")], "what came before the error is kept");

        let outcome = shell.run(&command("Test-Busy", []), &caller()).await.expect("it ran");
        assert_eq!(outcome.ended, Ended::Completed, "a non-terminating error does not end it");
        let [record] = &outcome.errors[..] else { panic!("{:?}", outcome.errors) };
        assert_eq!(record.exception_types[0], "Microsoft.Exchange.Data.Directory.ADTransientException");
        assert_eq!((record.category, record.category_reason.as_str()), (1002, "ADTransientException"));
        assert!(record.fully_qualified_error_id.contains("FailureCategory=Cmdlet-ADTransientException"));
        completed(shell.run(&command("Get-Other", []), &caller()).await);
        shell.close().await;
    }
    peer.no_problems();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_the_server_ends_the_command_and_not_the_session() {
    let answers = Answers::start(played);
    let peer = PsrpPeer::start(&answers);
    let shell = shell(&peer);
    let outcome = shell.run(&command("Remove-Thing", []), &caller()).await;
    assert!(!succeeded(&outcome), "a prompt that nobody answered is no success: {outcome:?}");
    completed(shell.run(&command("Get-Other", []), &caller()).await);
    assert_eq!(answers.count("Remove-Thing"), 1);
    shell.close().await;
    assert_eq!(peer.state()["shells"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_command_and_one_that_takes_too_long_are_stopped() {
    let answers = Answers::start(played);
    let peer = PsrpPeer::start(&answers);
    let shell = shell(&peer);

    let (waiting, stopped) = (command("Wait-Thing", []), caller());
    let (outcome, ()) = tokio::join!(shell.run(&waiting, &stopped), async {
        while answers.count("Wait-Thing") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stopped.stop.store(true, Ordering::SeqCst);
    });
    assert!(!succeeded(&outcome) && !matches!(outcome, Err(CallError::Refused(_))), "{outcome:?}");
    completed(shell.run(&command("Get-Other", []), &caller()).await);

    let outcome = shell.run(&waiting, &hurried(Duration::from_secs(3))).await;
    assert!(!succeeded(&outcome) && !matches!(outcome, Err(CallError::Refused(_))), "{outcome:?}");
    completed(shell.run(&command("Get-Other", []), &caller()).await);
    assert_eq!(answers.count("Wait-Thing"), 2);

    // Cancelled before it was sent: nothing ran.
    let late = caller();
    late.stop.store(true, Ordering::SeqCst);
    assert_eq!(refused(shell.run(&command("New-Thing", []), &late).await).0, RefusalKind::Cancelled);
    assert_eq!(answers.count("New-Thing"), 0);
    shell.close().await;
    assert_eq!(peer.state()["shells"], 0);
    peer.no_problems();
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_given_back_and_a_full_quota_is_told() {
    let answers = Answers::start(played);
    let peer = PsrpPeer::start(&answers);
    for _ in 0..40 {
        let shell = shell(&peer);
        completed(shell.run(&command("Get-Other", []), &caller()).await);
        shell.close().await;
    }
    assert_eq!(peer.state()["shells"], 0, "none is left behind");

    let held: Vec<Shell> = (0..18).map(|_| shell(&peer)).collect();
    for shell in &held {
        completed(shell.run(&command("Get-Other", []), &caller()).await);
    }
    assert_eq!(peer.state()["shells"], 18);
    let nineteenth = shell(&peer);
    let refusal = refused(nineteenth.run(&command("New-Thing", []), &hurried(Duration::from_secs(5))).await);
    assert_eq!(refusal.0, RefusalKind::Quota, "{}", refusal.1);
    assert_eq!(answers.count("New-Thing"), 0);
    held[0].close().await;
    completed(nineteenth.run(&command("New-Thing", []), &caller()).await);
    for shell in held.iter().chain([&nineteenth]) {
        shell.close().await;
    }
    assert_eq!(peer.state()["shells"], 0);
    peer.no_problems();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_vanished_is_opened_again() {
    let answers = Answers::start(played);
    let peer = PsrpPeer::start(&answers);
    let shell = shell(&peer);
    completed(shell.run(&command("Get-Other", []), &caller()).await);
    peer.vanish();
    let outcome = shell.run(&command("New-Thing", []), &caller()).await;
    match outcome {
        // The server said that it knows no such session: nothing of the command ran there.
        Ok(outcome) => assert_eq!(outcome.ended, Ended::Completed),
        Err(CallError::Refused(_)) => assert_eq!(answers.count("New-Thing"), 0),
        Err(CallError::Unknown { message }) => panic!("it is known that it did not run: {message}"),
    }
    completed(shell.run(&command("Get-Other", []), &caller()).await);
    assert!(answers.count("New-Thing") <= 1);
    shell.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_idle_for_too_long_is_opened_again() {
    let answers = Answers::start(played);
    let peer = PsrpPeer::start(&answers);
    let shell = shell(&peer);
    completed(shell.run(&command("Get-Other", []), &caller()).await);
    // The patience of this server ends before the next question, whenever that comes.
    peer.options(json!({ "idle_s": -1 }));
    let refusal = shell.run(&command("New-Thing", []), &hurried(Duration::from_secs(5))).await;
    assert!(matches!(refusal, Err(CallError::Refused(_))), "no session lives long enough: {refusal:?}");
    assert_eq!(answers.count("New-Thing"), 0);
    peer.options(json!({}));
    completed(shell.run(&command("New-Thing", []), &caller()).await);
    assert_eq!(answers.count("New-Thing"), 1);
    assert!(peer.state()["opened"].as_u64() >= Some(3), "{}", peer.state());
    shell.close().await;
    assert_eq!(peer.state()["shells"], 0);
    peer.no_problems();
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_with_an_authority_of_ones_own() {
    let authority = Authority::new();
    let roots = |name: &str| Some(authority.roots(name).into_bytes());
    let answers = Answers::start(played);
    let good = PsrpPeer::start_with(&answers, Some(&authority.identity("good")));
    let wrong = PsrpPeer::start_with(&answers, Some(&authority.identity("wrong")));
    let tls = |peer: &PsrpPeer, only_roots: Option<Vec<u8>>| {
        Shell::new(Connection::Remote(RemoteSettings { only_roots, allow_http: false, ..settings(peer) }))
    };

    let trusted = tls(&good, roots("ca.pem"));
    completed(trusted.run(&command("Get-Other", []), &caller()).await);
    trusted.close().await;
    for (peer, only_roots, what) in [
        (&good, roots("other-ca.pem"), "another authority"),
        (&good, None, "the system's authorities"),
        (&wrong, roots("ca.pem"), "a certificate for another name"),
    ] {
        let refusal = refused(tls(peer, only_roots).run(&command("New-Thing", []), &caller()).await);
        assert_eq!(refusal.0, RefusalKind::Tls, "{what}: {}", refusal.1);
    }
    assert_eq!(answers.count("New-Thing"), 0);
    good.no_problems();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_connection_is_told_apart() {
    let answers = Answers::start(played);
    let peer = PsrpPeer::start(&answers);
    let with = |change: &dyn Fn(&mut RemoteSettings)| {
        let mut changed = settings(&peer);
        change(&mut changed);
        Shell::new(Connection::Remote(changed))
    };
    let wrong_path = |settings: &mut RemoteSettings| settings.uri = peer.url().replace("PowerShell", "wsman");
    let nobody = |settings: &mut RemoteSettings| settings.uri = "http://127.0.0.1:9/PowerShell/".into();
    let unknown_name = |settings: &mut RemoteSettings| {
        settings.uri = "https://ex01.contoso.invalid/PowerShell/".into();
        settings.allow_http = false;
    };
    let configuration =
        |settings: &mut RemoteSettings| settings.configuration = format!("{}.No", settings.configuration);
    let open_http = |settings: &mut RemoteSettings| settings.allow_http = false;
    for (name, change, kinds) in [
        ("a wrong path", &wrong_path as &dyn Fn(&mut RemoteSettings), &[RefusalKind::NotPowerShell][..]),
        ("nobody listens", &nobody, &[RefusalKind::Unreachable]),
        ("an unknown name", &unknown_name, &[RefusalKind::Unreachable]),
        ("no such session configuration", &configuration, &[RefusalKind::Denied, RefusalKind::NotPowerShell]),
        ("http without leave", &open_http, &[RefusalKind::Settings]),
    ] {
        let refusal = refused(with(change).run(&command("New-Thing", []), &caller()).await);
        assert!(kinds.contains(&refusal.0), "{name}: {refusal:?}");
        println!("{name}: {}", refusal.1);
    }
    let refusal = refused(shell(&peer).run(&command("New-Thing", []), &stranger()).await);
    assert_eq!(refusal.0, RefusalKind::SignIn, "{}", refusal.1);
    assert!(refusal.1.contains("401"), "{}", refusal.1);
    assert!(!refusal.1.contains("guessed"), "a password is never shown");
    assert_eq!(answers.count("New-Thing"), 0);
}

fn succeeded(result: &Result<Outcome, CallError>) -> bool {
    matches!(result, Ok(Outcome { ended: Ended::Completed, errors, .. }) if errors.is_empty())
}
