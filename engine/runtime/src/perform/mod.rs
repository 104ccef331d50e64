//! One file per command of the decision core. Each ends in events; every event is appended before it counts.

mod apply_change;
mod evaluate_inputs;
mod open_gate;
mod plan_step;
mod refresh;
mod rest;
mod settle;
mod undo_change;
mod verify_step;

pub(crate) use settle::Looking;

use std::sync::Arc;
use std::time::Duration;

use contracts::Durability;
use model::step_state::ChangeState;
use model::{Change, Class, Code, Command, CommandId, Event, Failure, RunState, Step, StepPath, StepState};

use crate::bench::Bench;
use crate::log::RunLog;
use crate::phase::{Pause, Work, filled};

/// A run's bench with its log: what every command needs.
#[derive(Clone)]
pub(crate) struct Hand {
    pub(crate) bench: Arc<Bench>,
    pub(crate) log: Arc<RunLog>,
    /// What is performed with it, if anything.
    pub(crate) errand: Option<Errand>,
}

/// A command as it was decided: void once a person has stepped in at its step.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    id: CommandId,
    interventions: u32,
}

impl Errand {
    pub(crate) fn new(state: &RunState, id: CommandId) -> Errand {
        let interventions = Errand::counted(state, &id.command);
        Errand { id, interventions }
    }

    pub(crate) fn id(&self) -> &CommandId {
        &self.id
    }

    fn counted(state: &RunState, command: &Command) -> u32 {
        command.step().and_then(|step| state.step(step)).map_or(0, |(_, one)| one.interventions)
    }

    fn is_void(&self, state: &RunState) -> bool {
        Errand::counted(state, &self.id.command) != self.interventions
    }
}

/// Performs one command. An error means that the journal failed or a rule of ours was broken: the run stops as it is.
pub(crate) async fn perform(mut hand: Hand, errand: Errand) -> Result<(), Failure> {
    let CommandId { command, turn } = errand.id.clone();
    hand.errand = Some(errand);
    // The permit goes back when the command is done; a semaphore that is never closed always gives one.
    let _permit = hand.bench.limit.work.acquire().await;
    match command {
        Command::EvaluateInputs { step } => evaluate_inputs::perform(&hand, step).await,
        Command::OpenGate { step } => open_gate::perform(&hand, step).await,
        Command::PlanStep { step } => plan_step::perform(&hand, step).await,
        Command::Refresh { step, for_step } => refresh::perform(&hand, step, for_step).await,
        Command::ApplyChange { step, key } => apply_change::perform(&hand, step, key).await,
        Command::Settle { step, key, undo } => settle::perform(&hand, step, key, undo).await,
        Command::VerifyStep { step } => verify_step::perform(&hand, step).await,
        Command::UndoChange { step, key } => undo_change::perform(&hand, step, key).await,
        Command::Rest { as_what } => rest::perform(&hand, as_what, turn).await,
    }
}

impl Hand {
    /// The run's whole state, for whoever asks about the run. No command needs it: a run may have thousands of steps.
    pub(crate) async fn state(&self) -> RunState {
        self.log.read(RunState::clone).await
    }

    /// What a command needs to know of its step, as it is now.
    pub(crate) async fn at(&self, step: &StepPath) -> Result<At, Failure> {
        self.log.read(|state| At::new(state, step)).await
    }

    /// The change with every hole filled that the run knows by now.
    pub(crate) async fn filled(&self, change: &Change) -> Change {
        self.log.read(|state| filled(change, &|origin| state.known(origin))).await
    }

    pub(crate) async fn lazily(&self, event: Event) -> Result<(), Failure> {
        self.all(vec![event]).await
    }

    /// What ends a command is one batch: between two batches the next command may be decided. It comes to nothing where
    /// a person has stepped in meanwhile; nobody steps in at a step that writes.
    pub(crate) async fn all(&self, events: Vec<Event>) -> Result<(), Failure> {
        let void = |state: &RunState| self.errand.as_ref().filter(|errand| errand.is_void(state)).map(|_| ());
        self.log.append_unless(void, events, Durability::Lazy).await.map(|_| ())
    }

    /// Records what a phase that gave no value means for its step.
    pub(crate) async fn pause(&self, step: &StepPath, pause: Pause) -> Result<(), Failure> {
        let at = self.at(step).await?;
        match self.meaning(&at, pause) {
            Some(event) => self.lazily(event).await,
            None => Ok(()),
        }
    }

    /// `None` when the phase was only stopped: it starts again when the run goes on.
    pub(crate) fn meaning(&self, at: &At, pause: Pause) -> Option<Event> {
        let step = &self.spec(at).path;
        match pause {
            Pause::Cancelled => None,
            Pause::NotYet { why, after_ms } => Some(self.waits(at, &why, after_ms)),
            Pause::Needs { origin } => Some(StepEnd::failed(
                step,
                Failure::invalid(Code::ScriptError, format!("a value is still unknown in a run: {origin}"))
                    .hint("the step that gives it has no output of that name"),
            )),
            Pause::Recorded => Some(StepEnd::failed(step, Failure::bug("a run only wrote a request down"))),
            Pause::Failed(failure) => Some(self.retries(at, failure)),
        }
    }

    pub(crate) fn waits(&self, at: &At, why: &str, after_ms: u64) -> Event {
        let step = self.spec(at);
        let now = self.bench.parts.clock.now();
        let until = now.after(Duration::from_millis(after_ms));
        if flow::past_deadline(step, &at.one, now, until) {
            let failure = Failure::new(
                Code::Deadline,
                Class::Invalid,
                format!("still not so after the step's deadline: {why}"),
            );
            return StepEnd::failed(
                &step.path,
                failure.hint("see what keeps the world from converging, then resume the run"),
            );
        }
        Event::Waits { step: step.path.clone(), until, why: why.to_owned() }
    }

    /// Tries a transient failure again later; anything else fails the step.
    pub(crate) fn retries(&self, at: &At, failure: Failure) -> Event {
        let step = self.spec(at);
        match flow::again(step, &at.one, &failure, self.bench.parts.clock.now()) {
            Some(until) => {
                Event::Retries { step: step.path.clone(), until, attempt: at.one.attempts + 1, failure }
            }
            None => StepEnd::failed(&step.path, failure),
        }
    }

    fn spec(&self, at: &At) -> &Step {
        &self.bench.workflow.steps[at.work.step]
    }
}

/// Shorthand for the event that ends a step badly.
pub(crate) struct StepEnd;

impl StepEnd {
    pub(crate) fn failed(step: &StepPath, failure: Failure) -> Event {
        Event::StepFailed { step: step.clone(), failure }
    }
}

/// A step at one moment: its state and its work.
pub(crate) struct At {
    pub(crate) one: StepState,
    pub(crate) work: Work,
}

impl At {
    fn new(state: &RunState, step: &StepPath) -> Result<At, Failure> {
        let position =
            state.position(step).ok_or_else(|| Failure::bug(format!("there is no step '{step}'")))?;
        let one = state.steps[position].clone();
        Ok(At { work: Work::of(position, &one), one })
    }

    pub(crate) fn change(&self, step: &StepPath, key: &str) -> Result<&ChangeState, Failure> {
        self.one.change(key).ok_or_else(|| Failure::bug(format!("step '{step}' has no change '{key}'")))
    }
}
