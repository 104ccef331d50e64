//! A journal with a guard before it: each append is looked at, and refused where the test wants that.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{Durability, Journal, JournalError};
use model::{Digest, Record, RunId};

type Guard = dyn Fn(RunId, &[Record]) -> Result<(), JournalError> + Send + Sync;

pub(crate) struct Guarded {
    inner: Arc<dyn Journal>,
    guard: Box<Guard>,
}

impl Guarded {
    pub(crate) fn new(
        inner: &Arc<dyn Journal>,
        guard: impl Fn(RunId, &[Record]) -> Result<(), JournalError> + Send + Sync + 'static,
    ) -> Arc<Guarded> {
        Arc::new(Guarded { inner: Arc::clone(inner), guard: Box::new(guard) })
    }
}

#[async_trait]
impl Journal for Guarded {
    async fn append(&self, run: RunId, records: Vec<Record>, how: Durability) -> Result<(), JournalError> {
        (self.guard)(run, &records)?;
        self.inner.append(run, records, how).await
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
