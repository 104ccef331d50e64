//! Many runs in one process: opened once, carried on in the background, read by whoever asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use contracts::{Clock, Durability, Journal, SecretSource, StepRunner, Targets};
use model::value::Map;
use model::{Code, Digest, Event, Failure, Pinned, Record, RunId, RunState, Workflow};
use tokio::sync::{Mutex, watch};

use crate::bench::Bench;
use crate::limits::Limits;
use crate::log::RunLog;
use crate::perform::Hand;

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
    pub(crate) runs: Mutex<BTreeMap<RunId, Open>>,
    /// How many runners are active.
    active: watch::Sender<usize>,
    stop: watch::Sender<bool>,
    limits: Limits,
}

/// A run that this process has opened.
#[derive(Clone)]
pub(crate) struct Open {
    pub(crate) hand: Hand,
    pub(crate) live: watch::Sender<bool>,
    /// What ended its runner before its time.
    pub(crate) ended: Arc<std::sync::Mutex<Option<Failure>>>,
}

impl Supervisor {
    pub fn new(parts: Parts) -> Arc<Supervisor> {
        Arc::new(Supervisor {
            parts,
            runs: Mutex::default(),
            active: watch::channel(0).0,
            stop: watch::channel(false).0,
            limits: Limits::default(),
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
        self.idle().await;
    }

    /// Fills in which phases each script defines.
    pub(crate) fn prepare(&self, mut workflow: Workflow) -> Result<Arc<Workflow>, Failure> {
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
        let session = self.parts.targets.open(target, run).await?;
        let limit = self.limits.of(&session.target);
        Ok(Bench::new(&self.parts, workflow, session, params, run, self.stop.subscribe(), limit))
    }

    pub(crate) async fn read(&self, run: RunId) -> Result<(RunState, Vec<Record>), Failure> {
        let records = self.parts.journal.read(run, 0).await?;
        if records.is_empty() {
            return Err(Failure::invalid(Code::RunUnknown, format!("there is no run '{run}'"))
                .hint("footbridge status lists the runs"));
        }
        if let Some(sequence) = model::event::first_break(&records) {
            return Err(Failure::invalid(
                Code::HistoryBroken,
                format!("the history of run {run} does not hold together at record {sequence}"),
            )
            .hint("keep the store as it is; an export made earlier can be compared with it"));
        }
        let mut pinned = Pinned::new();
        for digest in model::event::pins(&records) {
            pinned.insert(digest, self.pinned_as(run, digest).await?);
        }
        let state = RunState::fold(pinned, &records)
            .map_err(|error| Failure::invalid(Code::HistoryBroken, format!("run {run}: {error}")))?;
        Ok((state, records))
    }

    /// A workflow as it was pinned to the run.
    async fn pinned_as(&self, run: RunId, digest: Digest) -> Result<Arc<Workflow>, Failure> {
        let corrupt = |what: String| {
            Failure::invalid(Code::StoreCorrupt, format!("the workflow pinned to run {run} {what}"))
        };
        let bytes = self.parts.journal.get(digest).await?;
        let bytes = bytes.ok_or_else(|| corrupt(format!("is missing ({digest})")))?;
        let workflow = serde_json::from_slice(&bytes);
        self.prepare(workflow.map_err(|error| corrupt(format!("cannot be read: {error}")))?)
    }

    /// The run's state now, whether this process has it open or not.
    pub(crate) async fn state(&self, run: RunId) -> Result<RunState, Failure> {
        let open = self.runs.lock().await.get(&run).cloned();
        match open {
            Some(open) => Ok(open.hand.state().await),
            None => Ok(self.read(run).await?.0),
        }
    }

    /// Opens a run for writing; what a dead process left unanswered is put in doubt at once.
    pub(crate) async fn open(&self, run: RunId, by: &str) -> Result<Open, Failure> {
        let mut runs = self.runs.lock().await;
        if let Some(open) = runs.get(&run) {
            if open.hand.log.broken().await.is_none() {
                return Ok(open.clone());
            }
            runs.remove(&run);
        }
        let (state, _) = self.read(run).await?;
        let taken_up = !state.life.rests();
        let bench = self.bench_of(&state).await?;
        let open = self.opened(bench, state);
        if taken_up {
            let event = Event::Resumed { by: by.to_owned(), retry_failed: false };
            open.hand.log.append(vec![event], Durability::Awaited).await?;
        }
        runs.insert(run, open.clone());
        Ok(open)
    }

    pub(crate) fn opened(&self, mut bench: Bench, state: RunState) -> Open {
        *bench.pins.lock().expect("no holder of this lock panics") = state.pins.clone();
        let log = Arc::new(RunLog::new(&self.parts, Arc::clone(&bench.redactor), state));
        bench.log = Some(Arc::clone(&log));
        Open { hand: Hand { bench, log }, live: watch::channel(false).0, ended: Arc::default() }
    }

    /// Carries the run on in the background, unless that is happening already.
    pub(crate) fn carry_on(&self, open: &Open) {
        if open.live.send_replace(true) {
            return;
        }
        *open.ended.lock().expect("no holder of this lock panics") = None;
        self.active.send_modify(|count| *count += 1);
        let (open, active, stop) = (open.clone(), self.active.clone(), self.stop.subscribe());
        tokio::spawn(async move {
            let ended = crate::runner::run(open.hand.clone(), stop).await;
            // Before anybody may leave because the run rests.
            open.hand.bench.session.close().await;
            *open.ended.lock().expect("no holder of this lock panics") = ended.err();
            open.live.send_replace(false);
            active.send_modify(|count| *count -= 1);
        });
    }

    pub(crate) async fn append(&self, open: &Open, events: Vec<Event>) -> Result<(), Failure> {
        open.hand.log.append(events, Durability::Awaited).await
    }
}
