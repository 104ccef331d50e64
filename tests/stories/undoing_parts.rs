//! Undo of a part, of what others went on working with, and of what somebody else must decide.

use serde_json::json;

use crate::support::Bench;
use crate::world::{other_admin, show_account, world, writes};

const ACCOUNT: &str = "/exchange/MailUser/SfBOnline-ApplicationAccount";
const CREATE: &str = "application_account/create";

fn finished(bench: &Bench) -> String {
    bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes", "--json"]).exits(0).run()
}

fn at(bench: &Bench, pointer: &str) -> serde_json::Value {
    world(bench, "lab").snapshot().pointer(pointer).cloned().unwrap_or_default()
}

#[test]
fn what_others_changed_beside_it_is_shown_and_kept() {
    let bench = Bench::new();
    bench.run(&["simulate", "reset", "lab", "--world", "sfb-online/half-done"]).exits(0);
    let run = finished(&bench);
    let address =
        json!({ "Identity": "SfBOnline-ApplicationAccount", "ExternalEmailAddress": "new@contoso.com" });
    other_admin(&bench, "lab", "Set-MailUser", address);
    let before = writes(&bench, "lab").len();
    for way in ["--plan", "--dry-run", "--what-if"] {
        bench
            .run(&["undo", &run, way])
            .exits(2)
            .says("changed by someone since and kept")
            .says("true → false");
    }
    assert_eq!(writes(&bench, "lab").len(), before, "showing takes nothing back");
    bench.run(&["undo", &run, "--yes"]).exits(0);
    let hidden = at(&bench, &format!("{ACCOUNT}/HiddenFromAddressListsEnabled"));
    assert_eq!(hidden, false, "what the run touched is as it was");
    assert_eq!(at(&bench, &format!("{ACCOUNT}/ExternalEmailAddress")), "SMTP:new@contoso.com");
}

#[test]
fn a_run_is_taken_back_in_parts_and_never_leaves_anything_in_the_air() {
    let bench = Bench::new();
    bench.run(&["plan", "sfb-online", "--target", "sim:lab"]).exits(2);
    let fresh = world(&bench, "lab").snapshot();
    let run = finished(&bench);
    let refused = bench.run(&["undo", &run, "--only", "application_account", "--yes"]).exits(1);
    refused.warns("FB0415").warns("stands and needs it");
    bench.run(&["undo", &run, "--only", "nothing", "--yes"]).exits(3);

    let only = ["undo", &run, "--only", "partner_application", "--yes", "--json"];
    let partly = bench.run(&only).exits(0).json();
    assert_eq!(partly["state"], "partly-undone");
    let steps = partly["steps"].as_array().expect("steps");
    let undone: Vec<&str> = steps
        .iter()
        .filter(|step| step["state"] == "undone")
        .filter_map(|step| step["id"].as_str())
        .collect();
    assert_eq!(undone, ["partner_application"]);
    assert_eq!(at(&bench, "/exchange/PartnerApplication/SfBOnline"), json!(null));
    bench
        .run(&["undo", &run, "--only", "partner_application", "--plan"])
        .exits(0)
        .says("0 changes to take back");
    let told = bench.run(&["explain", &run]).exits(0).says("partly-undone").says("taken back");
    told.says("stands").says(&format!("footbridge undo {run}"));
    bench.run(&["resume", &run]).exits(1).warns("FB0402");

    let to = bench.run(&["undo", &run, "--to", "application_account", "--yes", "--json"]).exits(0).json();
    assert_eq!(to["state"], "partly-undone");
    assert_ne!(at(&bench, ACCOUNT), json!(null), "the step itself stands");
    assert_eq!(
        at(&bench, "/exchange/ManagementRoleAssignment/TeamsApp-SfBOnline-ApplicationAccount"),
        json!(null)
    );
    bench.run(&["undo", &run, "--yes"]).exits(0);
    assert_eq!(world(&bench, "lab").snapshot(), fresh, "the parts together are the whole");
    bench.run(&["undo", &run, "--yes"]).exits(1).warns("FB0402");
}

