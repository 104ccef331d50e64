//! Many runs in one process: opened while somebody uses them, carried on in the background, woken when they are due.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use contracts::{Clock, Durability, Journal, SecretSource, StepRunner, Targets};
use model::run_state::RunStatus;
use model::value::Map;
use model::{Code, Digest, Event, Failure, Pinned, Record, RunId, RunState, Timestamp, Workflow};
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

use crate::bench::Bench;
use crate::in_memory::{InMemory, InUse, Open};
use crate::limits::Limits;
use crate::log::RunLog;
use crate::perform::Hand;
use crate::timetable::Timetable;
use crate::workflows::Workflows;

/// Notices that a slow listener may be behind before it misses some.
const NOTICES_MAX: usize = 1024;

/// What the engine is put together from.
#[derive(Clone)]
pub struct Parts {
    pub journal: Arc<dyn Journal>,
    pub targets: Arc<dyn Targets>,
    pub steps: Arc<dyn StepRunner>,
    pub clock: Arc<dyn Clock>,
    pub secrets: Option<Arc<dyn SecretSource>>,
}

pub struct Supervisor {
    pub(crate) parts: Parts,
    pub(crate) runs: Arc<InMemory>,
    /// The runs that wait for a time, and are not in memory.
    pub(crate) timetable: Timetable,
    /// How many runs are carried on: at work, or on the timetable.
    pub(crate) active: watch::Sender<usize>,
    pub(crate) stop: watch::Sender<bool>,
    /// This process looks after every run in the store, and tries again what could not be opened.
    pub(crate) stays: AtomicBool,
    /// Sleeps until the earliest time on the timetable.
    pub(crate) alarm: OnceLock<AbortHandle>,
    /// What ended a run's runner before its time.
    pub(crate) ended: Mutex<BTreeMap<RunId, Failure>>,
    pub(crate) notices: broadcast::Sender<Notice>,
    /// The newest run in the store, once it was looked for.
    newest: tokio::sync::Mutex<Option<RunId>>,
    workflows: Workflows,
    limits: Limits,
    pub(crate) me: Weak<Supervisor>,
}

/// What happened to a run that this process carried on.
#[derive(Clone, Debug)]
pub enum Notice {
    CarriedOn {
        run: RunId,
    },
    /// It goes on by itself at that time.
    PutDown {
        run: RunId,
        until: Timestamp,
    },
    /// It rests, or a person must move it.
    Left {
        run: RunId,
        status: RunStatus,
    },
    Failed {
        run: RunId,
        failure: Failure,
    },
}

/// What a process bears at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Runs with their whole state in memory: somebody uses them.
    pub in_memory: usize,
    /// Runs on the timetable, an entry each.
    pub waiting: usize,
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if let Some(alarm) = self.alarm.get() {
            alarm.abort();
        }
    }
}

impl Supervisor {
    pub fn new(parts: Parts) -> Arc<Supervisor> {
        Arc::new_cyclic(|me| Supervisor {
            parts,
            runs: Arc::default(),
            timetable: Timetable::default(),
            active: watch::channel(0).0,
            stop: watch::channel(false).0,
            stays: AtomicBool::new(false),
            alarm: OnceLock::new(),
            ended: Mutex::default(),
            notices: broadcast::channel(NOTICES_MAX).0,
            newest: tokio::sync::Mutex::default(),
            workflows: Workflows::default(),
            limits: Limits::default(),
            me: Weak::clone(me),
        })
    }

    /// Resolves when no run is being carried on: each rests or waits for a person.
    pub async fn idle(&self) {
        let mut active = self.active.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = active.wait_for(|count| *count == 0).await;
    }

