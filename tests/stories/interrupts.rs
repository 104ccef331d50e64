//! Ctrl-C: once stops at a safe point, twice leaves at once. Sent as the signal that a terminal sends.

use std::process::Command;

use crate::notes;
use crate::notes::UNTIL_GO;
use crate::support::{Bench, Going};

fn control_c(going: &Going) {
    assert!(signalled(going));
}

fn signalled(going: &Going) -> bool {
    Command::new("kill").args(["-INT", &going.id().to_string()]).status().expect("kill is there").success()
}

#[test]
fn once_stops_at_a_safe_point_and_says_how_to_go_on() {
    let bench = Bench::new();
    notes::write(&bench);
    let mut going =
        bench.start_watched(&["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "2h", "--json"]);
    going.wait_for("second: waits until");
    control_c(&going);
    let (code, rest, told) = going.finish();
    assert_eq!(code, Some(130), "{rest}");
    let told: serde_json::Value = serde_json::from_str(&told).expect("one document");
    assert_eq!(told["state"], "paused");
    let run = told["run"].as_str().expect("an id");
    assert!(rest.contains(&format!("footbridge resume {run}")), "{rest}");
    bench.run(&["resume", run, "--wait", "1s"]).exits(6);
}

#[test]
fn twice_leaves_at_once_and_the_run_goes_on_later() {
    let bench = Bench::new();
    notes::write_with(&bench, notes::MANIFEST, UNTIL_GO);
    let mut going = bench.start_watched(&["run", "./notes", "--target", "sim:lab", "--yes"]);
    going.wait_for("first: 1 change");
    control_c(&going);
    going.wait_for("stopping at a safe point");
    // It may have come to its safe point by now: then nobody is left to hear the second.
    let _ = signalled(&going);
    let (code, rest, _) = going.finish();
    assert_eq!(code, Some(130), "{rest}");
    let status = bench.run(&["status", "latest", "--json"]).exits(0).json();
    let state = status["runs"][0]["state"].as_str().expect("a state");
    assert!(["interrupted", "paused"].contains(&state), "{state}");
}

#[test]
fn nothing_to_bring_to_a_safe_point_ends_at_the_first() {
    let bench = Bench::new();
    let mut going = bench.start_watched(&["simulate", "--name", "lab"]);
    going.wait_for("serving until Ctrl-C");
    control_c(&going);
    let (code, _, told) = going.finish();
    assert_eq!(code, Some(0));
    assert!(told.contains("http://127.0.0.1:"), "{told}");
}
