//! Many runs in one process, and everything a front end may ask of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contracts::{
    ApproveMode, ApproveRequest, Clock, DriftReport, Durability, History, Journal, PlanReply, PlanRequest,
    SecretSource, Service, Session, StartRequest, StepRunner, Targets, UndoPlan, UndoVerdict,
};
use model::value::Map;
use model::{Binding, Class, Code, Digest, Event, Failure, Life, Record, RunId, RunState, Workflow};
use tokio::sync::{Mutex, watch};

use crate::approve;
use crate::bench::Bench;
use crate::limits::Limits;
use crate::log::RunLog;
use crate::params::complete;
use crate::perform::Hand;
use crate::planner;
use crate::startable::startable;
use crate::undo_plan::{entries, undo_plan};

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
    parts: Parts,
    runs: Mutex<BTreeMap<RunId, Open>>,
    /// How many runners are active.
    active: watch::Sender<usize>,
    stop: watch::Sender<bool>,
    limits: Limits,
}

/// A run that this process has opened.
#[derive(Clone)]
struct Open {
    hand: Hand,
    live: watch::Sender<bool>,
    /// What ended its runner before its time.
    ended: Arc<std::sync::Mutex<Option<Failure>>>,
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
    fn prepare(&self, mut workflow: Workflow) -> Result<Arc<Workflow>, Failure> {
        let phases: Result<Vec<_>, Failure> =
            workflow.steps.iter().map(|step| self.parts.steps.phases(&workflow, step)).collect();
        for (step, phases) in workflow.steps.iter_mut().zip(phases?) {
            step.phases = phases;
        }
        Ok(Arc::new(workflow))
    }