    /// Ends every runner at its next safe point; the runs stay as they are and can be resumed.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        self.put_nothing_down();
        self.idle().await;
    }

    pub fn load(&self) -> Load {
        Load { in_memory: self.runs.len(), waiting: self.timetable.len() }
    }

    /// What happens to the runs from now on.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// A new run's id: later than that of every run in the store, so that the latest is always the one that was started
    /// last, even where the clock has been set back since.
    pub(crate) async fn next_run(&self, now: Timestamp) -> Result<RunId, Failure> {
        let mut newest = self.newest.lock().await;
        let random = self.parts.clock.random();
        let known = match *newest {
            Some(known) => Some(known),
            None => self.parts.journal.list().await?.into_iter().max(),
        };
        let next = known.map_or(RunId::new(now.0, random), |known| RunId::after(known, now.0, random));
        *newest = Some(next);
        Ok(next)
    }

    /// A run came from elsewhere.
    pub(crate) async fn came_in(&self, run: RunId) {
        let mut newest = self.newest.lock().await;
        *newest = newest.map(|known| known.max(run));
    }

    /// Fills in which phases each script defines. Whoever sent it need not have resolved it as we do.
    pub(crate) fn prepare(&self, mut workflow: Workflow) -> Result<Arc<Workflow>, Failure> {
        workflow.in_order().map_err(|why| {
            Failure::invalid(
                Code::ManifestNeeds,
                format!("workflow '{}' is not in order: {why}", workflow.id),
            )
            .hint(
                "steps stand after those that they need; footbridge puts them so when it resolves a workflow",
            )
        })?;
        let phases: Result<Vec<_>, Failure> =
            workflow.steps.iter().map(|step| self.parts.steps.phases(&workflow, step)).collect();
        for (step, phases) in workflow.steps.iter_mut().zip(phases?) {
            step.phases = phases;
        }
        Ok(Arc::new(workflow))
    }

    pub(crate) async fn bench(
        &self,
        workflow: Arc<Workflow>,
        target: &str,
        params: Map,
        run: Option<RunId>,
    ) -> Result<Bench, Failure> {
        let mut session = self.parts.targets.open(target, run).await?;
        for module in workflow.own.values() {
            if session.modules.iter().any(|other| other.name() == module.name) {
                let message = format!("'{}' is a module of footbridge's own", module.name);
                return Err(
                    Failure::invalid(Code::Functions, message).hint(format!("rename it in {}", module.file))
                );
            }
            session.modules.push(self.parts.targets.own(target, run, module)?);
        }
        let limit = self.limits.of(&session.target);
        Ok(Bench::new(&self.parts, workflow, session, params, run, self.stop.subscribe(), limit))
    }

    pub(crate) async fn read(&self, run: RunId) -> Result<(RunState, Vec<Record>), Failure> {
        let records = self.parts.journal.read(run, 0).await?;
        if records.is_empty() {
            return Err(Failure::invalid(Code::RunUnknown, format!("there is no run '{run}'"))
                .hint("footbridge status lists the runs"));
        }
        let mut pinned = Pinned::new();
        for digest in model::event::pins(&records) {
            pinned.insert(digest, self.pinned_as(run, digest).await?);
        }
        Ok((folded(run, pinned, &records)?, records))
    }

    /// A workflow as it was pinned to the run.
    async fn pinned_as(&self, run: RunId, digest: Digest) -> Result<Arc<Workflow>, Failure> {
        if let Some(known) = self.workflows.get(digest) {
            return Ok(known);
        }
        let bytes = self.parts.journal.get(digest).await?;
        let workflow = self.workflow_of(run, digest, bytes.as_deref())?;
        self.workflows.keep(digest, &workflow);
        Ok(workflow)
    }

    /// From what is kept under the digest, if anything is.
    pub(crate) fn workflow_of(
        &self,
        run: RunId,
        digest: Digest,
        bytes: Option<&[u8]>,
    ) -> Result<Arc<Workflow>, Failure> {
        let corrupt = |what: String| {
            Failure::invalid(Code::StoreCorrupt, format!("the workflow pinned to run {run} {what}"))
        };
        let bytes = bytes.ok_or_else(|| corrupt(format!("is missing ({digest})")))?;
        let workflow = serde_json::from_slice(bytes);
        self.prepare(workflow.map_err(|error| corrupt(format!("cannot be read: {error}")))?)
    }

    /// The run's state now, whether this process has it open or not.
    pub(crate) async fn state(&self, run: RunId) -> Result<RunState, Failure> {
        match self.runs.get(run) {
            Some(open) => Ok(open.hand.state().await),
            None => Ok(self.read(run).await?.0),
        }
    }

    /// Opens a run for writing. What a dead process left unanswered is put in doubt at once, and what it had looked at
    /// has aged; a run that only waits has neither, so taking it up leaves no record.
    pub(crate) async fn open(&self, run: RunId, by: &str) -> Result<InUse, Failure> {
        let _lane = self.runs.lane(run).lock().await;
        if let Some(open) = self.runs.get(run)
            && open.hand.log.broken().await.is_none()
        {
            return Ok(open);
        }
        let (state, _) = self.read(run).await?;
        let quiet = flow::quiet(&state, self.parts.clock.now());
        let bench = self.bench_of(&state).await?;
        let open = self.opened(bench, state);
        if !quiet {
            let event = Event::Resumed { by: by.to_owned(), retry_failed: false, note: None };
            open.hand.log.append(vec![event], Durability::Awaited).await?;
        }
        Ok(self.runs.insert(open))
    }

    pub(crate) fn opened(&self, mut bench: Bench, state: RunState) -> Open {
        *bench.pins.lock().expect("no holder of this lock panics") = state.pins.clone();
        let log = Arc::new(RunLog::new(&self.parts, Arc::clone(&bench.redactor), state));
        bench.log = Some(Arc::clone(&log));
        Open { hand: Hand { bench: Arc::new(bench), log, errand: None }, live: watch::channel(false).0 }
    }
}

/// The state after these records, when their chain holds and each is legal where it stands.
pub(crate) fn folded(run: RunId, pinned: Pinned, records: &[Record]) -> Result<RunState, Failure> {
    if let Some(sequence) = model::event::first_break(records) {
        return Err(Failure::invalid(
            Code::HistoryBroken,
            format!("the history of run {run} does not hold together at record {sequence}"),
        )
        .hint("keep the store as it is; an export made earlier can be compared with it"));
    }
    RunState::fold(pinned, records)
        .map_err(|error| Failure::invalid(Code::HistoryBroken, format!("run {run}: {error}")))
}
