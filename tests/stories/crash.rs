//! Killed as `kill -9` does: the run is told as interrupted, and goes on exactly there.

use serde_json::json;

use crate::notes::UNTIL_GO;
use crate::support::Bench;
use crate::world::{other_admin, writes};

#[test]
fn a_killed_run_is_interrupted_and_resume_finishes_it_without_doing_anything_twice() {
    let bench = Bench::new();
    // The last step stays at work until it sees a mail user that nobody has made yet: the kill always hits it there.
    bench.write("slow/steps/verify_features.rhai", UNTIL_GO);
    let run = ["run", "sfb-online", "--target", "sim:lab", "--yes", "--layer", "./slow"];
    let mut going = bench.start_watched(&run);
    going.wait_for("verify_features: 1 change, 0 already so");
    going.kill();

    let status = bench.run(&["status", "latest", "--json"]).exits(0).json();
    // What was recorded since the last intent may have died with the process: its write is in doubt then, or the last step
    // still stands before its gate.
    let state = status["runs"][0]["state"].as_str().expect("a state");
    assert!(["interrupted", "in-doubt", "waiting"].contains(&state), "{state}");
    let id = status["runs"][0]["run"].as_str().expect("an id").to_owned();
    bench.run(&["explain", &id]).exits(0).says(state).says(&format!("footbridge resume {id}"));
    let before = writes(&bench, "lab");
    assert_eq!(before.len(), 23);

    let address = json!({ "Name": "Go", "ExternalEmailAddress": "go@contoso.com" });
    other_admin(&bench, "lab", "New-MailUser", address);
    // Without the layer: a run keeps the scripts it began with.
    let ended = bench.run(&["resume", &id, "--json"]).exits(0).json();
    assert_eq!((&ended["state"], &ended["changes"]), (&"succeeded".into(), &24.into()));
    assert_eq!(writes(&bench, "lab")[..23], before);
    assert_eq!(writes(&bench, "lab").len(), 24, "ours once, and the second administrator's");
}

#[test]
fn a_run_that_waits_for_its_approval_outlives_its_process() {
    let bench = Bench::new();
    let waits = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--json"]).exits(6);
    bench.run(&["resume", &waits.run()]).exits(6);
    bench.run(&["approve", &waits.run()]).exits(0);
    bench.run(&["resume", &waits.run()]).exits(1).warns("FB0402");
}
