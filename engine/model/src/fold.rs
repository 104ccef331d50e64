//! How each event moves a run: the only place where a run's state changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::change::{Applied, Ownership};
use crate::event::{Decision, Event, Record};
use crate::run_state::{GivenFile, Life, RunState, SetBack};
use crate::step_state::{Approved, ChangeState, Held, Progress, SentWrite, Stage, StepState, Wait};
use crate::value::Map;
use crate::{Asker, Attachment, ByHand, Pinned, StepPath, Timestamp, UndoScope, Value};

/// An event that cannot follow what went before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {sequence} cannot follow: {why}")]
pub struct BadEvent {
    pub sequence: u32,
    pub why: String,
}

impl RunState {
    /// Folds a whole history. `pinned` holds every workflow that its records name: [`crate::event::pins`].
    pub fn fold(pinned: Pinned, records: &[Record]) -> Result<RunState, BadEvent> {
        let Some((first, rest)) = records.split_first() else {
            return Err(BadEvent { sequence: 0, why: "the history is empty".into() });
        };
        let mut state = RunState::begin(pinned, first)?;
        for record in rest {
            state.apply(record)?;
        }
        Ok(state)
    }

    pub fn begin(pinned: Pinned, first: &Record) -> Result<RunState, BadEvent> {
        let Event::RunCreated { run, workflow, target, params, by, approves_later, binding, .. } =
            &first.event
        else {
            return Err(BadEvent {
                sequence: first.sequence,
                why: "a history begins with run_created".into(),
            });
        };
        let Some(workflow) = pinned.get(workflow).cloned() else {
            return Err(BadEvent {
                sequence: first.sequence,
                why: "the pinned workflow is not known".into(),
            });
        };
        Ok(RunState {
            id: *run,
            steps: workflow.steps.iter().map(|_| StepState::new(first.at)).collect(),
            index: Arc::new(RunState::index_of(&workflow)),
            workflow,
            pinned: Arc::new(pinned),
            target: target.clone(),
            binding: binding.clone(),
            params: params.clone(),
            by: by.clone(),
            approves_later: *approves_later,
            created: first.at,
            updated: first.at,
            latest: first.at,
            set_back: None,
            life: Life::Awaiting,
            plan: None,
            planned_at: 0,
            approved_by: None,
            pause_asked: false,
            cancel_asked: false,
            stopped_by: None,
            epoch: 0,
            repinned: 0,
            pins: BTreeMap::new(),
            answers: BTreeMap::new(),
            files: Vec::new(),
            undo: Vec::new(),
            undo_scope: UndoScope::All,
            stuck: None,
            next_sequence: first.sequence + 1,
            head: first.hash,
            touched: vec![None],
        })
    }

    /// Applies one record; on an error nothing has changed but what the error names, and the run must stop.
    pub fn apply(&mut self, record: &Record) -> Result<(), BadEvent> {
        let bad = |why: String| BadEvent { sequence: record.sequence, why };
        if record.sequence != self.next_sequence {
            return Err(bad(format!("expected record {}", self.next_sequence)));
        }
        self.event(&record.event, record.at, record.sequence).map_err(bad)?;
        let back = SetBack { sequence: record.sequence, by: self.updated.since(record.at) };
        if back.by > self.set_back.map_or(Duration::ZERO, |furthest| furthest.by) {
            self.set_back = Some(back);
        }
        self.updated = record.at;
        self.latest = self.latest.max(record.at);
        self.next_sequence += 1;
        self.head = record.hash;
        Ok(())
    }

