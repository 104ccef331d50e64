//! The crash matrix of the shipped workflow: what somebody waits for who proves a change of theirs.

use std::process::{Command, Stdio};

use serde_json::Value as Json;

use crate::rig;
use crate::scale::Scale;
use crate::start::{BINARY, SHIPPED};
use crate::stopwatch::Stopwatch;
use crate::table::{Goal, Line, Unit};

/// The case in which everything is still to be done.
const CASE: &str = "fresh";
/// "In seconds": what a person waits for without beginning something else.
const CASE_MAX_MS: f64 = 10_000.0;
const MATRIX_MAX_MS: f64 = 60_000.0;

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let [mut case, mut matrix, mut rate] = [const { Vec::new() }; 3];
    for _ in 0..if scale.quick { 1 } else { 5 } {
        case.push(proven(&["--case", CASE]).0);
    }
    // The whole takes longer than everything else here does at a twentieth.
    for _ in 0..if scale.quick { 0 } else { 3 } {
        let (took, trials) = proven(&[]);
        matrix.push(took);
        rate.push(trials / took * 1_000.0);
    }
    let mut lines = vec![
        Line::new(format!("crash matrix of {SHIPPED}: one case"), Unit::Milliseconds, case)
            .goal(Goal::AtMost(CASE_MAX_MS)),
    ];
    if !matrix.is_empty() {
        lines.push(
            Line::new(format!("crash matrix of {SHIPPED}: every case"), Unit::Milliseconds, matrix)
                .goal(Goal::AtMost(MATRIX_MAX_MS)),
        );
        lines.push(Line::new(format!("crash matrix of {SHIPPED}: trials"), Unit::PerSecond, rate));
    }
    lines
}

/// Milliseconds from the start of the process to its end, and how many trials it made.
fn proven(which: &[&str]) -> (f64, f64) {
    let folder = rig::folder();
    let mut command = Command::new(BINARY);
    command.args(["test", SHIPPED, "--crash-everywhere", "--json", "--state"]).arg(folder.path()).args(which);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let watch = Stopwatch::start();
    let output = command.output().expect("it starts");
    let took = watch.milliseconds();
    assert!(output.status.success(), "the crash matrix is not green");
    let document: Json = serde_json::from_slice(&output.stdout).expect("a document");
    let trials = document["trials"].as_array().map_or(0, Vec::len);
    #[expect(clippy::cast_precision_loss, reason = "some thousand trials")]
    let trials = trials as f64;
    (took, trials)
}
