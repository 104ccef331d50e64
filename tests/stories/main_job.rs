//! The main job: the six steps on a fresh world, planned, approved, carried out; again on what is there already.

use serde_json::Value;

use crate::support::Bench;
use crate::world::{world, writes};

const STEPS: [&str; 9] = [
    "oauth_trust",
    "application_account",
    "application_role",
    "role_assignment",
    "partner_application",
    "export_auth_cert",
    "upload_auth_cert",
    "verify_upload",
    "verify_features",
];

fn unchecked(document: &Value) -> Vec<&str> {
    let listed = document["unchecked"].as_array().expect("a list");
    listed.iter().map(|one| one["question"].as_str().expect("a name")).collect()
}

#[test]
fn the_main_job_ends_verified_and_names_what_only_a_person_can_check() {
    let bench = Bench::new();
    let ended = bench.run(&["run", "sfb-online", "--target", "sim", "--json"]).exits(0);
    let document = ended.json();
    assert_eq!(document["state"], "succeeded");
    assert_eq!(document["workflow"], "sfb-online");
    assert_eq!(document["target"], "sim");
    assert_eq!(document["changes"], 23);
    let steps: Vec<(&str, &str)> = document["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| (step["id"].as_str().expect("id"), step["state"].as_str().expect("state")))
        .collect();
    assert_eq!(steps, STEPS.map(|step| (step, "done")));
    assert_eq!(unchecked(&document), ["voicemail", "conversation_history", "archived_chats"]);
    let run = ended.run();
    bench.run(&["status", &run]).exits(0).says("only a person can check, and nobody has").says(&format!(
        "footbridge approve {run} verify_features --answer archived_chats=yes|no|cannot-tell"
    ));
    ended.warns("verify_features: done").warns("succeeded");
}

#[test]
fn each_throw_away_run_has_a_world_of_its_own() {
    let bench = Bench::new();
    for _ in 0..2 {
        let ended = bench.run(&["run", "sfb-online", "--target", "sim", "--json"]).exits(0);
        assert_eq!(ended.json()["changes"], 23);
    }
    let listed = bench.run(&["status", "--json"]).exits(0).json();
    let runs = listed["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2);
    assert!(runs[0]["created"].as_u64() >= runs[1]["created"].as_u64(), "newest first");
}

#[test]
fn a_plan_says_what_would_change_and_writes_nothing() {
    let bench = Bench::new();
    let plan = ["plan", "sfb-online", "--target", "sim:lab", "--json"];
    let first = bench.run(&plan).exits(2).json();
    let before = world(&bench, "lab").snapshot();
    let second = bench.run(&plan).exits(2).json();
    assert_eq!(first["digest"], second["digest"]);
    assert_eq!(first["changes"], second["changes"]);
    assert!(writes(&bench, "lab").is_empty());
    assert_eq!(world(&bench, "lab").snapshot(), before);
    assert_eq!(bench.run(&["status", "--json"]).exits(0).json()["runs"], serde_json::json!([]));

    for change in first["changes"].as_array().expect("changes") {
        for key in ["step", "key", "target", "kind", "before", "after"] {
            assert!(change.get(key).is_some(), "{key} in {change}");
        }
    }
    let changes = first["changes"].as_array().expect("changes");
    let create = changes.iter().find(|change| change["kind"] != "none").expect("a change");
    assert_eq!((&create["step"], &create["kind"]), (&"application_account".into(), &"create".into()));
    assert_eq!(create["before"], Value::Null);
    assert_eq!(create["after"]["guid"]["unknown"], "application_account.guid");

    let digest = first["digest"].as_str().expect("a digest");
    bench
        .run(&["plan", "sfb-online", "--target", "sim:lab"])
        .exits(2)
        .says("+ create mail_user:SfBOnline-ApplicationAccount")
        .says("~ update management_role:TeamsApp")
        .says("check:connector is already so")
        .says("(known after application_account.guid)")
        .says("workflows/sfb-online/steps/upload_auth_cert.rhai (shipped)")
        .says(digest);
}

#[test]
fn a_plan_shows_the_exact_cmdlets_and_requests() {
    let bench = Bench::new();
    let told = bench
        .run(&["plan", "sfb-online", "--target", "sim:lab", "--commands"])
        .exits(2)
        .says("New-MailUser -Name 'SfBOnline-ApplicationAccount' -ExternalEmailAddress 'SfBOnline-ApplicationAccount@contoso.com'")
        .says("-HiddenFromAddressListsEnabled $true")
        .says("New-ManagementRole -Name 'TeamsApp'")
        .says("Remove-ManagementRoleEntry -Identity 'TeamsApp\\UpdateItem'")
        .says("New-ManagementRoleAssignment -Role 'TeamsApp' -User '<known after application_account.guid>'")
        .says("New-PartnerApplication -Name 'SfBOnline' -ApplicationIdentifier '00000004-0000-0ff1-ce00-000000000000' -Enabled $true")
        .says("/v1.0/servicePrincipals/");
    assert!(!told.stdout.contains("TeamsApp\\GetDelegate"), "the entry that stays is not removed");
    let document =
        bench.run(&["plan", "sfb-online", "--target", "sim:lab", "--commands", "--json"]).exits(2).json();
    let commands = document["commands"].as_array().expect("commands");
    let changes = document["changes"].as_array().expect("changes");
    assert_eq!(commands.len(), changes.iter().filter(|change| change["kind"] != "none").count());
    let upload = commands.iter().find(|one| one["step"] == "upload_auth_cert").expect("the upload");
    let request = &upload["requests"][0];
    assert!(request["line"].as_str().is_some_and(|line| line.starts_with("PATCH ")), "{request}");
    let body = match &request["body"] {
        Value::String(text) => serde_json::from_str(text).expect("the body is JSON"),
        other => other.clone(),
    };
    let key = &body["keyCredentials"][0];
    assert_eq!((&key["type"], &key["usage"]), (&"AsymmetricX509Cert".into(), &"Verify".into()));
    assert!(key["key"].as_str().is_some_and(|key| key.starts_with("MII")), "{key}");
    assert!(writes(&bench, "lab").is_empty());
}

#[test]
fn a_run_carries_out_the_plan_with_that_digest_and_no_other() {
    let bench = Bench::new();
    let plan = bench.run(&["plan", "sfb-online", "--target", "sim:lab", "--json"]).exits(2).json();
    let digest = plan["digest"].as_str().expect("a digest").to_owned();
    let wrong = "0".repeat(64);
    for other in [wrong.as_str(), "deadbeef"] {
        bench
            .run(&["run", "sfb-online", "--target", "sim:lab", "--plan", other])
            .exits(8)
            .warns("FB0302")
            .warns(&digest[..12])
            .warns("footbridge plan");
    }
    assert_eq!(bench.run(&["status", "--json"]).exits(0).json()["runs"], serde_json::json!([]));
    assert!(writes(&bench, "lab").is_empty());
    let ended =
        bench.run(&["run", "sfb-online", "--target", "sim:lab", "--plan", &digest, "--json"]).exits(0).json();
    assert_eq!((&ended["state"], &ended["plan"]), (&"succeeded".into(), &digest.as_str().into()));
    // The same digest again: the world has moved on, by this very run.
    bench.run(&["run", "sfb-online", "--target", "sim:lab", "--plan", &digest]).exits(8).warns("FB0302");
}

#[test]
fn without_anybody_to_ask_a_run_waits_for_its_approval() {
    let bench = Bench::new();
    let waits = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--json"]).exits(6);
    assert_eq!(waits.json()["state"], "waiting");
    let run = waits.run();
    assert!(writes(&bench, "lab").is_empty());
    let explained = bench.run(&["explain", &run, "--json"]).exits(0).json();
    let may: Vec<&str> = explained["may"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["command"].as_str().expect("a command"))
        .collect();
    assert!(may.iter().any(|command| command.starts_with(&format!("footbridge approve {run}"))), "{may:?}");
    bench.run(&["resume", &run]).exits(6);
    bench.run(&["approve", &run, "--plan", "deadbeef"]).exits(8).warns("FB0302").warns("explain");
    assert!(writes(&bench, "lab").is_empty());
    let ended = bench.run(&["approve", &run, "--json"]).exits(0).json();
    assert_eq!((&ended["run"], &ended["state"]), (&run.as_str().into(), &"succeeded".into()));
    assert_eq!(writes(&bench, "lab").len(), 23);
    bench.run(&["approve", &run]).exits(5).warns("FB0409");
}

#[test]
fn a_second_run_adopts_what_is_there() {
    let bench = Bench::new();
    bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes"]).exits(0);
    let plan = bench.run(&["plan", "sfb-online", "--target", "sim:lab", "--json"]).exits(0).json();
    assert_eq!(plan["has_changes"], false);
    let again = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes", "--json"]).exits(0);
    assert_eq!((&again.json()["state"], &again.json()["changes"]), (&"succeeded".into(), &0.into()));
    assert_eq!(writes(&bench, "lab").len(), 23);
    // What it did not make it does not take away.
    let nothing = bench.run(&["undo", &again.run(), "--json"]).json();
    assert_eq!(nothing["undo"]["items"], serde_json::json!([]));
    assert_eq!(writes(&bench, "lab").len(), 23);
}

#[test]
fn answers_of_a_person_are_kept() {
    let bench = Bench::new();
    let run = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes", "--json"]).exits(0).run();
    let step = ["approve", &run, "verify_features"];
    let with = |answer: &[&'static str]| [&step[..], answer].concat();
    let after = bench.run(&with(&["--answer", "voicemail=yes", "--json"])).exits(0).json();
    assert_eq!(unchecked(&after), ["conversation_history", "archived_chats"]);
    let note = ["--answer", "archived_chats=cannot-tell", "--note", "no test mailbox", "--json"];
    let after = bench.run(&with(&note)).exits(0).json();
    assert_eq!(unchecked(&after), ["conversation_history", "archived_chats"]);
    assert_eq!(after["unchecked"][1]["why"], "no test mailbox");
    bench.run(&with(&["--answer", "voicemail=maybe"])).exits(3).warns("FB0951").warns("cannot-tell");
    bench.run(&with(&["--answer", "nothing=yes"])).exits(5).warns("FB0409").warns("nothing");
    bench.run(&["logs", &run]).exits(0).says("answered voicemail");
}
