//! Where events are kept. The journal is the truth; everything else is rebuilt from it.

use async_trait::async_trait;
use model::{Code, Digest, Failure, Record, RunId};

/// When `append` may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Once the records are on disk and would survive a power cut.
    Awaited,
    /// Once they are accepted in order; the next awaited append carries them to disk.
    Lazy,
}

/// Append-only, one ordered stream of records per run. Every implementation passes the conformance suite of `store`.
#[async_trait]
pub trait Journal: Send + Sync {
    /// All of the batch or none. The first record's sequence must follow the run's last one.
    /// After an error nothing of the batch is there, or (`unknown` set) the journal refuses everything until reopened.
    async fn append(
        &self,
        run: RunId,
        records: Vec<Record>,
        durability: Durability,
    ) -> Result<(), JournalError>;

    /// The run's records with `sequence >= from`, in order; empty for an unknown run.
    async fn read(&self, run: RunId, from: u32) -> Result<Vec<Record>, JournalError>;

    /// Every run, newest first.
    async fn list(&self) -> Result<Vec<RunId>, JournalError>;

    /// Keeps bytes under their SHA-256; durable when it answers. Used for pinned workflows.
    async fn put(&self, bytes: Vec<u8>) -> Result<Digest, JournalError>;

    /// `None` when nothing is kept under that digest; an error when what is kept does not match it.
    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, JournalError>;
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JournalError {
    pub code: Code,
    pub message: String,
    pub hint: Option<String>,
}

impl JournalError {
    pub fn new(code: Code, message: impl Into<String>) -> JournalError {
        JournalError { code, message: message.into(), hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> JournalError {
        self.hint = Some(hint.into());
        self
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Failure {
        let failure = Failure::new(error.code, model::Class::Denied, error.message);
        match error.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
