//! The engine as it is measured: a supervisor on a store of its own, on the machine's own threads and clock.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use contracts::{ApproveMode, Journal, Service as _, StartRequest, StepRunner};
use model::value::Map;
use model::{Event, RunId, Value, Workflow};
use runtime::{Parts, Supervisor, SystemClock};
use store::{MemoryJournal, SledJournal};
use tempfile::TempDir;

use crate::history::History;
use crate::raw_log::RawLog;
use crate::world::World;

/// Where the events go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Memory,
    Sled,
    RawLog,
}

pub(crate) struct Rig {
    pub(crate) supervisor: Arc<Supervisor>,
    pub(crate) journal: Arc<dyn Journal>,
    /// Goes last.
    _folder: TempDir,
}

impl Rig {
    pub(crate) fn new(kind: Kind, steps: Arc<dyn StepRunner>) -> Rig {
        let folder = folder();
        let journal: Arc<dyn Journal> = match kind {
            Kind::Memory => Arc::new(MemoryJournal::new()),
            Kind::Sled => Arc::new(store_in(folder.path())),
            Kind::RawLog => Arc::new(RawLog::new()),
        };
        Rig { supervisor: supervisor(&journal, steps), journal, _folder: folder }
    }

    /// A process that takes over the store: what the first knew is gone with it.
    pub(crate) fn another(&mut self, steps: Arc<dyn StepRunner>) {
        self.supervisor = supervisor(&self.journal, steps);
    }

    /// Plans the workflow and makes an approved run of it, which begins at once.
    pub(crate) async fn start(&self, workflow: &Workflow) -> RunId {
        start(&self.supervisor, workflow, "bench", "run", ApproveMode::Yes).await
    }

    /// Starts a run, and gives its steps a second from its approval to its end, to the millisecond of its own records: a
    /// run begins while its start is still being answered.
    pub(crate) async fn rate(&self, workflow: &Workflow) -> f64 {
        let run = self.start(workflow).await;
        self.supervisor.idle().await;
        self.expect_succeeded(run).await;
        let records = self.journal.read(run, 0).await.expect("a readable run");
        let approved = records.iter().find(|record| matches!(record.event, Event::Approved { .. }));
        let approved = approved.expect("it was approved").at;
        let took = records.last().expect("it ended").at.since(approved);
        workflow.steps.len() as f64 / took.max(Duration::from_millis(1)).as_secs_f64()
    }

    /// A benchmark of failures would be fast.
    pub(crate) async fn expect_succeeded(&self, run: RunId) {
        let records = self.journal.read(run, 0).await.expect("a readable run");
        let last = records.last().map(|record| &record.event);
        assert!(matches!(last, Some(Event::Finished { succeeded: true })), "run {run} ended with {last:?}");
    }
}

pub(crate) async fn start(
    supervisor: &Supervisor,
    workflow: &Workflow,
    target: &str,
    name: &str,
    approve: ApproveMode,
) -> RunId {
    let request = StartRequest {
        workflow: workflow.clone(),
        target: target.to_owned(),
        params: Map::from([("name".to_owned(), Value::text(name))]),
        by: "bench".to_owned(),
        approve,
    };
    supervisor.start(request).await.unwrap_or_else(|failure| panic!("start: {failure}"))
}

/// What a process left that died as soon as the waiting run was approved.
pub(crate) async fn approved(journal: &dyn Journal, run: RunId) -> History {
    let mut history = History(journal.read(run, 0).await.expect("a readable run"));
    let digest = history.0.iter().find_map(|record| match &record.event {
        Event::Planned { plan } => Some(plan.digest),
        _ => None,
    });
    let digest = digest.expect("a run has a plan");
    history.add(Event::Approved { digest, by: "bench".to_owned(), note: None });
    history
}

pub(crate) fn supervisor(journal: &Arc<dyn Journal>, steps: Arc<dyn StepRunner>) -> Arc<Supervisor> {
    Supervisor::new(Parts {
        journal: Arc::clone(journal),
        targets: Arc::new(World::default()),
        steps,
        clock: Arc::new(SystemClock),
        secrets: None,
    })
}

pub(crate) fn scripts() -> Arc<dyn StepRunner> {
    Arc::new(script::ScriptRunner::new(script::Limits::default()))
}

/// On the disk of the build, which is a real one: a temporary folder may be memory.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for the store")
}

pub(crate) fn store_in(folder: &Path) -> SledJournal {
    SledJournal::open(&folder.join("store")).expect("the store opens")
}

/// As the command line makes its own.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads to work with")
}
