//! Undo: shown, then newest first, until the world is as it was.

use serde_json::json;

use crate::support::Bench;
use crate::world::{world, writes};

#[test]
fn undo_shows_its_plan_and_brings_the_world_back() {
    let bench = Bench::new();
    bench.run(&["plan", "sfb-online", "--target", "sim:lab"]).exits(2);
    let fresh = world(&bench, "lab").snapshot();
    let run = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes", "--json"]).exits(0).run();
    assert_ne!(world(&bench, "lab").snapshot(), fresh);

    let shown = bench.run(&["undo", &run, "--json"]).exits(6);
    let plan = shown.json()["undo"].clone();
    assert_eq!(plan["run"], run.as_str());
    let verdicts: Vec<&str> = plan["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["verdict"]["verdict"].as_str().expect("a verdict"))
        .collect();
    assert_eq!(verdicts.iter().filter(|one| **one == "undo").count(), 5, "{verdicts:?}");
    assert_eq!(verdicts.iter().filter(|one| **one == "covered").count(), 18, "{verdicts:?}");
    bench
        .run(&["undo", &run])
        .exits(6)
        .says("remove mail_user:SfBOnline-ApplicationAccount")
        .warns("nothing was undone");
    assert_eq!(writes(&bench, "lab").len(), 23, "showing takes nothing back");

    let undone = bench.run(&["undo", &run, "--yes", "--json"]).exits(0).json();
    assert_eq!((&undone["run"], &undone["state"]), (&run.as_str().into(), &"undone".into()));
    assert_eq!(undone["changes"], 0, "what a deletion covers is gone with it");
    assert_eq!(undone["unchecked"], json!([]), "nothing is left to check");
    assert_eq!(world(&bench, "lab").snapshot(), fresh);
    let status = bench.run(&["status", &run]).exits(0).says("0 changes in effect");
    assert!(!status.stdout.contains("only a person can check"), "{}", status.whole());

    // It can be done anew.
    bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes"]).exits(0);
}

#[test]
fn what_is_undone_cannot_be_undone_again() {
    let bench = Bench::new();
    let run = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes", "--json"]).exits(0).run();
    bench.run(&["undo", &run, "--yes"]).exits(0);
    let before = writes(&bench, "lab").len();
    bench.run(&["undo", &run, "--yes"]).exits(1).warns("FB0402");
    assert_eq!(writes(&bench, "lab").len(), before);
}

#[test]
fn undo_takes_back_the_plan_that_was_read_and_no_other() {
    let bench = Bench::new();
    let run = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes", "--json"]).exits(0).run();
    let plan = bench.run(&["undo", &run, "--json"]).exits(6).json();
    let digest = plan["undo"]["digest"].as_str().expect("a digest");
    let wrong = "0".repeat(64);
    bench.run(&["undo", &run, "--plan", &wrong]).exits(8).warns("FB0302");
    assert_eq!(writes(&bench, "lab").len(), 23);
    let undone = bench.run(&["undo", &run, "--plan", digest, "--json"]).exits(0).json();
    assert_eq!(undone["state"], "undone");
}