#[test]
fn a_conflict_is_left_or_overruled_by_a_person_who_says_why() {
    let bench = Bench::new();
    bench.run(&["plan", "sfb-online", "--target", "sim:lab"]).exits(2);
    let fresh = world(&bench, "lab").snapshot();
    let run = finished(&bench);
    show_account(&bench, "lab");
    bench
        .run(&["undo", &run, "--plan"])
        .exits(2)
        .says("someone changed it since")
        .says("left by the run  true");
    bench.run(&["undo", &run, "--leave", CREATE, "--yes"]).exits(3);
    bench.run(&["undo", &run, "--leave", "application_account/craete", "--note", "n", "--yes"]).exits(3);
    let left = ["undo", &run, "--leave", CREATE, "--note", "support shows it", "--yes", "--json"];
    assert_eq!(bench.run(&left).exits(0).json()["state"], "partly-undone");
    assert_ne!(at(&bench, ACCOUNT), json!(null));
    bench.run(&["logs", &run]).exits(0).says(&format!("{CREATE} left as it is: support shows it"));

    let overrule = ["undo", &run, "--overrule", CREATE, "--note", "agreed with support"];
    bench.run(&[&overrule[..], &["--yes"]].concat()).exits(5).warns("FB0409").warns("lost with it");
    let shown = bench.run(&[&overrule[..], &["--plan", "--json"]].concat()).exits(2).json();
    assert_eq!(shown["undo"]["items"][0]["verdict"]["verdict"], "covered", "{shown}");
    let digest = shown["undo"]["digest"].as_str().expect("a digest").to_owned();
    bench.run(&[&overrule[..], &["--plan", &digest]].concat()).exits(0);
    assert_eq!(world(&bench, "lab").snapshot(), fresh);
}

#[test]
fn another_object_of_the_name_is_never_removed() {
    let bench = Bench::new();
    let run = finished(&bench);
    let made = json!({
        "Name": "SfBOnline", "ApplicationIdentifier": "00000004-0000-0ff1-ce00-000000000000", "Enabled": true,
        "LinkedAccount": "SfBOnline-ApplicationAccount",
    });
    other_admin(
        &bench,
        "lab",
        "Remove-PartnerApplication",
        json!({ "Identity": "SfBOnline", "Confirm": false }),
    );
    other_admin(&bench, "lab", "New-PartnerApplication", made);
    let before = writes(&bench, "lab").len();
    bench.run(&["undo", &run, "--plan"]).exits(2).says("another object of that name, never removed");
    bench.run(&["undo", &run, "--yes"]).exits(8).warns("FB0407");
    let overrule = ["undo", &run, "--overrule", "partner_application/create", "--note", "n", "--plan"];
    bench.run(&overrule).exits(3).warns("never removed");
    assert_eq!(writes(&bench, "lab").len(), before);
    bench.run(&["undo", &run, "--leave", "partner_application/create", "--note", "theirs", "--yes"]);
    assert_ne!(at(&bench, "/exchange/PartnerApplication/SfBOnline"), json!(null));
}

#[test]
fn a_layer_may_forbid_that_the_work_of_others_is_lost() {
    let bench = Bench::new();
    bench.write("contoso/overlay.toml", "[undo]\nconflicts = \"maybe\"\n");
    let layered = ["run", "sfb-online", "--target", "sim:lab", "--layer", "./contoso", "--yes", "--json"];
    let wrong = bench.run(&layered).exits(4);
    assert!(wrong.whole().contains("'maybe' is nothing that undo can do"), "{}", wrong.whole());
    bench.write("contoso/overlay.toml", "[undo]\nconflicts = \"refuse\"\n");
    let run = bench.run(&layered).exits(0).run();
    show_account(&bench, "lab");
    let overrule = ["undo", &run, "--overrule", CREATE, "--note", "n", "--yes"];
    bench.run(&overrule).exits(5).warns("FB0416").warns("./contoso");
}