    fn event(&mut self, event: &Event, at: Timestamp, sequence: u32) -> Result<(), String> {
        match event {
            Event::RunCreated { .. } => return Err("the run exists already".into()),
            Event::Planned { plan } => {
                self.plan = Some(plan.clone());
                self.planned_at = sequence;
            }
            Event::Approved { by, .. } => {
                self.approved_by = Some(by.clone());
                self.become_life(Life::Running)?;
            }
            Event::StepReady { step, with } => {
                let gated = self.step(step).is_some_and(|(step, _)| step.gate.is_some());
                let state = self.turn(step)?;
                state.with.clone_from(with);
                state.restart = if gated { Stage::Gate } else { Stage::Plan };
                // Whom a person vouches for has nothing left to plan.
                let next = if state.by_hand.is_some() { Stage::Verify } else { state.restart };
                state.go(next, at)?;
            }
            Event::StepSkipped { step } => {
                let state = self.turn(step)?;
                state.by_hand = None;
                state.go(Stage::Skipped, at)?;
            }
            Event::GatePassed { step, .. } => {
                self.epoch += 1;
                let state = self.turn(step)?;
                state.restart = Stage::Plan;
                state.go(Stage::Plan, at)?;
            }
            Event::FormAnswered { step, question, answer, files, .. } => {
                // No turn of the step: an answer may come while the step is at work, and must not start that again.
                let position = self.position(step).ok_or_else(|| format!("there is no step '{step}'"))?;
                self.touched.push(Some(position));
                self.answers.insert((step.clone(), question.clone()), answer.clone());
                self.keep_files(step, question, files);
            }
            Event::StepPlanned { step, changes, already } => {
                let epoch = self.epoch;
                let state = self.turn(step)?;
                // A change that is wanted again was taken back by someone else: the new one stands for both.
                let again = |one: &ChangeState| changes.iter().any(|other| other.key == one.change.key);
                state.changes.retain(|change| change.applied().is_some() && !again(change));
                state.changes.extend(changes.iter().cloned().map(ChangeState::new));
                state.already.clone_from(already);
                state.epoch = epoch;
                let next = if changes.is_empty() { Stage::Verify } else { Stage::Change };
                state.go(next, at)?;
            }
            Event::StepHeld { step, changes, differences, digest, why } => {
                let state = self.turn(step)?;
                state.held = Some(Held {
                    digest: *digest,
                    changes: changes.clone(),
                    differences: differences.clone(),
                    why: why.clone(),
                });
                state.go(Stage::Held, at)?;
            }
            Event::StepApproved { step, .. } => {
                self.epoch += 1;
                let state = self.turn(step)?;
                state.approved =
                    state.held.take().map(|held| Approved { changes: held.changes, at: sequence });
                state.go(Stage::Plan, at)?;
            }
            Event::Waits { step, until, why } => {
                let state = self.turn(step)?;
                state.began_by(at);
                state.first_wait.get_or_insert(at);
                state.wait = Some(Wait { until: *until, why: why.clone() });
            }
            Event::Retries { step, until, attempt, failure } => {
                let state = self.turn(step)?;
                state.attempts = *attempt;
                state.wait = Some(Wait { until: *until, why: failure.message.clone() });
            }
            Event::Woke { step } => {
                self.epoch += 1;
                self.turn(step)?.wait = None;
            }
            Event::Refreshed { step } => {
                let epoch = self.epoch;
                self.turn(step)?.epoch = epoch;
            }
            Event::Intent { step, key, function, settle_ms, undo, .. } => {
                let (progress, sent) = self.change(step, key)?.way(*undo);
                *progress = Progress::Sent { at, settle_ms: *settle_ms };
                let function = function.clone();
                *sent = Some(SentWrite { function, at, request: None, doubt: None, looks: 0 });
            }
            Event::Sending { step, key, request, undo, .. } => {
                // The write stays sent: all its requests are told in the history only.
                let (Progress::Sent { .. }, Some(sent)) = self.change(step, key)?.way(*undo) else {
                    return Err(format!("step '{step}' sends a request of '{key}' without an intent"));
                };
                sent.request = Some(request.clone());
            }
            Event::Outcome { step, key, applied, undo } => {
                *self.progress(step, key, *undo)? = Progress::Applied(applied.clone());
                self.mark_applied(step, key, *undo, sequence, at)?;
            }
            Event::NotDone { step, key, undo, .. } => *self.progress(step, key, *undo)? = Progress::Planned,
            Event::Doubted { step, key, why, undo } => self.doubt(step, key, *undo, why)?,
            Event::LookedInVain { step, key, until, undo } => {
                let (progress, sent) = self.change(step, key)?.way(*undo);
                if let Progress::InDoubt { looks, .. } = progress {
                    *looks += 1;
                }
                if let Some(sent) = sent {
                    sent.looks += 1;
                }
                let state = self.turn(step)?;
                state.wait =
                    Some(Wait { until: *until, why: "looks again for a write whose answer was lost".into() });
            }
            Event::Settled { step, key, took_effect, now, undo } => {
                let learned = crate::refine::learned(&self.change(step, key)?.change.after, now);
                let settled = if *took_effect {
                    Progress::Applied(Applied {
                        ownership: Ownership::Presumed,
                        outcome: Value::Map(learned),
                        evidence: Map::new(),
                    })
                } else {
                    Progress::Planned
                };
                *self.progress(step, key, *undo)? = settled;
                if *took_effect {
                    self.mark_applied(step, key, *undo, sequence, at)?;
                }
            }
            Event::Asked { step, key, why, undo } => {
                *self.progress(step, key, *undo)? = Progress::Asked { why: why.clone() };
            }
            Event::Decided { step, key, decision, undo, note, files, .. } => {
                self.epoch += 1;
                self.keep_files(step, key, files);
                let progress = self.progress(step, key, *undo)?;
                match decision {
                    Decision::Retry | Decision::Abort => *progress = Progress::Planned,
                    Decision::Done => {
                        let mut evidence = Map::new();
                        evidence.insert("note".into(), note.clone().map_or(Value::Null, Value::Text));
                        *progress = Progress::Applied(Applied {
                            ownership: Ownership::Presumed,
                            outcome: Value::Null,
                            evidence,
                        });
                        self.mark_applied(step, key, *undo, sequence, at)?;
                    }
                }
            }
            Event::StepDone { step, outputs, left } => {
                let epoch = self.epoch;
                let state = self.turn(step)?;
                state.outputs.clone_from(outputs);
                state.left.clone_from(left);
                state.done_at = Some(sequence);
                state.epoch = epoch;
                state.go(Stage::Done, at)?;
            }
            Event::StepFailed { step, failure } => {
                let state = self.turn(step)?;
                state.go(Stage::Failed, at)?;
                state.by_hand = None;
                state.failure = Some(failure.clone());
            }
            Event::PinSet { module, name, value } => {
                let old = self.pins.insert((module.clone(), name.clone()), value.clone());
                if old.is_some_and(|old| old != *value) {
                    self.epoch += 1;
                    self.repinned = self.epoch;
                }
            }
            Event::Resumed { retry_failed, .. } => self.resumed(*retry_failed, at)?,
            Event::Repinned(repin) => self.repin(repin, at)?,
            // Who carries a run on is no part of its state; what was under way is put in doubt by whoever takes it up.
            Event::TakenOver { .. } => {}
            Event::Intervened { step, intervention, by, note, files } => {
                self.epoch += 1;
                self.keep_files(step, "done", files);
                let asker = Asker { by: by.clone(), note: note.clone() };
                self.turn(step)?.intervened(ByHand { intervention: *intervention, asker, at })?;
                if self.life == Life::Failed {
                    self.become_life(Life::Running)?;
                }
            }
            Event::PauseAsked { by, note } => {
                self.pause_asked = true;
                self.stopped_by = Some(Asker { by: by.clone(), note: note.clone() });
            }
            Event::Paused => {
                self.pause_asked = false;
                self.become_life(Life::Paused)?;
            }
            Event::CancelAsked { by, note } => {
                self.cancel_asked = true;
                self.stopped_by = Some(Asker { by: by.clone(), note: note.clone() });
            }
            Event::Cancelled => {
                for state in &mut self.steps {
                    state.wait = None;
                }
                self.cancel_asked = false;
                self.pause_asked = false;
                self.become_life(Life::Cancelled)?;
            }
            Event::Finished { succeeded } => {
                self.become_life(if *succeeded { Life::Succeeded } else { Life::Failed })?;
            }
            Event::UndoStarted { entries, scope, .. } => {
                self.undo.clone_from(entries);
                self.undo_scope.clone_from(scope);
                self.stuck = None;
                self.become_life(Life::Undoing)?;
                // What the way forward waited for and how often it tried says nothing about the way back.
                for state in &mut self.steps {
                    state.turn += 1;
                    state.wait = None;
                    state.first_wait = None;
                    state.attempts = 0;
                }
                self.touched.push(None);
            }
            Event::UndoStuck { step, key, failure } => {
                self.stuck = Some((step.clone(), key.clone(), failure.clone()));
                self.become_life(Life::Stuck)?;
            }
            Event::UndoFinished => self.become_life(Life::Undone)?,
            Event::UndoneInPart => self.become_life(Life::PartlyUndone)?,
        }
        Ok(())
    }

