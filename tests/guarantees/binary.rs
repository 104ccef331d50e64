//! The real binary with a state folder of its own: what a person types to get a run where it is wanted, what the world looks
//! like then, and numbers that a seed decides.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use model::Workflow;
use serde_json::Value;
use sim::{By, World, WorldSpec};

use crate::lab::sorted;

/// A state folder and the workflow that is run in it.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    workflow: String,
    /// The step that is taken back alone where a run is wanted `partly-undone`.
    pub(crate) part: String,
    /// What the binary finds in its environment, beside what every one of them does.
    pub(crate) environment: Vec<(&'static str, OsString)>,
}

impl Bench {
    pub(crate) fn new(workflow: &Workflow) -> Bench {
        Bench {
            folder: tempfile::tempdir().expect("a temporary folder"),
            workflow: workflow.id.clone(),
            part: String::new(),
            environment: Vec::new(),
        }
    }

    pub(crate) fn run(&self) -> [&str; 5] {
        ["run", &self.workflow, "--target", "sim:lab", "--yes"]
    }

    pub(crate) fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_footbridge"));
        command.args(arguments).arg("--state").arg(self.state_folder());
        command.env("HOME", self.folder.path()).stdin(Stdio::null());
        command.env_remove("XDG_CONFIG_HOME").env_remove("FOOTBRIDGE_LAYERS");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn state_folder(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn outcome(&self, arguments: &[impl AsRef<OsStr>]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    /// Runs a command to its end, which must leave the run in that state; how many lines of progress it told.
    pub(crate) fn ends(&self, state: &str, arguments: &[&str]) -> u64 {
        let output = self.outcome(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(self.state().as_deref(), Some(state), "{arguments:?}: {told}\n{}", self.logs());
        told.lines().filter(|line| is_progress(line)).count() as u64
    }

    /// Goes on as a person would until the run is as wanted.
    pub(crate) fn finish(&self, wanted: &str, name: &str) {
        while let Some(next) = self.next(wanted, name) {
            let output = self.outcome(&next);
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{name}: {next:?}: {told}\n{}", self.logs());
        }
    }

    /// What a person types next; nothing when the run is as wanted.
    pub(crate) fn next(&self, wanted: &str, name: &str) -> Option<Vec<String>> {
        let line = match self.state().as_deref() {
            Some(state) if state == wanted => return None,
            // Nothing was journaled: one begins again.
            None => self.run().map(str::to_owned).to_vec(),
            // A write that a kill left unanswered is only presumed to be ours: undo takes the plan that was read.
            Some("succeeded" | "partly-undone") => {
                let mut undo = vec!["undo", "latest"];
                if wanted == "partly-undone" {
                    undo.extend(["--only", &self.part]);
                }
                let digest = self.json(&[&undo[..], &["--json"]].concat(), 6)["undo"]["digest"].clone();
                undo.extend(["--plan", digest.as_str().expect("an undo plan has a digest")]);
                undo.into_iter().map(str::to_owned).collect()
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

    pub(crate) fn json(&self, arguments: &[&str], code: i32) -> Value {
        let output = self.outcome(arguments);
        let told = || String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", told());
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", told()))
    }

    /// The world in a comparable form, and our effects on it, in order.
    pub(crate) fn look(&self) -> (Value, Vec<String>) {
        let path: PathBuf = self.state_folder().join("sim").join("lab.json");
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

    pub(crate) fn logs(&self) -> String {
        String::from_utf8_lossy(&self.outcome(&["logs", "latest"]).stdout).into_owned()
    }
}

/// A run and its undo that nobody disturbed: what every disturbed one must come to.
pub(crate) struct Quiet {
    /// Lines of progress of the run, and of its undo.
    pub(crate) forward: u64,
    pub(crate) backward: u64,
    /// After the run, and after its undo.
    pub(crate) world: Value,
    pub(crate) untouched: Value,
    /// Of the run, and of its undo; sorted.
    pub(crate) effects: Vec<String>,
    pub(crate) undo_effects: Vec<String>,
}

impl Quiet {
    pub(crate) fn of(workflow: &Workflow) -> Quiet {
        let bench = Bench::new(workflow);
        let forward = bench.ends("succeeded", &bench.run());
        let (world, effects) = bench.look();
        let backward = bench.ends("undone", &["undo", "latest", "--yes"]);
        let (untouched, all) = bench.look();
        let undo_effects = sorted(all[effects.len()..].to_vec());
        Quiet { forward, backward, world, untouched, effects: sorted(effects), undo_effects }
    }
}

/// Numbers that a seed decides (xorshift): the same round kills at the same moments, as far as a machine allows.
pub(crate) struct Moments(pub(crate) u64);

impl Moments {
    pub(crate) fn next(&mut self) -> u64 {
        let mut bits = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        self.0 = bits;
        bits >> 33
    }
}

/// Lines of progress begin with the moment of their event.
pub(crate) fn is_progress(line: &str) -> bool {
    line.starts_with(|first: char| first.is_ascii_digit())
}
