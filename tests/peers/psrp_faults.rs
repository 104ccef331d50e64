//! Everything that can go wrong between our client and the remoting peer, at every kind of request: what is called
//! refused never ran, what is called completed ran once, and nothing runs twice.

use std::time::Duration;

use powershell::{CallError, Ended, RefusalKind};
use serde_json::{Value as Json, json};

use crate::answers::Answers;
use crate::calling::{caller, command, completed, hurried, refused, shell, text};
use crate::psrp_peer::PsrpPeer;

/// Kinds of requests and answers, as psrp/faults.py names them, and how many of each are disturbed.
const PLACES: [(&str, u32); 9] = [
    ("Create", 1),
    ("Open", 1),
    ("Command", 1),
    ("Send", 2),
    ("Receive", 4),
    ("Answer", 2),
    ("Signal", 1),
    ("Delete", 1),
    ("cmdlet:New-Thing", 1),
];

/// What happens there, and whether it takes the place of an answer that is given already.
fn acts(place: &str) -> Vec<Json> {
    let late = vec![json!({ "cut_middle": true }), json!({ "cut_after": true }), json!({ "gzip": true })];
    match place {
        "cmdlet:New-Thing" => {
            vec![json!({ "lose_before": true }), json!({ "lose_after": true }), json!({ "wait_ms": 3000 })]
        }
        "Open" | "Answer" => late,
        _ => {
            let mut all = vec![
                json!({ "html": 401 }),
                json!({ "html": 403 }),
                json!({ "html": 404 }),
                json!({ "html": 503 }),
                json!({ "html": 200 }),
                json!({ "empty": 500 }),
                json!({ "unauthorised": true }),
                json!({ "garbage": "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Bo" }),
                json!({ "garbage": "\u{0}\u{1}no soap" }),
                json!({ "cut_before": true }),
                json!({ "vanish": true }),
                json!({ "fault": "busy" }),
                json!({ "fault": "denied" }),
                json!({ "fault": "timed_out" }),
                json!({ "fault": "quota" }),
                json!({ "delay_ms": 300 }),
            ];
            all.extend(late);
            all
        }
    }
}

/// What became of the commands that were disturbed.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    fired: u64,
    ran: u64,
    refused: u64,
    unknown: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_runs_twice_and_nothing_that_ran_is_called_refused() {
    // Most of the time is spent waiting, for instance until a busy server is asked again: all places at a time.
    let mut going = tokio::task::JoinSet::new();
    for (place, times) in PLACES {
        going.spawn(disturbed(place, times));
    }
    let mut all = Tally::default();
    while let Some(tally) = going.join_next().await {
        let Tally { fired, ran, refused, unknown } = tally.expect("no fault breaks a promise");
        all.fired += fired;
        all.ran += ran;
        all.refused += refused;
        all.unknown += unknown;
    }
    println!(
        "{} faults injected: {} commands completed, {} refused, {} of unknown outcome",
        all.fired, all.ran, all.refused, all.unknown
    );
    assert!(all.ran > 0 && all.refused > 0 && all.unknown > 0);
}