    fn keep_files(&mut self, step: &StepPath, about: &str, files: &[Attachment]) {
        let given = files.iter().map(|file| GivenFile {
            step: step.clone(),
            about: about.to_owned(),
            file: file.clone(),
        });
        self.files.extend(given);
    }

    pub(crate) fn become_life(&mut self, next: Life) -> Result<(), String> {
        if !self.life.may_become(next) {
            return Err(format!("a run that is {:?} cannot become {next:?}", self.life));
        }
        self.life = next;
        Ok(())
    }

    /// The step's state, its turn counted and its wait over.
    fn turn(&mut self, step: &StepPath) -> Result<&mut StepState, String> {
        let position = self.position(step).ok_or_else(|| format!("there is no step '{step}'"))?;
        self.touched.push(Some(position));
        let state = &mut self.steps[position];
        state.turn += 1;
        state.wait = None;
        Ok(state)
    }

    fn change(&mut self, step: &StepPath, key: &str) -> Result<&mut ChangeState, String> {
        let state = self.turn(step)?;
        let change = state.changes.iter_mut().find(|change| change.change.key == key);
        change.ok_or_else(|| format!("step '{step}' has no change '{key}'"))
    }

    fn progress(&mut self, step: &StepPath, key: &str, undo: bool) -> Result<&mut Progress, String> {
        Ok(self.change(step, key)?.way(undo).0)
    }

