//! A journal in which the process dies at a chosen write: before it, after it, or with an effect that it would record.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contracts::{Durability, Journal, JournalError};
use model::{Code, Digest, Event, Record, RunId, StepPath};

use crate::disturbance::Moment;
use crate::watched::Mortality;

/// Passes everything on until the chosen write; from then on the process is dead, to the journal and to the world.
pub(crate) struct DyingJournal {
    inner: Arc<dyn Journal>,
    at: usize,
    moment: Moment,
    counts: Mutex<Counts>,
    mortality: Arc<Mortality>,
}

/// How far the process came.
#[derive(Clone, Debug, Default)]
struct Counts {
    /// Writes to the journal.
    writes: usize,
    /// Those of them that record what a write to the world did.
    effects: usize,
    /// What was announced and not answered yet: step, change, and whether it is taken back.
    announced: BTreeSet<(StepPath, String, bool)>,
}

impl DyingJournal {
    pub(crate) fn new(inner: Arc<dyn Journal>, at: usize, moment: Moment) -> DyingJournal {
        DyingJournal { inner, at, moment, counts: Mutex::default(), mortality: Arc::default() }
    }

    /// Never dies; counts.
    pub(crate) fn counting(inner: Arc<dyn Journal>) -> DyingJournal {
        DyingJournal::new(inner, usize::MAX, Moment::After)
    }

    /// How many writes to the journal were tried, and how many of them recorded an effect.
    pub(crate) fn counted(&self) -> (usize, usize) {
        let counts = self.counts.lock().expect("no holder of this lock panics");
        (counts.writes, counts.effects)
    }

    pub(crate) fn mortality(&self) -> &Arc<Mortality> {
        &self.mortality
    }

    /// Counts these records, and says whether this is where the process dies.
    fn reached(&self, records: &[Record]) -> bool {
        let mut counts = self.counts.lock().expect("no holder of this lock panics");
        let write = counts.writes;
        counts.writes += 1;
        let effect = counts.records_effect(records).then(|| {
            counts.effects += 1;
            counts.effects - 1
        });
        match self.moment {
            Moment::Before | Moment::After => write == self.at,
            Moment::Unrecorded => effect == Some(self.at),
        }
    }
}

impl Counts {
    fn records_effect(&mut self, records: &[Record]) -> bool {
        let mut found = false;
        for record in records {
            match &record.event {
                Event::Intent { step, key, undo, .. } => {
                    self.announced.insert((step.clone(), key.clone(), *undo));
                }
                Event::Outcome { step, key, undo, .. } => {
                    found |= self.announced.remove(&(step.clone(), key.clone(), *undo));
                }
                _ => {}
            }
        }
        found
    }
}

fn dead() -> JournalError {
    JournalError::new(Code::StoreIo, "the process died here")
}

#[async_trait]
impl Journal for DyingJournal {
    async fn append(
        &self,
        run: RunId,
        records: Vec<Record>,
        durability: Durability,
    ) -> Result<(), JournalError> {
        if records.is_empty() {
            return self.inner.append(run, records, durability).await;
        }
        let here = self.reached(&records);
        if here {
            self.mortality.die();
        }
        if self.mortality.is_dead() && !(here && self.moment == Moment::After) {
            return Err(dead());
        }
        self.inner.append(run, records, durability).await?;
        if here { Err(dead()) } else { Ok(()) }
    }

    async fn read(&self, run: RunId, from: u32) -> Result<Vec<Record>, JournalError> {
        self.inner.read(run, from).await
    }

    async fn list(&self) -> Result<Vec<RunId>, JournalError> {
        self.inner.list().await
    }

    async fn put(&self, bytes: Vec<u8>) -> Result<Digest, JournalError> {
        self.inner.put(bytes).await
    }

    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, JournalError> {
        self.inner.get(digest).await
    }
}
