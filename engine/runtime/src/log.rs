//! A run's journal as its runner uses it: sequence, hash chain, fold and announcement in one place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contracts::{Clock, Durability, Journal};
use model::{Class, Code, Digest, Event, Failure, Record, Redactor, RunId, RunState, Value, Workflow};
use tokio::sync::{Mutex, watch};

use crate::perform::Looking;
use crate::supervisor::Parts;

pub(crate) struct RunLog {
    pub(crate) run: RunId,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    redactor: Arc<std::sync::Mutex<Redactor>>,
    inner: Mutex<Inner>,
    pub(crate) looking: Looking,
    /// A person asked for the run to stop: phases that have written nothing end.
    pub(crate) halting: AtomicBool,
    /// The sequence of the next record; whoever follows the run watches it.
    pub(crate) sequence: watch::Sender<u32>,
}

struct Inner {
    state: RunState,
    /// After a failed append the state here may be ahead of the journal: nothing more is accepted.
    broken: Option<Failure>,
}

impl RunLog {
    pub(crate) fn new(parts: &Parts, redactor: Arc<std::sync::Mutex<Redactor>>, state: RunState) -> RunLog {
        let (sequence, _) = watch::channel(state.next_sequence);
        RunLog {
            run: state.id,
            journal: Arc::clone(&parts.journal),
            clock: Arc::clone(&parts.clock),
            redactor,
            halting: AtomicBool::new(state.cancel_asked || state.pause_asked),
            inner: Mutex::new(Inner { state, broken: None }),
            looking: Looking::default(),
            sequence,
        }
    }

    /// Without the values of secrets, before it is hashed.
    fn clean(&self, event: Event) -> Event {
        let redactor = self.redactor.lock().expect("no holder of this lock panics");
        if redactor.is_empty() {
            return event;
        }
        let json = serde_json::to_value(&event).expect("an event always has a JSON form");
        let clean = redactor.value(&Value::from_json(json)).to_json();
        // Redaction changes texts only, so the shape still fits; an event that no longer did would be kept out whole.
        serde_json::from_value(clean).expect("redaction keeps the shape of an event")
    }

    /// Appends events in one batch. An error stops the run with its journal intact.
    pub(crate) async fn append(&self, events: Vec<Event>, durability: Durability) -> Result<(), Failure> {
        let appended = self.append_unless(|_| None::<()>, events, durability).await?;
        debug_assert_eq!(appended, None);
        Ok(())
    }

    /// Appends a batch unless the state forbids it, with nothing in between that could change the state. Gives why not.
    pub(crate) async fn append_unless<T>(
        &self,
        forbids: impl FnOnce(&RunState) -> Option<T>,
        events: Vec<Event>,
        durability: Durability,
    ) -> Result<Option<T>, Failure> {
        let mut inner = self.inner.lock().await;
        self.append_to(&mut inner, forbids, events, durability).await
    }

    /// Appends what a person asked for, as the state stands when it is appended, or refuses it: two who ask at once are
    /// answered one after the other.
    pub(crate) async fn append_as(
        &self,
        asked: impl FnOnce(&RunState) -> Result<Vec<Event>, Failure>,
    ) -> Result<(), Failure> {
        let mut inner = self.inner.lock().await;
        if let Some(failure) = &inner.broken {
            return Err(failure.clone());
        }
        let events = asked(&inner.state)?;
        self.append_to(&mut inner, |_| None::<()>, events, Durability::Awaited).await.map(|_| ())
    }

    async fn append_to<T>(
        &self,
        inner: &mut Inner,
        forbids: impl FnOnce(&RunState) -> Option<T>,
        events: Vec<Event>,
        durability: Durability,
    ) -> Result<Option<T>, Failure> {
        if let Some(failure) = &inner.broken {
            return Err(failure.clone());
        }
        if let Some(why) = forbids(&inner.state) {
            return Ok(Some(why));
        }
        let mut records = Vec::with_capacity(events.len());
        for event in events.into_iter().map(|event| self.clean(event)) {
            let record = Record::new(inner.state.next_sequence, self.clock.now(), inner.state.head, event);
            if let Err(error) = inner.state.apply(&record) {
                let failure = Failure::bug(error.to_string());
                inner.broken = Some(failure.clone());
                return Err(failure);
            }
            records.push(record);
        }
        if let Err(error) = self.journal.append(self.run, records, durability).await {
            let failure = Failure::from(error);
            inner.broken = Some(failure.clone());
            return Err(failure);
        }
        self.halting.store(inner.state.cancel_asked || inner.state.pause_asked, Ordering::SeqCst);
        self.sequence.send_replace(inner.state.next_sequence);
        Ok(None)
    }

    /// The last batch of this log, unless the state forbids it: it pins the run to another workflow, and whoever still
    /// holds this log with the old one can append nothing more and must open the run again.
    pub(crate) async fn close_with<T>(
        &self,
        forbids: impl FnOnce(&RunState) -> Option<T>,
        (digest, workflow): (Digest, Arc<Workflow>),
        events: Vec<Event>,
    ) -> Result<Option<T>, Failure> {
        let mut inner = self.inner.lock().await;
        Arc::make_mut(&mut inner.state.pinned).insert(digest, workflow);
        let forbidden = self.append_to(&mut inner, forbids, events, Durability::Awaited).await?;
        if forbidden.is_none() {
            let failure =
                Failure::new(Code::RunState, Class::Conflict, "the run goes on with another workflow");
            inner.broken = Some(failure.hint("ask again"));
        }
        Ok(forbidden)
    }

    /// Reads the state under its lock; `read` must not wait for anything.
    pub(crate) async fn read<T>(&self, read: impl FnOnce(&RunState) -> T) -> T {
        read(&self.inner.lock().await.state)
    }

    /// What keeps the run from going on, once an append has failed.
    pub(crate) async fn broken(&self) -> Option<Failure> {
        self.inner.lock().await.broken.clone()
    }
}
