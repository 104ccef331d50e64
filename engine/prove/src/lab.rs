//! An engine on one world of a laboratory, with a clock and a journal that the proof owns.

use std::collections::BTreeMap;
use std::sync::Arc;

use contracts::{
    ApproveMode, ApproveRequest, Journal, PlanRequest, Service, StartRequest, StepRunner, UndoRequest,
    UndoWanted,
};
use model::event::Decision;
use model::step_state::Progress;
use model::value::Map;
use model::{Asker, Code, Event, Failure, Life, Record, RunId, RunState, StepPath, Workflow};
use runtime::{Parts, Supervisor};
use serde_json::Value as Json;
use store::MemoryJournal;

use crate::clock::LabClock;
use crate::laboratory::{LabEffect, LabWorld};
use crate::watched::{Ledger, WatchedTargets};

/// Who acts in a proof.
pub(crate) const BY: &str = "proof";
/// More than there are writes in any workflow.
const QUESTIONS_MAX: usize = 1_000;

/// A write of a run: its step, its change, and whether the change is taken back.
pub(crate) type Write = (StepPath, String, bool);

pub(crate) struct Lab {
    journal: MemoryJournal,
    pub(crate) world: Arc<dyn LabWorld>,
    clock: Arc<LabClock>,
    ledger: Arc<Ledger>,
    steps: Arc<dyn StepRunner>,
    workflow: Arc<Workflow>,
    params: Map,
}

impl Lab {
    pub(crate) fn new(
        world: Arc<dyn LabWorld>,
        steps: Arc<dyn StepRunner>,
        workflow: Arc<Workflow>,
        params: Map,
    ) -> Lab {
        Lab {
            journal: MemoryJournal::new(),
            world,
            clock: Arc::new(LabClock::new()),
            ledger: Arc::default(),
            steps,
            workflow,
            params,
        }
    }

    /// A lab of its own that goes on from here, also while a write is under way: it took effect by now, or never does.
    pub(crate) async fn fork(&self) -> Result<Lab, Failure> {
        // Journal first: an effect has its intent there, and may be made until the world is copied.
        let journal = self.journal.fork();
        let world = self.world.fork().await?;
        let ledger = self.ledger.fork(world.effects().len());
        Ok(Lab {
            journal,
            world,
            clock: Arc::new(self.clock.fork()),
            ledger: Arc::new(ledger),
            steps: Arc::clone(&self.steps),
            workflow: Arc::clone(&self.workflow),
            params: self.params.clone(),
        })
    }

