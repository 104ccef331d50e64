//! Real processes race on one store: one of them holds it, the others speak to that one or say what keeps them from it.

use std::process::Output;

use crate::binary::{Bench, Moments};
use crate::bounds;
use crate::lab::{shipped, sorted};

/// How many races are run without being asked for more.
const ROUNDS: u64 = 6;
/// How many processes start at once.
const RACERS: usize = 3;
/// The exit codes of what may become of a racer: done, ended otherwise, refused, waiting, in doubt, stale, locked.
const CODES: [i32; 7] = [0, 1, 5, 6, 7, 8, 9];

#[test]
fn processes_that_race_on_one_store_do_everything_once() {
    let rounds = bounds::of("FOOTBRIDGE_RACE_ROUNDS", ROUNDS);
    let workflow = shipped().into_values().next().expect("a workflow is shipped");
    let quiet = Bench::new(&workflow);
    quiet.ends("succeeded", &quiet.run());
    let effects = sorted(quiet.look().1);
    let (mut refused, mut served) = (0, 0);
    for round in 1..=rounds {
        let mut moments = Moments(round);
        let bench = Bench::new(&workflow);
        let begin = bench.run();
        let waiting = bench.command(&begin[..begin.len() - 1]).output().expect("the binary starts");
        assert_eq!(waiting.status.code(), Some(6), "it waits for its approval");
        let mut raced = Vec::new();
        for _ in 0..2 {
            for (line, output) in race(&bench, &mut moments) {
                let told = String::from_utf8_lossy(&output.stderr).into_owned();
                let name = format!("round {round}, {line:?}: {:?}: {told}", output.status);
                let code = output.status.code().unwrap_or_else(|| panic!("it did not end by itself: {name}"));
                assert!(CODES.contains(&code) && !told.contains("panicked"), "{name}");
                assert!(!told.contains("FB9"), "an error of ours: {name}");
                if code == 0 || code == 6 {
                    served += 1;
                } else {
                    refused += 1;
                    // A run that somebody else cancelled is told as such; everything else has a code.
                    let ended = String::from_utf8_lossy(&output.stdout).contains("cancelled");
                    assert!(told.contains("FB0") || ended, "no reason is given: {name}");
                }
                raced.push(line);
            }
        }
        let name = format!("round {round}, {raced:?}");
        let state = bench.json(&["status", "latest", "--json"], 0)["runs"][0]["state"].clone();
        if state == "cancelled" {
            // Of some effects there are many alike: each is taken from those of the quiet run once.
            let mut left = effects.clone();
            for effect in bench.look().1 {
                let at = left.iter().position(|one| *one == effect);
                let at = at.unwrap_or_else(|| panic!("{name}: '{effect}' more often\n{}", bench.logs()));
                left.swap_remove(at);
            }
        } else {
            if state == "waiting" || state == "paused" {
                let _ = bench.command(&["approve", "latest"]).output().expect("the binary starts");
            }
            bench.finish("succeeded", &name);
            assert_eq!(sorted(bench.look().1), effects, "{name}\n{}", bench.logs());
        }
        assert_eq!(bench.json(&["status", "--json"], 0)["runs"].as_array().map(Vec::len), Some(1), "{name}");
    }
    println!("rounds: {rounds}, served: {served}, refused: {refused}");
    assert!(served > 0 && refused > 0, "nobody met: {served} served, {refused} refused");
}

/// Starts some at once, and waits for all of them.
fn race(bench: &Bench, moments: &mut Moments) -> Vec<(Vec<&'static str>, Output)> {
    let mut racers = Vec::new();
    for _ in 0..RACERS {
        let line = match moments.next() % 8 {
            0..=3 => vec!["approve", "latest"],
            4 | 5 => vec!["resume", "latest"],
            6 => vec!["retry", "latest", "verify_features"],
            _ => vec!["cancel", "latest"],
        };
        let child = bench.command(&line).spawn().expect("the binary starts");
        racers.push((line, child));
    }
    let ended = |(line, child): (_, std::process::Child)| (line, child.wait_with_output().expect("it ends"));
    racers.into_iter().map(ended).collect()
}
