//! Somebody else changes the world: drift is seen, approvals become void, undo refuses.

use serde_json::json;

use crate::support::Bench;
use crate::world::{other_admin, show_account, world, writes};

const RUN: [&str; 5] = ["run", "sfb-online", "--target", "sim:lab", "--json"];

#[test]
fn verify_sees_what_a_second_administrator_changed() {
    let bench = Bench::new();
    let run = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes", "--json"]).exits(0).run();
    bench.run(&["verify", &run]).exits(0);
    show_account(&bench, "lab");
    let found = bench.run(&["verify", &run, "--json"]).exits(2).json();
    let drifts = found["drifts"].as_array().expect("drifts");
    assert_eq!(drifts.len(), 1, "{found}");
    assert_eq!(drifts[0]["step"], "application_account");
    assert_eq!(drifts[0]["target"], "mail_user:SfBOnline-ApplicationAccount");
    assert_eq!((&drifts[0]["left"], &drifts[0]["now"]), (&json!(true), &json!(false)));
    bench.run(&["verify", &run]).exits(2).says("hidden_from_address_lists_enabled");
}

#[test]
fn an_approval_of_a_plan_that_no_longer_holds_writes_nothing() {
    let bench = Bench::new();
    let run = bench.run(&RUN).exits(6).run();
    other_admin(
        &bench,
        "lab",
        "New-PartnerApplication",
        json!({
            "Name": "Theirs", "ApplicationIdentifier": "00000004-0000-0ff1-ce00-000000000000", "Enabled": false,
        }),
    );
    let told = bench.run(&["approve", &run]).exits(8).warns("FB0302");
    assert!(
        told.stdout.contains("Theirs") || told.stderr.contains("partner_application"),
        "{}",
        told.whole()
    );
    let ours = writes(&bench, "lab").into_iter().filter(|what| !what.starts_with("New-PartnerApplication"));
    assert_eq!(ours.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn undo_refuses_where_someone_changed_the_object_since() {
    let bench = Bench::new();
    let run = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes", "--json"]).exits(0).run();
    show_account(&bench, "lab");
    let before = writes(&bench, "lab").len();
    let plan = bench.run(&["undo", &run, "--json"]).exits(6).json();
    let items = plan["undo"]["items"].as_array().expect("items");
    let conflict = items.iter().find(|item| item["verdict"]["verdict"] == "conflict").expect("a conflict");
    assert_eq!(conflict["target"], "mail_user:SfBOnline-ApplicationAccount");
    bench
        .run(&["undo", &run, "--yes"])
        .exits(8)
        .warns("FB0407")
        .warns("mail_user:SfBOnline-ApplicationAccount");
    assert_eq!(writes(&bench, "lab").len(), before, "it refuses as a whole");
    let account = world(&bench, "lab").snapshot();
    assert!(account.pointer("/exchange/MailUser/SfBOnline-ApplicationAccount").is_some());
}

#[test]
fn a_conflict_stops_a_run_before_it_begins_and_every_conflict_is_named() {
    let bench = Bench::new();
    bench.run(&["simulate", "reset", "lab", "--world", "sfb-online/address-taken"]).exits(0);
    other_admin(
        &bench,
        "lab",
        "New-ManagementRole",
        json!({ "Name": "TeamsApp", "Parent": "ArchiveApplication" }),
    );
    let before = writes(&bench, "lab");
    bench.run(&["plan", "sfb-online", "--target", "sim:lab"]).exits(1).says("2 conflicts");
    let told = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes", "--json"]).exits(1).json();
    assert_eq!(told["error"]["code"], "FB0301");
    let message = told["error"]["message"].as_str().expect("a message");
    for part in ["application_account", "Scheduling", "application_role", "TeamsApp"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert_eq!(writes(&bench, "lab"), before);
    assert_eq!(bench.run(&["status", "--json"]).exits(0).json()["runs"], json!([]));
}
