//! The same with the real binary: killed, the clock set by a day, resumed; and what is told of a run that waits.

use std::fs;

use crate::binary::{Bench, Moments, Quiet};
use crate::bounds;
use crate::kill::killed_once;
use crate::lab::{differences, shipped, sorted};
use crate::preload;

/// How many runs are killed, for each way that the clock is set, without being asked for more.
const ROUNDS: u64 = 3;
const DAY_S: i64 = 86_400;

#[test]
fn a_killed_binary_goes_on_by_a_clock_that_was_set() {
    let rounds = bounds::of("FOOTBRIDGE_CLOCK_KILL_ROUNDS", ROUNDS);
    let tools = tempfile::tempdir().expect("a folder for the shim");
    let shim = preload::library("clock_jumps/shim.c", tools.path());
    let mut killed = 0;
    for (id, workflow) in shipped() {
        let Quiet { forward, backward, world, untouched, effects, undo_effects } = Quiet::of(&workflow);
        for (round, ahead) in (1..=rounds).flat_map(|round| [(round, -DAY_S), (round, DAY_S)]) {
            let name = format!("{id}, round {round}, the clock set by {ahead} s");
            let mut moments = Moments(round);
            let mut bench = Bench::new(&workflow);
            for (wanted, lines) in [("succeeded", forward), ("undone", backward)] {
                bench.environment.clear();
                let next = bench.next(wanted, &name).expect("it is not as wanted yet");
                killed += u64::from(killed_once(&bench, &next, lines, &mut moments));
                bench.environment = set(&shim, ahead);
                bench.finish(wanted, &name);
                let (after, done) = bench.look();
                let forward = wanted == "succeeded";
                let (expected, ours) = if forward { (&world, &effects) } else { (&untouched, &undo_effects) };
                let begun = if forward { 0 } else { effects.len() };
                assert_eq!(differences(&after, expected), Vec::<String>::new(), "{name}\n{}", bench.logs());
                assert_eq!(&sorted(done[begun..].to_vec()), ours, "{name}\n{}", bench.logs());
            }
        }
    }
    println!("rounds: {rounds}, kills: {killed}");
    assert!(killed > 0, "no kill came before the binary was done");
}

fn set(shim: &std::path::Path, ahead: i64) -> Vec<(&'static str, std::ffi::OsString)> {
    vec![("LD_PRELOAD", shim.into()), ("CLOCK_AHEAD", ahead.to_string().into())]
}

const NOTES: &str = "[workflow]\nid = 'notes'\nversion = '1.0.0'\ntitle = 'Notes'\n[steps.first]\ntitle = 'First'\n\
                     gate = { wait = '2h' }\n";

#[test]
fn a_run_that_waits_tells_of_a_clock_that_was_set_back_and_waits_no_longer_than_once_more() {
    let tools = tempfile::tempdir().expect("a folder for the shim");
    let shim = preload::library("clock_jumps/shim.c", tools.path());
    let workflow = shipped().into_values().next().expect("a workflow is shipped");
    let mut bench = Bench::new(&workflow);
    let folder = tools.path().join("notes");
    fs::create_dir_all(folder.join("steps")).expect("a folder");
    fs::write(folder.join("workflow.toml"), NOTES).expect("written");
    fs::write(folder.join("steps/first.rhai"), "fn apply(ctx, change) { #{} }\n").expect("written");
    let folder = folder.to_string_lossy().into_owned();
    let run = ["run", &folder, "--target", "sim:lab", "--yes", "--wait", "0s", "--json"];
    let due = moment(&bench.json(&run, 6)["next"]["at"]);

    bench.environment = set(&shim, -DAY_S);
    let told = |bench: &Bench, arguments: &[&str]| {
        let output = bench.command(arguments).output().expect("the binary starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let explained = told(&bench, &["explain", "latest"]);
    assert!(explained.contains("ahead of this machine's clock, which was set back"), "{explained}");
    let doctor = told(&bench, &["doctor", "latest"]);
    assert!(doctor.contains("it was set back, or was wrong before"), "{doctor}");
    assert!(doctor.contains("set the clock right"), "{doctor}");
    // Resumed, its gate counts from now, by the clock there is.
    let resumed = bench.json(&["resume", "latest", "--wait", "0s", "--json"], 6);
    let anew = moment(&resumed["next"]["at"]);
    let nearer = due.since(anew).as_secs();
    assert!((80_000..=86_400).contains(&nearer), "it waits {nearer} s less long by the clock: {resumed}");
    let doctor = told(&bench, &["doctor", "latest"]);
    assert!(doctor.contains("the clock was set back by 23h before record"), "{doctor}");

    bench.environment = set(&shim, DAY_S);
    let ended = bench.json(&["resume", "latest", "--wait", "0s", "--json"], 0);
    assert_eq!(ended["state"], "succeeded");
    // What is started last is the latest, however the clock stands.
    bench.environment = set(&shim, -DAY_S);
    let again = bench.json(&run, 6);
    assert_eq!(bench.json(&["status", "latest", "--json"], 0)["runs"][0]["run"], again["run"]);
    assert_ne!(again["run"], ended["run"]);
}

fn moment(text: &serde_json::Value) -> model::Timestamp {
    text.as_str().and_then(model::Timestamp::parse_rfc3339).unwrap_or_else(|| panic!("no moment: {text}"))
}
