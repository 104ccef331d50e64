//! An engine on a simulated world, put together as the binary does it, with a clock and a journal that tests own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use contracts::{ApproveMode, Clock, Journal, Service, StartRequest, Targets, UndoRequest, UndoWanted};
use model::value::Map;
use model::{Event, Failure, Record, RunId, RunState, Workflow};
use runtime::{Parts, Supervisor};
use sim::{By, World, WorldSpec};
use store::MemoryJournal;

use crate::clock::TestClock;
use crate::sim::SimTargets;

pub(crate) const TARGET: &str = "sim:case";

/// Compiled scripts are named by their digest, so processes may share them.
pub(crate) static STEPS: LazyLock<Arc<script::ScriptRunner>> =
    LazyLock::new(|| Arc::new(script::ScriptRunner::new(script::Limits::default())));

pub(crate) struct Lab {
    pub(crate) journal: Arc<dyn Journal>,
    targets: Arc<SimTargets>,
    clock: Arc<TestClock>,
    pub(crate) workflow: Workflow,
    params: Map,
    _state: tempfile::TempDir,
}

/// Every shipped workflow, by its folder's name.
pub(crate) fn shipped() -> BTreeMap<String, Workflow> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows");
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(&root).expect("the folder of workflows").flatten() {
        if !entry.path().join("workflow.toml").is_file() {
            continue;
        }
        let id = entry.file_name().to_string_lossy().into_owned();
        let mut files = BTreeMap::new();
        collect(&entry.path(), &entry.path(), &mut files);
        let layer = manifest::Layer { name: "shipped".into(), files, prefix: format!("workflows/{id}/") };
        let workflow = manifest::resolve(&[layer]).unwrap_or_else(|findings| panic!("{id}: {findings:?}"));
        all.insert(id, workflow);
    }
    assert!(!all.is_empty(), "no workflow is shipped");
    all
}

/// A workflow of the test's own: files by their paths.
pub(crate) fn written(files: &[(&str, &str)]) -> Workflow {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let layer = manifest::Layer { name: "test".into(), files, prefix: String::new() };
    manifest::resolve(&[layer]).unwrap_or_else(|findings| panic!("{findings:?}"))
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if matches!(path.extension().and_then(|one| one.to_str()), Some("toml" | "rhai"))
            && !path.starts_with(root.join("cases"))
        {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            files.insert(name, fs::read_to_string(&path).expect("a text"));
        }
    }
}

impl Lab {
    pub(crate) async fn new(workflow: &Workflow, world: &WorldSpec, params: Map) -> Lab {
        let state = tempfile::tempdir().expect("a temporary folder");
        let targets = Arc::new(SimTargets::new(state.path().to_owned(), {
            let world = world.clone();
            move |_| Ok(world.clone())
        }));
        // Opened at once, so that the world is there to be looked at.
        targets.open(TARGET, None).await.expect("the simulator opens");
        Lab {
            journal: Arc::new(MemoryJournal::new()),
            targets,
            clock: Arc::new(TestClock::new()),
            workflow: workflow.clone(),
            params,
            _state: state,
        }
    }

    /// A process: what it knows is gone with it; journal and world stay.
    pub(crate) fn process(&self, journal: Arc<dyn Journal>) -> Arc<Supervisor> {
        self.process_at(journal, Arc::clone(&self.clock) as _)
    }

    /// The same by another clock.
    pub(crate) fn process_at(&self, journal: Arc<dyn Journal>, clock: Arc<dyn Clock>) -> Arc<Supervisor> {
        process_on(self.targets(), journal, clock)
    }

    pub(crate) fn targets(&self) -> Arc<dyn Targets> {
        Arc::clone(&self.targets) as _
    }

    pub(crate) fn world(&self) -> World {
        self.targets.world(TARGET).expect("the world is open")
    }

