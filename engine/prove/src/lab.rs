//! An engine on one world of a laboratory, with a clock and a journal that the proof owns.

use std::sync::Arc;

use contracts::{
    ApproveMode, ApproveRequest, Journal, PlanRequest, Service, StartRequest, StepRunner, UndoRequest,
    UndoWanted,
};
use model::value::Map;
use model::{Asker, Code, Event, Failure, Life, Record, RunId, RunState, Workflow};
use runtime::{Parts, Supervisor};
use serde_json::Value as Json;
use store::MemoryJournal;

use crate::clock::LabClock;
use crate::laboratory::{LabEffect, LabWorld};

/// Who acts in a proof.
pub(crate) const BY: &str = "proof";

pub(crate) struct Lab {
    journal: MemoryJournal,
    pub(crate) world: Arc<dyn LabWorld>,
    clock: Arc<LabClock>,
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
            steps,
            workflow,
            params,
        }
    }

    /// A lab of its own that goes on from here.
    pub(crate) async fn fork(&self) -> Result<Lab, Failure> {
        Ok(Lab {
            journal: self.journal.fork(),
            world: self.world.fork().await?,
            clock: Arc::new(self.clock.fork()),
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
        Supervisor::new(Parts {
            journal,
            targets: self.world.targets(),
            steps: Arc::clone(&self.steps),
            clock: Arc::clone(&self.clock) as _,
            secrets: None,
        })
    }

    /// The world in a comparable form: objects bear the id of the run that made them, which differs from run to run.
    pub(crate) async fn picture(&self) -> Json {
        let mut text = self.world.snapshot().to_string();
        for run in self.runs().await {
            text = text.replace(&run.to_string(), "RUN");
        }
        serde_json::from_str(&text).expect("a picture stays JSON when a word in its texts is replaced")
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
        let records = self.journal.read(run, 0).await.expect("a journal in memory can be read");
        match model::event::first_break(&records) {
            None => Ok(records),
            Some(sequence) => Err(format!("the hash chain breaks at record {sequence}")),
        }
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
        let run = process.start(self.start(ApproveMode::Yes)).await?;
        process.idle().await;
        Ok(run)
    }

    /// Undoes on `process`, as a person who read the undo plan.
    pub(crate) async fn undo(&self, process: &Supervisor, run: RunId) -> Result<(), Failure> {
        let plan = process.undo_plan(run, UndoWanted::default()).await?;
        let request = UndoRequest { by: BY.into(), digest: Some(plan.digest), ..UndoRequest::default() };
        process.undo(run, request).await?;
        process.idle().await;
        Ok(())
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
        process.idle().await;
        Ok(())
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
