//! One process holds the store; every verb works from another terminal while it carries a run on.

use serde_json::json;

use crate::notes;
use crate::support::{Bench, Going};

/// A run that waits for an hour in a process of its own, which stays that long.
fn waiting(bench: &Bench, json: bool) -> (Going, String) {
    notes::write(bench);
    let mut arguments = vec!["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "2h"];
    if json {
        arguments.push("--json");
    }
    let mut going = bench.start_watched(&arguments);
    let line = going.wait_for("run ");
    let run = line.split_whitespace().nth(1).expect("an id").to_owned();
    going.wait_for("second: waits until");
    (going, run)
}

#[test]
fn looking_from_another_terminal() {
    let bench = Bench::new();
    let (_going, run) = waiting(&bench, false);
    let status = bench.run(&["status", "--json"]).exits(0).json();
    assert_eq!(
        (&status["runs"][0]["run"], &status["runs"][0]["state"]),
        (&run.as_str().into(), &"waiting".into())
    );
    let explained = bench.run(&["explain", &run, "--json"]).exits(0).json();
    assert!(explained["waits_for"][0].as_str().is_some_and(|why| why.contains("second")), "{explained}");
    assert!(explained["next"]["at"].as_str().is_some(), "{explained}");
    bench.run(&["logs", &run]).exits(0).says("second: waits until");
    bench.run(&["plan", "sfb-online", "--target", "sim:other"]).exits(2);
    bench.run(&["check", "sfb-online"]).exits(0);
}

#[test]
fn cancelling_from_another_terminal() {
    let bench = Bench::new();
    let (going, run) = waiting(&bench, true);
    let cancelled = bench.run(&["cancel", &run, "--json"]).exits(0).json();
    assert_eq!((&cancelled["run"], &cancelled["state"]), (&run.as_str().into(), &"cancelled".into()));
    let (code, rest, told) = going.finish();
    assert_eq!(code, Some(1), "{rest}");
    let told: serde_json::Value = serde_json::from_str(&told).expect("the first process tells its end");
    assert_eq!(told["state"], "cancelled");
    bench.run(&["resume", &run]).exits(1).warns("FB0402");
}

#[test]
fn pausing_from_another_terminal_and_resuming_later() {
    let bench = Bench::new();
    let (going, run) = waiting(&bench, false);
    let paused = bench.run(&["pause", &run, "--json"]).exits(0).json();
    assert_eq!(paused["state"], "paused");
    let (code, rest, _) = going.finish();
    assert_eq!(code, Some(6), "{rest}");
    bench.run(&["explain", &run]).exits(0).says("paused").says("footbridge resume");
    let resumed = bench.run(&["resume", &run, "--wait", "1s", "--json"]).exits(6).json();
    assert_eq!(resumed["state"], "waiting");
    assert!(resumed["next"]["what"].as_str().is_some_and(|why| why.contains("second")), "{resumed}");
}

#[test]
fn approving_and_running_from_another_terminal() {
    let bench = Bench::new();
    let held = bench.run(&["run", "sfb-online", "--target", "sim:other", "--json"]).exits(6).run();
    let (going, run) = waiting(&bench, false);
    // The holder carries it on; whoever approved need not stay.
    bench.run(&["approve", &held]).exits(0).warns("carries the run on");
    bench.run(&["logs", &held, "-f"]).exits(0).says("succeeded");
    let other = bench.run(&["run", "sfb-online", "--target", "sim:third", "--yes", "--json"]).exits(0).json();
    assert_eq!(other["state"], "succeeded");
    bench.run(&["verify", &held]).exits(0);
    bench.run(&["undo", &held, "--yes"]).exits(0);
    bench.run(&["cancel", &run]).exits(0);
    assert_eq!(going.finish().0, Some(1));
    let status = bench.run(&["status", "--json"]).exits(0).json();
    let states: Vec<&serde_json::Value> =
        status["runs"].as_array().expect("runs").iter().map(|run| &run["state"]).collect();
    assert_eq!(json!(states), json!(["succeeded", "cancelled", "undone"]));
}

#[test]
fn cancelling_ends_a_script_that_looks_again_and_again() {
    let bench = Bench::new();
    notes::write_with(&bench, notes::MANIFEST, notes::UNTIL_GO);
    let mut going = bench.start_watched(&["run", "./notes", "--target", "sim:lab", "--yes"]);
    going.wait_for("first: 1 change");
    let cancelled = bench.run(&["cancel", "latest", "--json"]).exits(0).json();
    assert_eq!(cancelled["state"], "cancelled");
    let (code, rest, _) = going.finish();
    assert_eq!(code, Some(1), "{rest}");
}
