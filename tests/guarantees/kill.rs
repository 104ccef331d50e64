//! The real binary is killed as `kill -9` does, at moments that a seed chooses, and resumed until it is done. A moment is
//! so many lines of progress and a little while, so that a loaded machine does not move all kills to the end.
//! Unix only: the end of a process by signal is what is tested.
#![cfg(unix)]

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use model::Workflow;
use serde_json::Value;
use sim::{By, World, WorldSpec};

use crate::bounds;
use crate::lab::{differences, shipped, sorted};

/// How many runs are killed without being asked for more.
const ROUNDS: u64 = 8;
/// How often one run, and how often its undo, is killed at most.
const KILLS: u64 = 4;
/// A kill comes at most so long after its line of progress.
const LATE_MAX: Duration = Duration::from_millis(12);
const SIGKILL: i32 = 9;

#[test]
fn a_killed_binary_goes_on_where_it_stood() {
    let rounds = bounds::of("FOOTBRIDGE_KILL_ROUNDS", ROUNDS);
    let mut killed = 0;
    for (id, workflow) in shipped() {
        let quiet = Bench::new(&workflow);
        let forward = quiet.ends("succeeded", &quiet.run());
        let (world, effects) = quiet.look();
        let backward = quiet.ends("undone", &["undo", "latest", "--yes"]);
        let (untouched, all_effects) = quiet.look();
        let undo_effects = sorted(all_effects[effects.len()..].to_vec());
        let effects = sorted(effects);
        assert!(!effects.is_empty() && !undo_effects.is_empty());
        assert!(forward > 20 && backward > 5, "the binary tells how it goes on: {forward}, {backward}");

        for round in 1..=rounds {
            let mut moments = Moments(round);
            let name = format!("{id}, round {round}");
            let bench = Bench::new(&workflow);
            killed += bench.killed_until("succeeded", forward, &mut moments, &name);
            let (after, done) = bench.look();
            assert_eq!(differences(&after, &world), Vec::<String>::new(), "{name}\n{}", bench.logs());
            assert_eq!(sorted(done.clone()), effects, "{name}\n{}", bench.logs());

            killed += bench.killed_until("undone", backward, &mut moments, &name);
            let (after, all) = bench.look();
            assert_eq!(differences(&after, &untouched), Vec::<String>::new(), "{name}\n{}", bench.logs());
            let back = sorted(all[done.len()..].to_vec());
            assert_eq!(back, undo_effects, "{name}\n{}", bench.logs());
        }
    }
    println!("rounds: {rounds}, kills: {killed}");
    assert!(killed > 0, "no kill came before the binary was done");
}

/// A state folder and the workflow that is run in it.
struct Bench {
    folder: tempfile::TempDir,
    workflow: String,
}

impl Bench {
    fn new(workflow: &Workflow) -> Bench {
        Bench { folder: tempfile::tempdir().expect("a temporary folder"), workflow: workflow.id.clone() }
    }

    fn run(&self) -> [&str; 5] {
        ["run", &self.workflow, "--target", "sim:lab", "--yes"]
    }

    fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_footbridge"));
        command.args(arguments).arg("--state").arg(self.folder.path().join("state"));
        command.env("HOME", self.folder.path()).stdin(Stdio::null());
        command.env_remove("XDG_CONFIG_HOME").env_remove("FOOTBRIDGE_LAYERS");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn outcome(&self, arguments: &[impl AsRef<OsStr>]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    /// Runs a command to its end, which must leave the run in that state; how many lines of progress it told.
    fn ends(&self, state: &str, arguments: &[&str]) -> u64 {
        let output = self.outcome(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(self.state().as_deref(), Some(state), "{arguments:?}: {told}\n{}", self.logs());
        told.lines().filter(|line| is_progress(line)).count() as u64
    }

    /// Starts the command and kills it, again and again, each time going on as a person would; then lets it end.
    fn killed_until(&self, wanted: &str, lines: u64, moments: &mut Moments, name: &str) -> u64 {
        let mut killed = 0;
        for _ in 0..=moments.next() % KILLS {
            let Some(next) = self.next(wanted, name) else { return killed };
            let mut child = self.command(&next).spawn().expect("the binary starts");
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
            killed += u64::from(output.status.signal() == Some(SIGKILL));
        }
        while let Some(next) = self.next(wanted, name) {
            let output = self.outcome(&next);
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{name}: {next:?}: {told}\n{}", self.logs());
        }
        killed
    }

    /// What a person types next; nothing when the run is as wanted.
    fn next(&self, wanted: &str, name: &str) -> Option<Vec<String>> {
        let line = match self.state().as_deref() {
            Some(state) if state == wanted => return None,
            // Nothing was journaled: one begins again.
            None => self.run().map(str::to_owned).to_vec(),
            // A write that a kill left unanswered is only presumed to be ours: undo takes the plan that was read.
            Some("succeeded") => {
                let digest = self.json(&["undo", "latest", "--json"], 6)["undo"]["digest"].clone();
                let digest = digest.as_str().expect("an undo plan has a digest");
                ["undo", "latest", "--plan", digest].map(str::to_owned).to_vec()
            }
            Some("running" | "waiting" | "interrupted" | "in-doubt" | "undoing") => {
                ["resume", "latest"].map(str::to_owned).to_vec()
            }
            Some(other) => panic!("{name}: {other} was not asked for\n{}", self.logs()),
        };
        Some(line)
    }

    /// The state of the newest run.
    fn state(&self) -> Option<String> {
        let status = self.json(&["status", "--json"], 0);
        status["runs"][0]["state"].as_str().map(str::to_owned)
    }

    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let output = self.outcome(arguments);
        let told = || String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", told());
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", told()))
    }

    /// The world in a comparable form, and our effects on it, in order.
    fn look(&self) -> (Value, Vec<String>) {
        let path: PathBuf = self.folder.path().join("state").join("sim").join("lab.json");
        let world = World::open(&path, &WorldSpec::default()).expect("the world's file is whole and let go");
        let mut text = world.snapshot().to_string();
        let status = self.json(&["status", "--json"], 0);
        for run in status["runs"].as_array().expect("a list of runs") {
            text = text.replace(run["run"].as_str().expect("a run has an id"), "RUN");
        }
        let ledger = world.ledger();
        let ours = ledger.iter().filter(|entry| entry.by == By::Us);
        let effects = ours.map(|entry| format!("{} {}", entry.what, entry.target)).collect();
        (serde_json::from_str(&text).expect("a snapshot is JSON"), effects)
    }

    fn logs(&self) -> String {
        String::from_utf8_lossy(&self.outcome(&["logs", "latest"]).stdout).into_owned()
    }
}

/// Numbers that a seed decides (xorshift): the same round kills at the same moments, as far as a machine allows.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> u64 {
        let mut bits = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        self.0 = bits;
        bits >> 33
    }
}

/// Lines of progress begin with the moment of their event.
fn is_progress(line: &str) -> bool {
    line.starts_with(|first: char| first.is_ascii_digit())
}

#[expect(clippy::disallowed_methods, reason = "the moment of a real kill is a moment of real time")]
fn wait(time: Duration) {
    std::thread::sleep(time);
}
