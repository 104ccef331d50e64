//! The six steps over PowerShell remoting to a server, through everything that a line can do.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::json;

use crate::answers::SERVERS;
use crate::install;
use crate::psrp_peer::PASSWORD;
use crate::site::{CLIENT_ID, CLIENT_SECRET, Plan, RUN, Reference, Site, Transport, WORKFLOW, keep};
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

/// The second application, which writes.
const WRITER_ID: &str = "6a1d2c3b-8e4f-4b70-9c55-0d9e8f7a6b5c";

#[test]
fn an_application_signs_in_with_a_certificate() {
    let reference = Reference::new();
    let (site, key) = certified("");
    let untouched = site.look();
    site.outcome(&["doctor", "--target", "contoso"])
        .exits(0)
        .says("sign-in-certificate")
        .says("certificate as");
    site.outcome(&RUN).exits(0);
    same(&site.look(), &reference.done, &untouched, &site);
    site.outcome(&["verify", "latest"]).exits(0);
    site.outcome(&["undo", "latest", "--yes"]).exits(0);
    assert_eq!(site.look().world, reference.undone.world, "{}", site.logs());
    let mut kept = Vec::new();
    bytes_below(&site.bench.state(), &mut kept);
    let secret = key.lines().nth(1).expect("a key in PEM has lines");
    assert!(!kept.windows(secret.len()).any(|window| window == secret.as_bytes()), "the key is kept nowhere");
}

#[test]
fn a_second_identity_sends_what_writes_and_nothing_else() {
    let reference = Reference::new();
    let write = format!(
        "\n[graph.write]\nclient_id = \"{WRITER_ID}\"\nauth = \"client-secret\"\n\
         secret = {{ file = \"graph.secret\" }}\n"
    );
    let (site, _) = certified(&write);
    let untouched = site.look();
    site.outcome(&["plan", WORKFLOW, "--target", "contoso"]).exits(2);
    let methods = |client: &str| SERVERS.block_on(site.judge.report()).methods_of(client);
    assert_eq!(methods(WRITER_ID), BTreeSet::new(), "a plan writes nothing");
    site.outcome(&RUN).exits(0);
    same(&site.look(), &reference.done, &untouched, &site);
    site.outcome(&["verify", "latest"]).exits(0);
    site.outcome(&["undo", "latest", "--yes"]).exits(0);
    assert_eq!(site.look().world, reference.undone.world, "{}", site.logs());
    assert!(site.judged() > 10);
    assert_eq!(methods(CLIENT_ID), BTreeSet::from(["GET".to_owned()]));
    assert_eq!(methods(WRITER_ID), BTreeSet::from(["PATCH".to_owned()]));
    assert_eq!(methods("nobody"), BTreeSet::new());
}

/// A site whose application signs in with a certificate that openssl made, and its key.
fn certified(more: &str) -> (Site, String) {
    install::debian("openssl", &["openssl"]);
    let mut plan = Plan::over(Transport::Remote);
    // The simulated tenant knows one application at most; here may be two.
    plan.spec.client_id = None;
    plan.sign_in = format!(
        "client_id = \"{CLIENT_ID}\"\nauth = \"certificate\"\ncertificate = {{ file = \"app.crt.pem\" }}\n\
         key = {{ file = \"app.key.pem\" }}\n{more}"
    );
    let site = Site::with(plan);
    let folder = site.bench.files().join("targets");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "365", "-subj", "/CN=footbridge"])
        .args(["-keyout", "app.key.pem", "-out", "app.crt.pem"])
        .current_dir(&folder)
        .output()
        .expect("openssl starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let key = fs::read_to_string(folder.join("app.key.pem")).expect("a key was made");
    keep(&site.bench, "app.key.pem", &key);
    (site, key)
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
