//! Stores of every format ever written: listed, explained, whole, and carried on by this version.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::Bench;

/// `tests/fixtures/stores/format-*`: a store, its journals as they were told, and how each run stood.
fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stores");
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).expect("the fixtures").map(|entry| entry.expect("an entry").path()).collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let copied = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).expect("copied");
        }
    }
}

fn expected(fixture: &Path) -> Vec<Value> {
    let text = fs::read_to_string(fixture.join("expected.json")).expect("how the runs stood");
    serde_json::from_str(&text).expect("a list of runs")
}

fn opened(fixture: &Path) -> Bench {
    let bench = Bench::new();
    copy(&fixture.join("state"), &bench.state());
    bench
}

/// The run of the fixture that stands so.
fn standing(fixture: &Path, state: &str) -> String {
    let row = expected(fixture).into_iter().find(|row| row["state"] == state);
    row.unwrap_or_else(|| panic!("{} has no {state} run", fixture.display()))["run"]
        .as_str()
        .expect("an id")
        .into()
}

#[test]
fn every_run_stands_as_it_did_record_by_record() {
    for fixture in fixtures() {
        let bench = opened(&fixture);
        let listed = bench.run(&["status", "--json"]).exits(0).json();
        let rows = listed["runs"].as_array().expect("runs").clone();
        let told: Vec<Value> = expected(&fixture);
        assert_eq!(rows.len(), told.len(), "{}", fixture.display());
        for (row, told) in rows.iter().zip(&told) {
            // The head is the hash of the last record, and of all before it.
            for name in ["run", "state", "changes", "head"] {
                assert_eq!(row[name], told[name], "{}: {name}", fixture.display());
            }
            let run = told["run"].as_str().expect("an id");
            bench.run(&["explain", run]).exits(0);
            let journal = fs::read_to_string(fixture.join("journals").join(format!("{run}.jsonl")));
            let logs = bench.run(&["logs", run, "--json"]).exits(0);
            assert_eq!(logs.stdout, journal.expect("its journal"), "{}: {run}", fixture.display());
        }
    }
}

#[test]
fn what_waits_is_carried_on_and_what_was_done_is_taken_back() {
    for fixture in fixtures() {
        let bench = opened(&fixture);
        let run = |state: &str| standing(&fixture, state);
        bench.run(&["approve", &run("waiting")]).exits(0).says("succeeded");
        bench.run(&["undo", &run("waiting"), "--yes"]).exits(0).says("undone");
        bench.run(&["undo", &run("succeeded"), "--yes"]).exits(0).says("undone");
        bench.run(&["undo", &run("failed"), "--yes"]).exits(0).says("undone");
        // It stood at a gate, and stands there again.
        bench.run(&["resume", &run("paused"), "--wait", "1s"]).exits(6).says("waiting");
        bench.run(&["approve", &run("paused"), "beta"]).exits(0).says("succeeded");
        bench.run(&["undo", &run("undone"), "--yes"]).exits(1).warns("FB0402");
    }
}