/// Every act at one place.
async fn disturbed(place: &'static str, times: u32) -> Tally {
    let answers = Answers::start(|asked| json!({ "output": [asked.cmdlet] }));
    let peer = PsrpPeer::start(&answers);
    // Long enough that it takes more than one request to hand it over.
    let long = "y".repeat(200_000);
    let mut tally = Tally::default();
    for act in acts(place) {
        for nth in 1..=times {
            let name = format!("{act} at {place} number {nth}");
            peer.faults(json!([{ "on": place, "nth": nth, "act": act }]));
            let before = answers.count("New-Thing");
            let shell = shell(&peer);
            let parameters = [("Text", text(&long))];
            let result =
                shell.run(&command("New-Thing", parameters), &hurried(Duration::from_secs(20))).await;
            let count = answers.count("New-Thing") - before;
            assert!(count <= 1, "{name}: it ran {count} times");
            match result {
                Ok(outcome) => {
                    assert_eq!((count, &outcome.ended), (1, &Ended::Completed), "{name}: {outcome:?}");
                    assert_eq!(outcome.output, [text("New-Thing")], "{name}");
                    tally.ran += 1;
                }
                Err(CallError::Refused(refusal)) => {
                    assert_eq!(count, 0, "{name}: it ran and was called refused: {refusal:?}");
                    tally.refused += 1;
                }
                Err(CallError::Unknown { message }) => {
                    assert!(!message.is_empty(), "{name}");
                    tally.unknown += 1;
                }
            }
            shell.close().await;
            peer.faults(json!([]));
            completed(shell.run(&command("Get-Other", []), &caller()).await);
            shell.close().await;
        }
    }
    let state = peer.state();
    assert_eq!(state["problems"], json!([]), "{place}");
    // Only a Create whose answer was lost may leave a shell behind, and a Delete that never arrived.
    let left = state["shells"].as_u64().expect("a number");
    assert!(left == 0 || matches!(place, "Create" | "Delete"), "{place}: {left} shells were left behind");
    tally.fired = state["fired"].as_u64().expect("a number");
    assert!(tally.fired > 0, "{place}: nothing was disturbed there");
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_cut_is_asked_for_again_with_the_same_message() {
    let answers = Answers::start(|asked| json!({ "output": [asked.cmdlet] }));
    let peer = PsrpPeer::start(&answers);
    for act in [json!({ "cut_middle": true }), json!({ "cut_after": true })] {
        let shell = shell(&peer);
        completed(shell.run(&command("Get-Other", []), &caller()).await);
        peer.faults(json!([{ "on": "Answer", "act": act }]));
        let outcome = completed(shell.run(&command("New-Thing", []), &caller()).await);
        assert_eq!(outcome.output, [text("New-Thing")], "{act}");
        peer.faults(json!([]));
        shell.close().await;
    }
    assert_eq!(answers.count("New-Thing"), 2);
    peer.no_problems();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_the_work_is_an_unknown_outcome() {
    let answers = Answers::start(|asked| json!({ "output": [asked.cmdlet] }));
    let peer = PsrpPeer::start(&answers);
    for (act, runs) in [(json!({ "lose_before": true }), 0), (json!({ "lose_after": true }), 1)] {
        let shell = shell(&peer);
        let before = answers.count("New-Thing");
        peer.faults(json!([{ "on": "cmdlet:New-Thing", "act": act }]));
        let result = shell.run(&command("New-Thing", []), &caller()).await;
        assert!(matches!(result, Err(CallError::Unknown { .. })), "{act}: {result:?}");
        assert_eq!(answers.count("New-Thing") - before, runs);
        completed(shell.run(&command("Get-Other", []), &caller()).await);
        shell.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_answers_to_the_first_request_are_told_by_name() {
    let answers = Answers::start(|asked| json!({ "output": [asked.cmdlet] }));
    let peer = PsrpPeer::start(&answers);
    for (act, kinds) in [
        (json!({ "html": 401 }), &[RefusalKind::SignIn][..]),
        (json!({ "html": 403 }), &[RefusalKind::Denied, RefusalKind::NotPowerShell]),
        (json!({ "html": 404 }), &[RefusalKind::NotPowerShell]),
        (json!({ "html": 200 }), &[RefusalKind::NotPowerShell]),
        (json!({ "html": 503 }), &[RefusalKind::Busy, RefusalKind::NotPowerShell]),
        (json!({ "unauthorised": true }), &[RefusalKind::SignIn]),
        (json!({ "fault": "denied" }), &[RefusalKind::Denied]),
        (json!({ "fault": "quota" }), &[RefusalKind::Quota]),
        (json!({ "fault": "busy" }), &[RefusalKind::Busy]),
        (json!({ "garbage": "no soap" }), &[RefusalKind::Protocol, RefusalKind::NotPowerShell]),
    ] {
        peer.faults(json!([{ "on": "Create", "times": 1000, "act": act }]));
        let shell = shell(&peer);
        let result = shell.run(&command("New-Thing", []), &hurried(Duration::from_secs(4))).await;
        let refusal = refused(result);
        assert!(kinds.contains(&refusal.0), "{act}: {refusal:?}");
        if let Some(status) = act["html"].as_u64().filter(|status| *status != 200) {
            assert!(refusal.1.contains(&status.to_string()), "{act}: {}", refusal.1);
        }
        println!("{act}: {:?}: {}", refusal.0, refusal.1);
        peer.faults(json!([]));
        completed(shell.run(&command("Get-Other", []), &caller()).await);
        shell.close().await;
    }
    assert_eq!(answers.count("New-Thing"), 0);
}
