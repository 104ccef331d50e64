//! Measures the engine beside what bounds it: the disk itself, and the same executor over a raw log in the same run.
//!
//! `cargo bench` measures everything, `cargo bench -- chain resume` what bears these names, `--quick` a twentieth of
//! it, `--json` prints one document. What each line means: docs/guides/performance.md.

mod chain;
mod disk;
mod fan_out;
mod growth;
mod history;
mod memory;
mod no_scripts;
mod proof;
mod raw_log;
mod resume;
mod rig;
mod runs;
mod scale;
#[path = "../../engine/sim.rs"]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "the binary uses the rest")]
mod sim;
mod start;
mod stopwatch;
mod table;
mod timed;
mod workflows;
mod world;
mod writes;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use contracts::Journal;
use serde_json::json;

use crate::raw_log::RawLog;
use crate::scale::Scale;
use crate::table::Line;

const MEASUREMENTS: [(&str, fn(Scale) -> Vec<Line>); 10] = [
    ("disk", disk::measure),
    ("chain", chain::measure),
    ("writes", writes::measure),
    ("fan-out", fan_out::measure),
    ("runs", runs::measure),
    ("resume", resume::measure),
    ("start", start::measure),
    ("proof", proof::measure),
    ("memory", memory::measure),
    ("growth", growth::measure),
];

fn main() -> ExitCode {
    // cargo says `--bench` to every benchmark.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    if let [child, folder] = &arguments[..]
        && child == memory::CHILD
    {
        say(&memory::child(Path::new(folder)));
        return ExitCode::SUCCESS;
    }
    let (mut scale, mut json, mut names) = (Scale { quick: false }, false, Vec::new());
    for argument in &arguments {
        match argument.as_str() {
            "--quick" => scale.quick = true,
            "--json" => json = true,
            name if MEASUREMENTS.iter().any(|(known, _)| *known == name) => names.push(name),
            other => {
                let known: Vec<&str> = MEASUREMENTS.iter().map(|(name, _)| *name).collect();
                say(&format!("'{other}' is none of --quick, --json, {}", known.join(", ")));
                return ExitCode::from(3);
            }
        }
    }
    // The peer is worth a comparison only as long as it keeps the same promises.
    rig::runtime().block_on(store::conformance::run(|| Arc::new(RawLog::new()) as Arc<dyn Journal>));
    if !json {
        say(&machine(scale));
    }
    let mut lines = Vec::new();
    for (name, measure) in MEASUREMENTS {
        if names.is_empty() || names.contains(&name) {
            let measured = measure(scale);
            if !json {
                for line in &measured {
                    say(&line.to_string());
                }
            }
            lines.extend(measured);
        }
    }
    if json {
        let lines: Vec<_> = lines.iter().map(Line::json).collect();
        say(&json!({ "machine": machine(scale), "lines": lines }).to_string());
    }
    ExitCode::SUCCESS
}

/// In one line: what the numbers depend on.
fn machine(scale: Scale) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown");
    let quick = if scale.quick { "; --quick: it works, and no number here means anything" } else { "" };
    format!("{cores} cores, load before it began {load}, medians of rounds{quick}")
}

fn say(line: &str) {
    // Whoever closed the pipe wants no more.
    drop(writeln!(std::io::stdout(), "{line}"));
}
