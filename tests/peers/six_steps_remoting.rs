//! The six steps over PowerShell remoting to a server, through everything that a line can do.

use serde_json::json;

use crate::psrp_peer::PASSWORD;
use crate::site::{CLIENT_SECRET, RUN, Reference, Site, Transport};
use crate::six_steps::{ROUNDS, all_the_way, killed, lost_answers, same};

#[test]
fn the_six_steps_over_remoting_and_http_do_what_the_simulator_does() {
    let site = all_the_way(Transport::Remote);
    let state = site.peer.state();
    assert_eq!((&state["shells"], &state["problems"]), (&json!(0), &json!([])), "{state}");
    let (cmdlets, requests) = (site.answers.seen().len(), site.judged());
    println!(
        "{cmdlets} cmdlets over remoting, {} shells opened, {requests} judged requests",
        state["opened"]
    );
}

#[test]
fn no_secret_is_in_what_is_kept_or_shown() {
    let site = Site::new(Transport::Remote);
    let outcome = site.outcome(&RUN).exits(0);
    let shown = [outcome.whole(), site.logs(), site.outcome(&["logs", "latest", "--json"]).stdout].concat();
    let mut kept = Vec::new();
    bytes_below(&site.bench.state(), &mut kept);
    assert!(kept.len() > 1000);
    for secret in [PASSWORD, CLIENT_SECRET] {
        assert!(!shown.contains(secret));
        assert!(!kept.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

#[test]
fn answers_lost_after_the_work_are_settled_by_looking_over_remoting() {
    let lost = lost_answers(Transport::Remote);
    println!("{lost} answers of a server lost after the work, all settled by looking");
}

#[test]
fn a_stormy_line_changes_nothing_in_the_end() {
    let reference = Reference::new();
    let site = Site::new(Transport::Remote);
    let untouched = site.look();
    let plan = [
        ("Create", 1, json!({ "fault": "quota" })),
        ("Create", 3, json!({ "html": 503 })),
        ("Command", 4, json!({ "fault": "busy" })),
        ("Command", 9, json!({ "cut_before": true })),
        ("Command", 15, json!({ "cut_after": true })),
        ("Receive", 7, json!({ "cut_middle": true })),
        ("Receive", 30, json!({ "vanish": true })),
        ("Receive", 44, json!({ "gzip": true })),
        ("Answer", 11, json!({ "cut_after": true })),
        ("Answer", 25, json!({ "cut_middle": true })),
        ("cmdlet:Get-ManagementRoleEntry", 2, json!({ "lose_before": true })),
        ("cmdlet:Get-MailUser", 2, json!({ "lose_after": true })),
        ("cmdlet:New-ManagementRole", 1, json!({ "lose_before": true })),
    ];
    let faults: Vec<_> =
        plan.iter().map(|(on, nth, act)| json!({ "on": on, "nth": nth, "act": act })).collect();
    site.peer.faults(json!(faults));
    site.outcome(&RUN);
    site.go_on_until("succeeded");
    same(&site.look(), &reference.done, &untouched, &site);
    let fired = site.peer.state()["fired"].as_u64().expect("a number");
    println!("{fired} faults injected into one run and survived");
    assert!(fired >= 8, "{fired}");
}

#[test]
fn a_killed_binary_goes_on_over_remoting() {
    let kills = killed(Transport::Remote, ROUNDS + 1..=2 * ROUNDS);
    println!("{ROUNDS} rounds over remoting, {kills} kills");
}

fn bytes_below(folder: &std::path::Path, found: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            bytes_below(&entry.path(), found);
        } else {
            found.extend(std::fs::read(entry.path()).expect("a file of the store"));
        }
    }
}