    /// The world in a comparable form: objects bear the id of the run that made them, which differs from run to run.
    pub(crate) async fn picture(&self) -> serde_json::Value {
        let mut text = self.world().snapshot().to_string();
        for run in self.journal.list().await.expect("a journal") {
            text = text.replace(&run.to_string(), "RUN");
        }
        serde_json::from_str(&text).expect("json")
    }

    pub(crate) fn our_effects(&self) -> Vec<String> {
        let ledger = self.world().ledger();
        ledger
            .iter()
            .filter(|entry| entry.by == By::Us)
            .map(|one| format!("{} {}", one.what, one.target))
            .collect()
    }

    pub(crate) fn start(&self, approve: ApproveMode) -> StartRequest {
        StartRequest {
            workflow: self.workflow.clone(),
            target: TARGET.into(),
            params: self.params.clone(),
            by: "tester".into(),
            approve,
        }
    }

    /// The state folded from the journal alone.
    pub(crate) async fn state(&self, run: RunId) -> RunState {
        let records = self.records(run).await;
        let workflow = Arc::new(self.workflow.clone());
        let pinned = model::event::pins(&records).map(|digest| (digest, Arc::clone(&workflow))).collect();
        RunState::fold(pinned, &records).expect("a history that holds together")
    }

    pub(crate) async fn records(&self, run: RunId) -> Vec<Record> {
        let records = self.journal.read(run, 0).await.expect("a journal");
        assert_eq!(model::event::first_break(&records), None, "the hash chain holds");
        records
    }

    /// Runs forward in one process until it rests.
    pub(crate) async fn forward(&self) -> Result<RunId, Failure> {
        let process = self.process(Arc::clone(&self.journal));
        let run = process.start(self.start(ApproveMode::Yes)).await?;
        process.idle().await;
        Ok(run)
    }

    /// Undoes in one process, as a person who read the undo plan.
    pub(crate) async fn undo(&self, process: &Supervisor, run: RunId) -> Result<(), Failure> {
        let plan = process.undo_plan(run, UndoWanted::default()).await?;
        let request =
            UndoRequest { by: "tester".into(), digest: Some(plan.digest), ..UndoRequest::default() };
        process.undo(run, request).await?;
        process.idle().await;
        Ok(())
    }
}

/// A process on these targets, journal and clock.
pub(crate) fn process_on(
    targets: Arc<dyn Targets>,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
) -> Arc<Supervisor> {
    Supervisor::new(Parts { journal, targets, steps: Arc::clone(&STEPS) as _, clock, secrets: None })
}

/// Where a history stands, for messages of tests that fail.
pub(crate) fn story(records: &[Record]) -> String {
    let lines: Vec<String> = records
        .iter()
        .map(|record| match &record.event {
            Event::Planned { .. } | Event::RunCreated { .. } => format!("{} …", record.sequence),
            event => {
                let mut line = format!("{} {}", record.sequence, serde_json::to_string(event).expect("json"));
                line.truncate(400);
                line
            }
        })
        .collect();
    lines.join("\n")
}

/// Steps beside one another may end in any order.
pub(crate) fn sorted(mut effects: Vec<String>) -> Vec<String> {
    effects.sort();
    effects
}

/// Where two pictures differ, by JSON pointer; empty when they are the same.
pub(crate) fn differences(left: &serde_json::Value, right: &serde_json::Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", left, right, &mut found);
    found
}

fn compare(at: &str, left: &serde_json::Value, right: &serde_json::Value, found: &mut Vec<String>) {
    if let (Some(one), Some(other)) = (left.as_object(), right.as_object()) {
        for key in one.keys().chain(other.keys().filter(|key| !one.contains_key(*key))) {
            let side =
                |map: &serde_json::Map<String, serde_json::Value>| map.get(key).cloned().unwrap_or_default();
            compare(&format!("{at}/{key}"), &side(one), &side(other), found);
        }
    } else if left != right {
        found.push(format!("{at}: {left} is not {right}"));
    }
}
