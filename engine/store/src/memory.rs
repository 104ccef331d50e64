//! A journal that lives as long as the process: for tests, simulations and plans that nobody needs to keep.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use contracts::{Durability, Journal, JournalError};
use model::{Digest, Record, RunId};

use crate::sequence;

/// Clones share the same records.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    /// Shared with forks.
    runs: BTreeMap<RunId, Vec<Arc<Record>>>,
    payloads: BTreeMap<Digest, Arc<[u8]>>,
}

impl MemoryJournal {
    pub fn new() -> MemoryJournal {
        MemoryJournal::default()
    }

    /// A journal of its own with the same records so far.
    pub fn fork(&self) -> MemoryJournal {
        MemoryJournal { kept: Arc::new(Mutex::new(self.kept().clone())) }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("nothing panics while it holds this lock")
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&self, run: RunId, records: Vec<Record>, _: Durability) -> Result<(), JournalError> {
        sequence::end_of(run, &records)?;
        let Some(first) = records.first().map(|record| record.sequence) else { return Ok(()) };
        let mut kept = self.kept();
        let next = kept.runs.get(&run).and_then(|stream| stream.last()).map_or(0, |last| last.sequence + 1);
        if first != next {
            return Err(sequence::out_of_order(run, next, first));
        }
        kept.runs.entry(run).or_default().extend(records.into_iter().map(Arc::new));
        Ok(())
    }

    async fn read(&self, run: RunId, from: u32) -> Result<Vec<Record>, JournalError> {
        let kept = self.kept();
        let stream = kept.runs.get(&run).map(Vec::as_slice).unwrap_or_default();
        let wanted = stream.get(from as usize..).unwrap_or_default();
        Ok(wanted.iter().map(|record| record.as_ref().clone()).collect())
    }

    async fn list(&self) -> Result<Vec<RunId>, JournalError> {
        Ok(self.kept().runs.keys().rev().copied().collect())
    }

    async fn put(&self, bytes: Vec<u8>) -> Result<Digest, JournalError> {
        let digest = Digest::of_bytes(&bytes);
        self.kept().payloads.insert(digest, bytes.into());
        Ok(digest)
    }

    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, JournalError> {
        Ok(self.kept().payloads.get(&digest).map(|bytes| bytes.to_vec()))
    }
}