    fn mark_applied(
        &mut self,
        step: &StepPath,
        key: &str,
        undo: bool,
        sequence: u32,
        at: Timestamp,
    ) -> Result<(), String> {
        let change = self.change(step, key)?;
        if !undo {
            change.applied_at = sequence;
        }
        let state = self.turn(step)?;
        state.attempts = 0;
        if !undo && state.stage == Stage::Change && state.next_change().is_none() {
            state.go(Stage::Verify, at)?;
        }
        Ok(())
    }

    fn doubt(&mut self, step: &StepPath, key: &str, undo: bool, why: &str) -> Result<(), String> {
        let (progress, sent) = self.change(step, key)?.way(undo);
        lost(progress, sent, why);
        Ok(())
    }

    fn resumed(&mut self, retry_failed: bool, at: Timestamp) -> Result<(), String> {
        self.epoch += 1;
        self.touched.push(None);
        // A process that merely takes the run up still owes the pause that a person asked for.
        if retry_failed {
            self.pause_asked = false;
            self.stopped_by = None;
        }
        if matches!(self.life, Life::Paused | Life::Failed) && retry_failed {
            self.become_life(Life::Running)?;
        }
        let running = self.life == Life::Running;
        // A time that was reckoned by a clock that went wrong says nothing: whoever waits looks again, and reckons anew.
        let set_back = at < self.latest;
        self.latest = at;
        for state in &mut self.steps {
            state.turn += 1;
            if set_back {
                state.began_by(at);
                state.wait = None;
            }
            for change in &mut state.changes {
                for undo in [false, true] {
                    let (progress, sent) = change.way(undo);
                    lost(progress, sent, "the process ended before the answer was recorded");
                    if let Progress::InDoubt { looks, .. } = progress {
                        // Whoever takes the run up looks for itself, for the whole settle time.
                        *looks = 0;
                        state.wait = None;
                    }
                }
            }
            if running && retry_failed && state.stage == Stage::Failed {
                state.failure = None;
                state.attempts = 0;
                state.wait = None;
                state.changes.retain(|change| change.progress != Progress::Planned);
                state.go(state.restart, at)?;
            }
        }
        Ok(())
    }
}

/// A write that was sent is in doubt from now on; anything else stays as it is.
fn lost(progress: &mut Progress, sent: &mut Option<SentWrite>, why: &str) {
    if let Progress::Sent { at, settle_ms } = progress {
        *progress = Progress::InDoubt { sent: *at, settle_ms: *settle_ms, looks: 0, why: why.to_owned() };
        if let Some(sent) = sent {
            sent.doubt = Some(why.to_owned());
        }
    }
}

impl StepState {
    /// Nothing that has begun lies in the future: a clock that was set back would have it wait until it is that late again.
    fn began_by(&mut self, now: Timestamp) {
        self.since = self.since.min(now);
        self.first_wait = self.first_wait.map(|first| first.min(now));
    }

    pub(crate) fn go(&mut self, next: Stage, at: Timestamp) -> Result<(), String> {
        if !self.stage.may_become(next) {
            return Err(format!("a step cannot go from {} to {}", self.stage.name(), next.name()));
        }
        self.stage = next;
        self.since = at;
        self.first_wait = None;
        if next != Stage::Failed {
            self.attempts = 0;
        }
        Ok(())
    }
}
