//! The local transport against a process that speaks PowerShell's own framing over pipes, with psrpcore behind it: with
//! noise between the lines, a chatty error stream, a hang, a death in the middle, and a program that is no PowerShell.

use std::sync::atomic::Ordering;
use std::time::Duration;

use powershell::clixml::Value;
use powershell::{CallError, Connection, Ended, LocalSettings, Outcome, RefusalKind, Shell};
use serde_json::{Value as Json, json};

use crate::answers::{Answers, Asked};
use crate::calling::{caller, command, completed, hurried, refused, text};
use crate::install;
use crate::psrp_peer::script;

fn played(asked: &Asked) -> Json {
    match asked.cmdlet.as_str() {
        "Test-Length" => json!({ "output": [asked.parameters["Text"].as_str().map(str::len)] }),
        "Test-Busy" => json!({ "errors": [{
            "types": ["Microsoft.Exchange.Data.Directory.ADTransientException"], "id": "x,Test-Busy", "category": 1002,
            "message": "later",
        }] }),
        "Wait-Thing" => json!({ "output": ["so far"], "hold": true }),
        "Remove-Thing" => json!({ "prompt": true }),
        "Fail-Startup" => {
            json!({ "failed": { "types": ["System.Exception"], "id": "x", "category": 0, "message": "no" } })
        }
        _ => json!({ "output": [asked.cmdlet], "warnings": ["careful"] }),
    }
}

fn shell_with(answers: &Answers, extra: &[&str], startup: Option<&str>) -> Shell {
    let peer = script("psrp_local.py");
    let url = answers.url();
    let own = ["-B", peer.to_str().expect("a path in UTF-8"), "--answers", &url];
    let usual = ["-Version", "5.1", "-s", "-NoLogo", "-NoProfile"];
    Shell::new(Connection::Local(LocalSettings {
        program: install::psrp_python(),
        arguments: [&own[..], extra, &usual].concat().into_iter().map(str::to_owned).collect(),
        startup: startup.map(str::to_owned),
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_serves_many_commands_through_noise_and_chatter() {
    for extra in [&[][..], &["--noise"], &["--chatter"], &["--noise", "--chatter"]] {
        let answers = Answers::start(played);
        let shell = shell_with(&answers, extra, None);
        for length in [1, 100_000, 400_000] {
            let long = command("Test-Length", [("Text", text(&"x".repeat(length)))]);
            let outcome = completed(shell.run(&long, &caller()).await);
            assert_eq!(outcome.output, [Value::Int(length as i128)], "{extra:?}");
        }
        for _ in 0..10 {
            let outcome = completed(shell.run(&command("Get-Other", []), &caller()).await);
            assert_eq!(
                (outcome.output, outcome.warnings),
                (vec![text("Get-Other")], vec!["careful".to_owned()])
            );
        }
        let outcome = shell.run(&command("Test-Busy", []), &caller()).await.expect("it ran");
        assert_eq!((&outcome.ended, outcome.errors[0].category), (&Ended::Completed, 1002));
        assert_eq!(
            outcome.errors[0].exception_types[0], "Microsoft.Exchange.Data.Directory.ADTransientException",
            "types are told without what remoting puts before them"
        );
        let outcome = shell.run(&command("Remove-Thing", []), &caller()).await;
        assert!(!succeeded(&outcome), "{outcome:?}");
        completed(shell.run(&command("Get-Other", []), &caller()).await);
        shell.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begins_with_its_startup_text_and_only_then_runs_commands() {
    let answers = Answers::start(played);
    let startup = ". 'C:\\x\\RemoteExchange.ps1'; Connect-ExchangeServer -auto";
    let shell = shell_with(&answers, &[], Some(startup));
    completed(shell.run(&command("Get-Other", []), &caller()).await);
    completed(shell.run(&command("Get-Other", []), &caller()).await);
    shell.close().await;
    let seen: Vec<String> = answers.seen().into_iter().map(|asked| asked.cmdlet).collect();
    assert_eq!(seen, ["script", "Get-Other", "Get-Other"]);
    assert_eq!(answers.seen()[0].parameters["Text"], startup);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_does_not_end_is_stopped_and_the_process_goes_on() {
    let answers = Answers::start(played);
    let shell = shell_with(&answers, &[], None);
    let (waiting, stopped) = (command("Wait-Thing", []), caller());
    let (outcome, ()) = tokio::join!(shell.run(&waiting, &stopped), async {
        while answers.count("Wait-Thing") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stopped.stop.store(true, Ordering::SeqCst);
    });
    assert!(!succeeded(&outcome) && !matches!(outcome, Err(CallError::Refused(_))), "{outcome:?}");
    completed(shell.run(&command("Get-Other", []), &caller()).await);
    shell.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_hangs_is_killed_and_one_that_dies_leaves_the_outcome_unknown() {
    for (extra, time_left) in [(["--die-on", "New-Thing"], 30), (["--hang-on", "New-Thing"], 3)] {
        let answers = Answers::start(played);
        let shell = shell_with(&answers, &extra, None);
        completed(shell.run(&command("Get-Other", []), &caller()).await);
        let result = shell.run(&command("New-Thing", []), &hurried(Duration::from_secs(time_left))).await;
        assert!(matches!(result, Err(CallError::Unknown { .. })), "{extra:?}: {result:?}");
        // A new process takes its place.
        completed(shell.run(&command("Get-Other", []), &caller()).await);
        assert!(answers.count("New-Thing") <= 1);
        shell.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_no_powershell_is_told() {
    let answers = Answers::start(played);
    let shell = shell_with(&answers, &["--refuse"], None);
    let refusal = refused(shell.run(&command("New-Thing", []), &caller()).await);
    assert!(matches!(refusal.0, RefusalKind::NotPowerShell | RefusalKind::Protocol), "{refusal:?}");
    println!("{}", refusal.1);
    let nothing = Shell::new(Connection::Local(LocalSettings {
        program: "no-such-program-of-footbridge".into(),
        arguments: Vec::new(),
        startup: None,
    }));
    let refusal = refused(nothing.run(&command("New-Thing", []), &caller()).await);
    assert!(refusal.1.contains("no-such-program-of-footbridge"), "{}", refusal.1);
    assert_eq!(answers.count("New-Thing"), 0);
}

fn succeeded(result: &Result<Outcome, CallError>) -> bool {
    matches!(result, Ok(Outcome { ended: Ended::Completed, errors, .. }) if errors.is_empty())
}