#[test]
fn a_conflict_is_asked_about_only_where_that_is_allowed_and_somebody_is_there() {
    let bench = Bench::new();
    bench.write("contoso/overlay.toml", "[undo]\nconflicts = \"ask\"\n");
    let layered = ["run", "sfb-online", "--target", "sim:lab", "--layer", "./contoso", "--yes", "--json"];
    let run = bench.run(&layered).exits(0).run();
    show_account(&bench, "lab");
    let before = writes(&bench, "lab").len();
    bench.run(&["undo", &run]).exits(6).says("someone changed it since").warns("nobody is here to ask");
    bench.run(&["undo", &run, "--conflicts", "ask"]).exits(6).warns("nobody is here to ask");
    bench.run(&["undo", &run, "--yes"]).exits(8).warns("FB0407");
    assert_eq!(writes(&bench, "lab").len(), before);

    let bench = Bench::new();
    bench.write("contoso/overlay.toml", "[undo]\nconflicts = \"refuse\"\n");
    let run = bench.run(&layered).exits(0).run();
    bench.run(&["undo", &run, "--conflicts", "ask"]).exits(5).warns("FB0416").warns("./contoso");
}

#[test]
fn what_an_undo_loses_is_planned_and_seen_before_it_is_lost() {
    const MADE: &str = r#"key: "create", target: target, kind: "create", before: (), after: made,"#;
    let bench = Bench::new();
    bench.run(&["plan", "sfb-online", "--target", "sim:lab"]).exits(2);
    let fresh = world(&bench, "lab").snapshot();
    let shipped = include_str!("../../workflows/sfb-online/steps/application_account.rhai");
    assert_eq!(shipped.matches(MADE).count(), 1);
    let lossy = format!(r#"{MADE} reversibility: "with_loss", loss: "mail that came since","#);
    bench.write("contoso/steps/application_account.rhai", &shipped.replace(MADE, &lossy));
    let arguments = ["sfb-online", "--target", "sim:lab", "--layer", "./contoso"];
    bench.run(&[&["plan"], &arguments[..]].concat()).exits(2).says("(undo loses mail that came since)");
    let run = bench.run(&[&["run", "--yes", "--json"], &arguments[..]].concat()).exits(0).run();

    let before = writes(&bench, "lab").len();
    bench.run(&["undo", &run, "--yes"]).exits(5).warns("FB0409").warns("lost with it");
    assert_eq!(writes(&bench, "lab").len(), before);
    bench.run(&["undo", &run, "--plan"]).exits(2).says("lost is mail that came since");
    let shown = bench.run(&["undo", &run, "--plan", "--json"]).exits(2).json();
    let digest = shown["undo"]["digest"].as_str().expect("a digest").to_owned();
    bench.run(&["undo", &run, "--plan", &digest]).exits(0);
    assert_eq!(world(&bench, "lab").snapshot(), fresh);
}

#[test]
fn a_stuck_undo_says_what_stands_and_each_way_on() {
    let bench = Bench::new();
    let run = finished(&bench);
    let other = json!({ "Name": "Other", "ExternalEmailAddress": "other@contoso.com" });
    other_admin(&bench, "lab", "New-MailUser", other);
    other_admin(
        &bench,
        "lab",
        "New-ManagementRoleAssignment",
        json!({ "Role": "TeamsApp", "User": "Other" }),
    );
    bench.run(&["undo", &run, "--yes"]).exits(11);
    let told = bench.run(&["explain", &run]).exits(0).says("stuck").says("is assigned to");
    let told = told.says("taken back").says("stands").says("--leave application_role/create --note");
    assert!(told.stdout.contains("once the cause is mended"), "{}", told.stdout);
    let leave = ["undo", &run, "--leave", "application_role/create", "--note", "in use", "--yes", "--json"];
    let partly = bench.run(&leave).exits(0).json();
    assert_eq!(partly["state"], "partly-undone");
    assert_ne!(at(&bench, "/exchange/ManagementRole/TeamsApp"), json!(null));
    assert_eq!(at(&bench, ACCOUNT), json!(null), "the rest is taken back");
    let gone = json!({ "Identity": "TeamsApp-Other", "Confirm": false });
    other_admin(&bench, "lab", "Remove-ManagementRoleAssignment", gone);
    assert_eq!(bench.run(&["undo", &run, "--yes", "--json"]).exits(0).json()["state"], "undone");
    assert_eq!(at(&bench, "/exchange/ManagementRole/TeamsApp"), json!(null));
}
