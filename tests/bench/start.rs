//! The binary from nothing, and the shipped workflow's plan without what the simulator itself takes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use contracts::{PlanRequest, Service as _};
use model::Workflow;
use model::value::Map;
use runtime::{Parts, Supervisor, SystemClock};
use store::MemoryJournal;

use crate::rig;
use crate::scale::Scale;
use crate::sim::SimTargets;
use crate::stopwatch::Stopwatch;
use crate::table::{Goal, Line, Unit};
use crate::timed::Timed;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_footbridge");
/// The shipped workflow with the most in it.
pub(crate) const SHIPPED: &str = "sfb-online";

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let folder = rig::folder();
    let state = folder.path().to_str().expect("a folder with a name in UTF-8");
    let plan = ["plan", SHIPPED, "--target", "sim", "--state", state];
    let [mut nothing, mut version, mut planned, mut engine] = [const { Vec::new() }; 4];
    // Once each, so that no sample brings a file into memory.
    took(BINARY, &plan, &[0, 2]);
    let files = shipped_files();
    let runtime = rig::runtime();
    for _ in 0..scale.of(60).max(5) {
        nothing.push(took("true", &[], &[0]));
        version.push(took(BINARY, &["--version"], &[0]));
        planned.push(took(BINARY, &plan, &[0, 2]));
        engine.push(runtime.block_on(engine_part(&files)));
    }
    vec![
        Line::new("start of a program that does nothing", Unit::Milliseconds, nothing),
        Line::new("footbridge --version", Unit::Milliseconds, version).goal(Goal::AtMost(5.0)),
        Line::new(
            format!("footbridge plan {SHIPPED}, the simulator's time included"),
            Unit::Milliseconds,
            planned,
        ),
        Line::new(format!("plan of {SHIPPED}: the engine's part"), Unit::Milliseconds, engine)
            .goal(Goal::AtMost(15.0)),
    ]
}

/// From the start of the process to its end, in milliseconds.
fn took(program: &str, arguments: &[&str], expected: &[i32]) -> f64 {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let watch = Stopwatch::start();
    let status = command.status().expect("it starts");
    let took = watch.milliseconds();
    let code = status.code().expect("it ends by itself");
    assert!(expected.contains(&code), "{program} {arguments:?} ended with {code}");
    took
}

/// From the workflow's files to its plan, with an engine that was just made; opening the simulator and waiting for its
/// answers is taken off.
async fn engine_part(files: &BTreeMap<String, String>) -> f64 {
    let targets = Arc::new(Timed::new(SimTargets::new(Path::new("").to_owned(), |_| Ok(sim_world()))));
    let watch = Stopwatch::start();
    let workflow = resolved(files);
    let supervisor = Supervisor::new(Parts {
        journal: Arc::new(MemoryJournal::new()),
        targets: Arc::clone(&targets) as _,
        steps: rig::scripts(),
        clock: Arc::new(SystemClock),
        secrets: None,
    });
    let request = PlanRequest { workflow, target: "sim".to_owned(), params: Map::new(), commands: false };
    let reply = supervisor.plan(request).await.unwrap_or_else(|failure| panic!("plan: {failure}"));
    let whole = watch.milliseconds();
    assert!(reply.plan.has_changes(), "a fresh world wants changes");
    whole - targets.milliseconds()
}

fn sim_world() -> ::sim::WorldSpec {
    ::sim::WorldSpec::default()
}

fn resolved(files: &BTreeMap<String, String>) -> Workflow {
    let prefix = format!("workflows/{SHIPPED}/");
    let layer = manifest::Layer { name: "shipped".into(), files: files.clone(), prefix };
    manifest::resolve(&[layer]).unwrap_or_else(|findings| panic!("{SHIPPED}: {findings:?}"))
}

/// The manifest and the scripts, by their paths in the workflow's folder.
fn shipped_files() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows").join(SHIPPED);
    let mut files = BTreeMap::new();
    for folder in ["", "steps", "lib"] {
        let Ok(entries) = root.join(folder).read_dir() else { continue };
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            if path.extension().is_some_and(|extension| extension == "toml" || extension == "rhai") {
                let name =
                    path.strip_prefix(&root).expect("below the root").to_string_lossy().replace('\\', "/");
                files.insert(name, std::fs::read_to_string(&path).expect("a text"));
            }
        }
    }
    files
}