    async fn bench(
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

    async fn read(&self, run: RunId) -> Result<(RunState, Vec<Record>), Failure> {
        let records = self.parts.journal.read(run, 0).await?;
        let Some(Record { event: Event::RunCreated { workflow: digest, .. }, .. }) = records.first() else {
            return Err(Failure::invalid(Code::RunUnknown, format!("there is no run '{run}'"))
                .hint("footbridge status lists the runs"));
        };
        if let Some(sequence) = model::event::first_break(&records) {
            return Err(Failure::invalid(
                Code::HistoryBroken,
                format!("the history of run {run} does not hold together at record {sequence}"),
            )
            .hint("keep the store as it is; an export made earlier can be compared with it"));
        }
        let bytes = self.parts.journal.get(*digest).await?.ok_or_else(|| {
            Failure::invalid(
                Code::StoreCorrupt,
                format!("the workflow pinned to run {run} is missing ({digest})"),
            )
        })?;
        let workflow: Workflow = serde_json::from_slice(&bytes).map_err(|error| {
            Failure::invalid(
                Code::StoreCorrupt,
                format!("the workflow pinned to run {run} cannot be read: {error}"),
            )
        })?;
        let workflow = self.prepare(workflow)?;
        let state = RunState::fold(workflow, &records)
            .map_err(|error| Failure::invalid(Code::HistoryBroken, format!("run {run}: {error}")))?;
        Ok((state, records))
    }

    /// The run's state now, whether this process has it open or not.
    async fn state(&self, run: RunId) -> Result<RunState, Failure> {
        let open = self.runs.lock().await.get(&run).cloned();
        match open {
            Some(open) => Ok(open.hand.state().await),
            None => Ok(self.read(run).await?.0),
        }
    }

    /// Opens a run for writing; what a dead process left unanswered is put in doubt at once.
    async fn open(&self, run: RunId, by: &str) -> Result<Open, Failure> {
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

    fn opened(&self, mut bench: Bench, state: RunState) -> Open {
        *bench.pins.lock().expect("no holder of this lock panics") = state.pins.clone();
        let log = Arc::new(RunLog::new(&self.parts, Arc::clone(&bench.redactor), state));
        bench.log = Some(Arc::clone(&log));
        Open { hand: Hand { bench, log }, live: watch::channel(false).0, ended: Arc::default() }
    }

    /// Carries the run on in the background, unless that is happening already.
    fn carry_on(&self, open: &Open) {
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

    async fn append(&self, open: &Open, events: Vec<Event>) -> Result<(), Failure> {
        open.hand.log.append(events, Durability::Awaited).await
    }
}

#[async_trait]
impl Service for Supervisor {
    async fn plan(&self, request: PlanRequest) -> Result<PlanReply, Failure> {
        let params = complete(&request.workflow, &request.params)?;
        let workflow = self.prepare(request.workflow)?;
        let bench = self.bench(workflow, &request.target, params, None).await?;
        let planned = planner::plan(&bench).await;
        let commands =
            if request.commands { crate::describe::describe(&bench, &planned).await } else { Vec::new() };
        bench.session.close().await;
        Ok(PlanReply { plan: planned.plan, commands })
    }

    async fn start(&self, request: StartRequest) -> Result<RunId, Failure> {
        let params = complete(&request.workflow, &request.params)?;
        let now = self.parts.clock.now();
        let run = RunId::new(now.0, self.parts.clock.random());
        let workflow = self.prepare(request.workflow)?;
        let bench = self.bench(Arc::clone(&workflow), &request.target, params.clone(), Some(run)).await?;
        let plan = planner::plan(&bench).await.plan;
        if let Err(failure) = startable(&plan, &request.approve) {
            bench.session.close().await;
            return Err(failure);
        }
        let approver = match (&request.approve, &bench.session.approves_itself) {
            (ApproveMode::Yes | ApproveMode::Digest(_), _) => Some(request.by.clone()),
            (ApproveMode::Wait, Some(why)) => Some(why.clone()),
            (ApproveMode::Wait, None) => None,
        };
        let bytes = serde_json::to_vec(workflow.as_ref()).expect("a workflow always has a JSON form");
        let digest = self.parts.journal.put(bytes).await?;
        let created = Event::RunCreated {
            run,
            workflow: digest,
            workflow_id: workflow.id.clone(),
            version: workflow.version.clone(),
            target: bench.session.target.clone(),
            params,
            by: request.by,
            approves_later: matches!(request.approve, ApproveMode::Yes)
                || bench.session.approves_itself.is_some(),
            binding: bench.session.binding.clone(),
        };
        let digest = plan.digest;
        let mut events = vec![Event::Planned { plan }];
        events.extend(approver.map(|by| Event::Approved { digest, by, note: None }));
        // One batch: there is never a run without its plan.
        let bug = |error: model::fold::BadEvent| Failure::bug(error.to_string());
        let mut records = vec![Record::new(0, now, Digest::default(), created)];
        let mut state = RunState::begin(workflow, &records[0]).map_err(bug)?;
        for event in events {
            let record = Record::new(state.next_sequence, now, state.head, event);
            state.apply(&record).map_err(bug)?;
            records.push(record);
        }
        self.parts.journal.append(run, records, Durability::Awaited).await?;
        let open = self.opened(bench, state);
        self.runs.lock().await.insert(run, open.clone());
        self.carry_on(&open);
        Ok(run)
    }

    async fn resume(&self, run: RunId, by: &str) -> Result<(), Failure> {
        let state = self.state(run).await?;
        match state.life {
            Life::Running | Life::Paused | Life::Failed | Life::Undoing => {}
            Life::Awaiting => {
                return Err(not_now(&state, "its plan waits for an approval", "footbridge approve RUN"));
            }
            Life::Stuck => return Err(not_now(&state, "its undo is stuck", "footbridge undo RUN")),
            Life::Cancelled | Life::Succeeded | Life::Undone => {
                return Err(not_now(&state, "it is over", "footbridge run starts a new one"));
            }
        }
        let open = self.open(run, by).await?;
        if !*open.live.borrow() {
            let event = Event::Resumed { by: by.to_owned(), retry_failed: true };
            self.append(&open, vec![event]).await?;
            self.carry_on(&open);
        }
        Ok(())
    }

    async fn approve(&self, run: RunId, request: ApproveRequest) -> Result<(), Failure> {
        // Refused before anything is opened or written.
        let state = self.state(run).await?;
        let settled = approve::events(&state, &request)?;
        if let Some(Event::Approved { .. }) = settled.first() {
            self.still_so(&state, &request.by).await?;
        }
        let open = self.open(run, &request.by).await?;
        let events = approve::events(&open.hand.state().await, &request)?;
        self.append(&open, events).await?;
        self.carry_on(&open);
        Ok(())
    }

    async fn pause(&self, run: RunId, by: &str) -> Result<(), Failure> {
        let state = self.state(run).await?;
        if state.life != Life::Running {
            return Err(not_now(&state, "only a running run can be paused", "footbridge status RUN"));
        }
        let open = self.open(run, by).await?;
        self.append(&open, vec![Event::PauseAsked { by: by.to_owned() }]).await?;
        self.carry_on(&open);
        Ok(())
    }

    async fn cancel(&self, run: RunId, by: &str) -> Result<(), Failure> {
        let state = self.state(run).await?;
        if !matches!(state.life, Life::Awaiting | Life::Running | Life::Paused) {
            return Err(not_now(
                &state,
                "there is nothing left to cancel",
                "footbridge undo RUN takes back what it did",
            ));
        }
        let open = self.open(run, by).await?;
        let mut events = vec![Event::CancelAsked { by: by.to_owned() }];
        if state.life == Life::Paused && !state.doubts().is_empty() {
            // A lost answer is settled before the run ends, or nothing could undo it.
            events.insert(0, Event::Resumed { by: by.to_owned(), retry_failed: true });
        }
        self.append(&open, events).await?;
        self.carry_on(&open);
        Ok(())
    }

    async fn undo_plan(&self, run: RunId) -> Result<UndoPlan, Failure> {
        let state = self.state(run).await?;
        if !matches!(state.life, Life::Succeeded | Life::Failed | Life::Cancelled | Life::Stuck) {
            return Err(not_now(
                &state,
                "it must rest before it can be undone",
                "footbridge cancel RUN, then undo it",
            ));
        }
        if let Some((step, key, _)) = state.doubts().first().filter(|_| state.life != Life::Stuck) {
            return Err(Failure::new(
                Code::InDoubt,
                Class::InDoubt,
                format!("nobody can tell whether '{key}' of step '{step}' took effect"),
            )
            .hint(format!("decide first: footbridge approve {run} {step} --done, --retry or --abort")));
        }
        let bench = self.bench_of(&state).await?;
        let plan = undo_plan(&bench, &state).await;
        bench.session.close().await;
        Ok(plan)
    }

    async fn undo(&self, run: RunId, by: &str, digest: Option<Digest>) -> Result<(), Failure> {
        let plan = self.undo_plan(run).await?;
        if digest.is_some_and(|digest| digest != plan.digest) {
            return Err(Failure::new(
                Code::PlanStale,
                Class::Conflict,
                "the undo plan is no longer what was shown",
            )
            .hint("look at it again with 'footbridge undo RUN'"));
        }
        if digest.is_none() && plan.items.iter().any(|item| matches!(item.verdict, UndoVerdict::Presumed)) {
            return Err(Failure::new(
                Code::Approval,
                Class::Denied,
                "a write whose answer was lost is presumed to be ours; its undo must be approved by a person",
            )
            .hint(
                "run 'footbridge undo RUN' at a terminal, or give the digest of the undo plan that was read",
            ));
        }
        let entries = entries(&plan).map_err(|item| {
            let why = match &item.verdict {
                UndoVerdict::CannotTell { why } => {
                    format!("nobody can tell how {} is now: {why}", item.target)
                }
                _ => format!("someone changed {} since the run", item.target),
            };
            Failure::new(Code::UndoConflict, Class::Conflict, format!("undo would not be safe: {why}"))
                .hint("'footbridge undo RUN' shows the difference; nothing was taken back")
        })?;
        let open = self.open(run, by).await?;
        self.append(&open, vec![Event::UndoStarted { by: by.to_owned(), digest: plan.digest, entries }])
            .await?;
        self.carry_on(&open);
        Ok(())
    }

    async fn verify(&self, run: RunId) -> Result<DriftReport, Failure> {
        let state = self.state(run).await?;
        if matches!(state.life, Life::Undoing | Life::Undone | Life::Stuck) {
            return Err(not_now(
                &state,
                "it was undone, so what it left is not what should be there",
                "footbridge explain RUN",
            ));
        }
        let bench = self.bench_of(&state).await?;
        let report = crate::drift::drift(&bench, &state).await;
        bench.session.close().await;
        Ok(report)
    }

    async fn runs(&self) -> Result<Vec<RunId>, Failure> {
        Ok(self.parts.journal.list().await?)
    }

    async fn history(&self, run: RunId, from: u32, wait_ms: u64) -> Result<History, Failure> {
        let open = self.runs.lock().await.get(&run).cloned();
        if let Some(open) = &open {
            let mut news = open.hand.log.sequence.subscribe();
            let mut live = open.live.subscribe();
            let waited = async {
                tokio::select! {
                    _ = news.wait_for(|next| *next > from) => {}
                    _ = live.wait_for(|live| !live) => {}
                }
            };
            let _ = tokio::time::timeout(Duration::from_millis(wait_ms), waited).await;
        }
        let records = self.parts.journal.read(run, from).await?;
        let live = open.as_ref().is_some_and(|open| *open.live.borrow());
        if records.is_empty() && from == 0 {
            return Err(Failure::invalid(Code::RunUnknown, format!("there is no run '{run}'"))
                .hint("footbridge status lists the runs"));
        }
        if let Some(open) = open.filter(|_| !live && records.is_empty())
            && let Some(failure) = open.ended.lock().expect("no holder of this lock panics").clone()
        {
            return Err(failure);
        }
        Ok(History { records, live })
    }

    async fn workflow(&self, run: RunId) -> Result<Workflow, Failure> {
        Ok(self.state(run).await?.workflow.as_ref().clone())
    }
}

impl Supervisor {
    /// Before a plan is approved it is made again: what is approved is what will happen. Where the world moved while
    /// the plan waited, the new plan takes its place and the approval is refused.
    async fn still_so(&self, state: &RunState, by: &str) -> Result<(), Failure> {
        let Some(old) = &state.plan else { return Ok(()) };
        let bench = self.bench_of(state).await?;
        let new = planner::plan(&bench).await.plan;
        bench.session.close().await;
        if new.digest == old.digest {
            return Ok(());
        }
        let mut moved = Vec::new();
        for step in &old.steps {
            let fresh = new.step(&step.step).map(|step| step.changes.clone()).unwrap_or_default();
            moved.extend(model::refine::differences(&step.changes, &fresh));
        }
        let failure = Failure::new(
            Code::PlanStale,
            Class::Conflict,
            format!(
                "the world moved while the plan waited; the plan is now {}, not {}",
                new.digest.short(),
                old.digest.short()
            ),
        )
        .hint(format!("look at it with 'footbridge explain {}', then approve it again", state.id))
        .evidence("differences", model::Value::from_json(serde_json::json!(moved)));
        let open = self.open(state.id, by).await?;
        self.append(&open, vec![Event::Planned { plan: new }]).await?;
        Err(failure)
    }

    /// Where the run began, or not at all; with pins as the run has them, and nothing journaled.
    async fn bench_of(&self, state: &RunState) -> Result<Bench, Failure> {
        let target = state.binding.as_ref().map_or(&state.target, |binding| &binding.reference);
        let bench =
            self.bench(Arc::clone(&state.workflow), target, state.params.clone(), Some(state.id)).await?;
        bound(state, &bench.session)?;
        *bench.pins.lock().expect("no holder of this lock panics") = state.pins.clone();
        Ok(bench)
    }
}

/// Whether the target is still the one that the run was made for.
fn bound(state: &RunState, session: &Session) -> Result<(), Failure> {
    if state.binding.as_ref().map(|one| &one.identity) == session.binding.as_ref().map(|one| &one.identity) {
        return Ok(());
    }
    let shown = |binding: &Option<Binding>| {
        binding.as_ref().map_or_else(|| "the simulator's own".to_owned(), |one| one.identity.clone())
    };
    let message = format!(
        "the target '{}' is not the one that run {} was made for: it was {}, and is {}",
        state.target,
        state.id,
        shown(&state.binding),
        shown(&session.binding)
    );
    Err(Failure::new(Code::TargetFile, Class::Conflict, message)
        .hint("nothing was written; bring the target file back to what it was, or start a new run"))
}

fn not_now(state: &RunState, why: &str, instead: &str) -> Failure {
    Failure::invalid(Code::RunState, format!("run {} cannot do that: {why}", state.id)).hint(instead)
}
