//! The points at which a process can die: around every write to its journal, with journal and world as they are then.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use contracts::{Durability, Journal, JournalError};
use model::{Code, Digest, Event, Record, RunId, StepPath};
use runtime::Supervisor;
use tokio::sync::{Mutex, OnceCell};

use crate::disturbance::Moment;
use crate::lab::Lab;

/// Every point of one half. Where nothing was sent to the world between the end of one write and the beginning of the
/// next, both are one point: the same records and the same effects.
#[derive(Default)]
pub(crate) struct Points {
    all: Vec<Point>,
    /// By write to the journal.
    before: Vec<usize>,
    after: Vec<usize>,
    /// By write that records an effect.
    unrecorded: Vec<usize>,
}

/// What a process leaves that dies here.
pub(crate) struct Point {
    lab: Mutex<Option<Lab>>,
    /// What came of going on from here, once it was tried.
    pub(crate) verdict: OnceCell<Result<(), String>>,
}

impl Points {
    pub(crate) fn count(&self, moment: Moment) -> usize {
        self.of(moment).len()
    }

    /// Nothing where the half has no such write.
    pub(crate) fn at(&self, moment: Moment, write: usize) -> Option<&Point> {
        self.of(moment).get(write).map(|point| &self.all[*point])
    }

    fn of(&self, moment: Moment) -> &[usize] {
        match moment {
            Moment::Before => &self.before,
            Moment::After => &self.after,
            Moment::Unrecorded => &self.unrecorded,
        }
    }
}

impl Point {
    /// The lab to go on in; there is one.
    pub(crate) async fn lab(&self) -> Lab {
        self.lab.lock().await.take().expect("a point is gone on from once")
    }
}

/// A lab's journal that keeps a point on both sides of every write.
pub(crate) struct Recorder {
    lab: Arc<Lab>,
    inner: Arc<dyn Journal>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    points: Points,
    /// How many effects there were at the newest point.
    effects: usize,
    /// What was announced and not answered yet: step, change, and whether it is taken back.
    announced: BTreeSet<(StepPath, String, bool)>,
}

impl Recorder {
    pub(crate) fn new(lab: &Arc<Lab>) -> Arc<Recorder> {
        Arc::new(Recorder { lab: Arc::clone(lab), inner: lab.journal(), seen: Mutex::default() })
    }

    /// A process of the lab that writes through this.
    pub(crate) fn process(self: &Arc<Recorder>) -> Arc<Supervisor> {
        self.lab.process_on(Arc::clone(self) as _)
    }

    /// What was kept so far.
    pub(crate) async fn points(&self) -> Points {
        std::mem::take(&mut *self.seen.lock().await).points
    }

    /// Where the lab stands now, as a point of its own.
    async fn keep(&self, seen: &mut Seen) -> Result<usize, JournalError> {
        // Counted first: an effect in between makes one point too many and never one too few.
        seen.effects = self.lab.world.effects().len();
        let lab = self.lab.fork().await.map_err(|failure| {
            JournalError::new(Code::StoreIo, format!("keep a point of the run: {failure}"))
        })?;
        seen.points.all.push(Point { lab: Mutex::new(Some(lab)), verdict: OnceCell::new() });
        Ok(seen.points.all.len() - 1)
    }
}

impl Seen {
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

#[async_trait]
impl Journal for Recorder {
    async fn append(
        &self,
        run: RunId,
        records: Vec<Record>,
        durability: Durability,
    ) -> Result<(), JournalError> {
        if records.is_empty() {
            return self.inner.append(run, records, durability).await;
        }
        let mut seen = self.seen.lock().await;
        let records_effect = seen.records_effect(&records);
        let newest = seen.points.after.last().copied();
        let before = match newest.filter(|_| seen.effects == self.lab.world.effects().len()) {
            Some(newest) => newest,
            None => self.keep(&mut seen).await?,
        };
        self.inner.append(run, records, durability).await?;
        let after = self.keep(&mut seen).await?;
        seen.points.before.push(before);
        seen.points.after.push(after);
        if records_effect {
            seen.points.unrecorded.push(before);
        }
        Ok(())
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