    pub(crate) fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(self.journal.clone())
    }

    /// A process on this lab's own journal.
    pub(crate) fn process(&self) -> Arc<Supervisor> {
        self.process_on(self.journal())
    }

    /// A process: what it knows is gone with it; journal and world stay.
    pub(crate) fn process_on(&self, journal: Arc<dyn Journal>) -> Arc<Supervisor> {
        let targets = WatchedTargets {
            world: Arc::clone(&self.world),
            targets: self.world.targets(),
            ledger: Arc::clone(&self.ledger),
        };
        Supervisor::new(Parts {
            journal,
            targets: Arc::new(targets),
            steps: Arc::clone(&self.steps),
            clock: Arc::clone(&self.clock) as _,
            secrets: None,
        })
    }

    /// The world in a comparable form: objects bear the id of the run that made them, which differs from run to run.
    pub(crate) async fn picture(&self) -> Result<Json, String> {
        let mut text = self.world.snapshot().map_err(|failure| failure.to_string())?.to_string();
        for run in self.runs().await {
            text = text.replace(&run.to_string(), "RUN");
        }
        Ok(serde_json::from_str(&text).expect("a picture stays JSON when a word in its texts is replaced"))
    }

    /// What our side did since `from`, sorted: steps beside one another may end in any order.
    pub(crate) fn effects_since(&self, from: usize) -> Vec<LabEffect> {
        let mut effects = self.world.effects().split_off(from);
        effects.sort();
        effects
    }

    pub(crate) fn start(&self, approve: ApproveMode) -> StartRequest {
        StartRequest {
            workflow: self.workflow.as_ref().clone(),
            target: self.world.target().to_owned(),
            params: self.params.clone(),
            by: BY.into(),
            approve,
        }
    }

    pub(crate) fn plan(&self) -> PlanRequest {
        PlanRequest {
            workflow: self.workflow.as_ref().clone(),
            target: self.world.target().to_owned(),
            params: self.params.clone(),
            commands: false,
        }
    }

    /// Newest first.
    pub(crate) async fn runs(&self) -> Vec<RunId> {
        self.journal.list().await.expect("a journal in memory can be listed")
    }

    /// The state folded from the journal alone.
    pub(crate) async fn state(&self, run: RunId) -> Result<RunState, String> {
        let records = self.records(run).await?;
        let pinned =
            model::event::pins(&records).map(|digest| (digest, Arc::clone(&self.workflow))).collect();
        RunState::fold(pinned, &records)
            .map_err(|error| format!("the history does not hold together: {error}"))
    }

    pub(crate) async fn records(&self, run: RunId) -> Result<Vec<Record>, String> {
        let records = self.said(run).await;
        match model::event::first_break(&records) {
            None => Ok(records),
            Some(sequence) => Err(format!("the hash chain breaks at record {sequence}")),
        }
    }

    /// The records as they are, not looked into.
    async fn said(&self, run: RunId) -> Vec<Record> {
        self.journal.read(run, 0).await.expect("a journal in memory can be read")
    }

    /// The run's history in lines, for whoever must find out why a trial failed.
    pub(crate) async fn tale(&self, run: RunId) -> String {
        match self.records(run).await {
            Ok(records) => records.iter().map(line).collect::<Vec<_>>().join("\n"),
            Err(why) => why,
        }
    }

    /// Runs forward on `process` until it rests.
    pub(crate) async fn forward(&self, process: &Supervisor) -> Result<RunId, Failure> {
        self.ledger.begin();
        let run = process.start(self.start(ApproveMode::Yes)).await?;
        self.rest(process, run).await?;
        Ok(run)
    }

    /// Undoes on `process`, as a person who read the undo plan.
    pub(crate) async fn undo(&self, process: &Supervisor, run: RunId) -> Result<(), Failure> {
        self.ledger.begin();
        let plan = process.undo_plan(run, UndoWanted::default()).await?;
        let request = UndoRequest { by: BY.into(), digest: Some(plan.digest), ..UndoRequest::default() };
        process.undo(run, request).await?;
        self.rest(process, run).await
    }

    /// Does what `explain` offers once: takes a run up that a dead process left.
    pub(crate) async fn take_up(&self, process: &Supervisor, run: RunId) -> Result<(), Failure> {
        let life = self.state(run).await.map_err(broken)?.life;
        match life {
            Life::Awaiting => {
                process.approve(run, ApproveRequest { by: BY.into(), ..ApproveRequest::default() }).await?;
            }
            Life::Running | Life::Undoing | Life::Failed => process.resume(run, Asker::new(BY, None)).await?,
            Life::Paused
            | Life::Cancelled
            | Life::Succeeded
            | Life::Undone
            | Life::PartlyUndone
            | Life::Stuck => {}
        }
        self.rest(process, run).await
    }

    /// Waits until nothing is carried on any more. Where the run asks what became of a write that leaves nothing to look
    /// at, a person answers, who knows: the laboratory saw it.
    async fn rest(&self, process: &Supervisor, run: RunId) -> Result<(), Failure> {
        process.idle().await;
        // Each answer settles one question; whoever is asked more often than this is asked in a circle.
        for _ in 0..QUESTIONS_MAX {
            let Some((step, took_effect)) = self.question(run).await.map_err(broken)? else { return Ok(()) };
            let choice = Some(if took_effect { Decision::Done } else { Decision::Retry });
            let note = Some("the laboratory saw whether it took effect".to_owned());
            let request =
                ApproveRequest { by: BY.into(), step: Some(step), choice, note, ..ApproveRequest::default() };
            process.approve(run, request).await?;
            process.idle().await;
        }
        Err(broken(format!("the run asked more than {QUESTIONS_MAX} questions")))
    }

    /// Writes that took effect, and of which the journal does not say so.
    pub(crate) async fn unrecorded(&self, run: RunId) -> Vec<Write> {
        let mut open: BTreeMap<Write, bool> = BTreeMap::new();
        for record in self.said(run).await {
            match record.event {
                Event::Intent { step, key, function, arguments, undo, .. } => {
                    open.insert((step, key, undo), self.ledger.took_effect(&function, &arguments));
                }
                Event::Outcome { step, key, undo, .. } | Event::NotDone { step, key, undo, .. } => {
                    open.remove(&(step, key, undo));
                }
                _ => {}
            }
        }
        open.into_iter().filter(|(_, took_effect)| *took_effect).map(|(write, _)| write).collect()
    }

    /// The step of a write that only a person can tell of, and whether it took effect.
    async fn question(&self, run: RunId) -> Result<Option<(StepPath, bool)>, String> {
        // Most runs never ask, and folding them again would be most of what a trial does.
        if !self.said(run).await.iter().any(|record| matches!(record.event, Event::Asked { .. })) {
            return Ok(None);
        }
        let state = self.state(run).await?;
        let asked = |progress: &Progress| matches!(progress, Progress::Asked { .. });
        let doubts = state.doubts();
        let Some((step, key, _)) = doubts.iter().find(|(.., progress)| asked(progress)) else {
            return Ok(None);
        };
        let records = self.records(run).await?;
        let sent = records.iter().rev().find_map(|record| match &record.event {
            Event::Intent { step: of, key: what, function, arguments, .. } if of == *step && what == *key => {
                Some((function, arguments))
            }
            _ => None,
        });
        let took_effect =
            sent.is_some_and(|(function, arguments)| self.ledger.took_effect(function, arguments));
        Ok(Some(((*step).clone(), took_effect)))
    }

    /// The run ended as wanted; else its tale.
    pub(crate) async fn expect_life(&self, run: RunId, wanted: Life) -> Result<(), String> {
        let state = self.state(run).await?;
        if state.life == wanted {
            return Ok(());
        }
        let why = state
            .steps
            .iter()
            .find_map(|step| step.failure.as_ref())
            .map_or_else(String::new, |failure| format!(" ({} {})", failure.code, failure.message));
        Err(format!("the run is {:?}, not {wanted:?}{why}\n{}", state.life, self.tale(run).await))
    }
}

fn broken(why: String) -> Failure {
    Failure::invalid(Code::HistoryBroken, why)
}

fn line(record: &Record) -> String {
    match &record.event {
        Event::Planned { .. } | Event::RunCreated { .. } => format!("{} …", record.sequence),
        event => {
            let text = serde_json::to_string(event).expect("an event has a JSON form");
            let short: String = text.chars().take(300).collect();
            format!("{} {short}", record.sequence)
        }
    }
}
