//! The real binary is killed as `kill -9` does, at moments that a seed chooses, and resumed until it is done. A moment is
//! so many lines of progress and a little while, so that a loaded machine does not move all kills to the end.
//! Unix only: the end of a process by signal is what is tested.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use crate::binary::{Bench, Moments, Quiet, is_progress};
use crate::bounds;
use crate::lab::{differences, shipped, sorted};

/// How many runs are killed without being asked for more.
const ROUNDS: u64 = 8;
/// How often one run, and how often its undo, is killed at most.
const KILLS: u64 = 4;
/// Within so many lines of progress of a part's undo it is killed.
const PART_LINES: u64 = 5;
/// A kill comes at most so long after its line of progress.
const LATE_MAX: Duration = Duration::from_millis(12);
const SIGKILL: i32 = 9;

#[test]
fn a_killed_binary_goes_on_where_it_stood() {
    let rounds = bounds::of("FOOTBRIDGE_KILL_ROUNDS", ROUNDS);
    let mut killed = 0;
    for (id, workflow) in shipped() {
        let Quiet { forward, backward, world, untouched, effects, undo_effects } = Quiet::of(&workflow);
        assert!(!effects.is_empty() && !undo_effects.is_empty());
        assert!(forward > 20 && backward > 5, "the binary tells how it goes on: {forward}, {backward}");

        for round in 1..=rounds {
            let mut moments = Moments(round);
            let name = format!("{id}, round {round}");
            let bench = Bench::new(&workflow);
            killed += killed_until(&bench, "succeeded", forward, &mut moments, &name);
            let (after, done) = bench.look();
            assert_eq!(differences(&after, &world), Vec::<String>::new(), "{name}\n{}", bench.logs());
            assert_eq!(sorted(done.clone()), effects, "{name}\n{}", bench.logs());

            killed += killed_until(&bench, "undone", backward, &mut moments, &name);
            let (after, all) = bench.look();
            assert_eq!(differences(&after, &untouched), Vec::<String>::new(), "{name}\n{}", bench.logs());
            let back = sorted(all[done.len()..].to_vec());
            assert_eq!(back, undo_effects, "{name}\n{}", bench.logs());
        }
    }
    println!("rounds: {rounds}, kills: {killed}");
    assert!(killed > 0, "no kill came before the binary was done");
}

#[test]
fn a_killed_undo_of_a_part_goes_on_where_it_stood() {
    let rounds = bounds::of("FOOTBRIDGE_KILL_ROUNDS", ROUNDS).div_ceil(2);
    let mut killed = 0;
    for (id, workflow) in shipped() {
        let mut quiet = Bench::new(&workflow);
        quiet.ends("succeeded", &quiet.run());
        // Nothing that stands needs what was written last.
        let plan = quiet.json(&["undo", "latest", "--plan", "--json"], 2);
        let part = plan["undo"]["items"][0]["step"].as_str().expect("there is something to undo").to_owned();
        quiet.part.clone_from(&part);
        quiet.finish("partly-undone", &id);
        let (in_part, _) = quiet.look();
        quiet.finish("undone", &id);
        let (untouched, effects) = quiet.look();
        let effects = sorted(effects);
        assert_ne!(differences(&in_part, &untouched), Vec::<String>::new(), "a part stands");

        for round in 1..=rounds {
            let mut moments = Moments(round);
            let name = format!("{id}, round {round}");
            let mut bench = Bench::new(&workflow);
            bench.part.clone_from(&part);
            bench.ends("succeeded", &bench.run());
            for (wanted, world) in [("partly-undone", &in_part), ("undone", &untouched)] {
                killed += killed_until(&bench, wanted, PART_LINES, &mut moments, &name);
                let (after, _) = bench.look();
                assert_eq!(differences(&after, world), Vec::<String>::new(), "{name}\n{}", bench.logs());
            }
            assert_eq!(sorted(bench.look().1), effects, "{name}\n{}", bench.logs());
        }
    }
    println!("rounds: {rounds}, kills: {killed}");
    assert!(killed > 0, "no kill came before the binary was done");
}

/// Starts the command and kills it, again and again, each time going on as a person would; then lets it end.
fn killed_until(bench: &Bench, wanted: &str, lines: u64, moments: &mut Moments, name: &str) -> u64 {
    let mut killed = 0;
    for _ in 0..=moments.next() % KILLS {
        let Some(next) = bench.next(wanted, name) else { return killed };
        killed += u64::from(killed_once(bench, &next, lines, moments));
    }
    bench.finish(wanted, name);
    killed
}

/// Starts the command and kills it before it has told more than so many lines; whether it was alive until then.
pub(crate) fn killed_once(bench: &Bench, next: &[String], lines: u64, moments: &mut Moments) -> bool {
    let mut child = bench.command(next).spawn().expect("the binary starts");
    let told = BufReader::new(child.stderr.take().expect("its errors are piped"));
    let at = moments.next() % lines;
    let mut seen = 0;
    let mut told = told.lines().map_while(Result::ok).filter(|line| is_progress(line));
    while seen < at && told.next().is_some() {
        seen += 1;
    }
    wait(LATE_MAX.mul_f64((moments.next() % 1_000) as f64 / 1_000.0));
    // A process that was done before it could be killed is no failure.
    let _ = child.kill();
    let output = child.wait_with_output().expect("a child process ends");
    output.status.signal() == Some(SIGKILL)
}

#[expect(clippy::disallowed_methods, reason = "the moment of a real kill is a moment of real time")]
fn wait(time: Duration) {
    std::thread::sleep(time);
}
