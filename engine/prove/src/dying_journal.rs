//! A journal in which the process dies at a chosen write: before it, or after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use contracts::{Durability, Journal, JournalError};
use model::{Code, Digest, Record, RunId};

use crate::disturbance::Moment;

/// Passes everything on until the write number `at`; from then on the process is dead to the journal.
pub(crate) struct DyingJournal {
    inner: Arc<dyn Journal>,
    writes: AtomicUsize,
    at: usize,
    moment: Moment,
}

impl DyingJournal {
    pub(crate) fn new(inner: Arc<dyn Journal>, at: usize, moment: Moment) -> DyingJournal {
        DyingJournal { inner, writes: AtomicUsize::new(0), at, moment }
    }

    /// Never dies; counts.
    pub(crate) fn counting(inner: Arc<dyn Journal>) -> DyingJournal {
        DyingJournal::new(inner, usize::MAX, Moment::After)
    }

    /// How many writes were tried.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
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
        let write = self.writes.fetch_add(1, Ordering::SeqCst);
        if write > self.at || write == self.at && self.moment == Moment::Before {
            return Err(dead());
        }
        self.inner.append(run, records, durability).await?;
        if write == self.at { Err(dead()) } else { Ok(()) }
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
