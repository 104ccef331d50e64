//! The journal on disk.

use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use async_trait::async_trait;
use contracts::{Durability, Journal, JournalError};
use model::{Code, Digest, Record, RunId};

use crate::committer::Committer;
use crate::database::{CLOSING_PATIENCE, Database};
use crate::encoding::{self, Body, Damage};
use crate::inbox::{Answered, Backlog, Inbox};
use crate::{disk, sequence, tally, waiting};

/// A store in a folder of its own, held by one process at a time. Its methods need a tokio runtime.
///
/// Layout: `FORMAT` (`footbridge store 1`), `lock`, `holder` (a process id while it is held), `journal/` (sled),
/// `tally` (how many records must be there), `payload/` (files named after their SHA-256). Dropping it takes what was accepted to disk and lets go of the folder.
#[derive(Debug)]
pub struct SledJournal {
    database: Arc<Database>,
    /// `None` once closing.
    inbox: Option<Inbox>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl SledJournal {
    /// Opens the store, or makes it where there is nothing.
    ///
    /// Fails at once with FB0501 when another process holds it, FB0502 when it is damaged, FB0503 when a newer
    /// version made it, FB0504 when the folder is something else, FB0505 when it cannot be read or written.
    pub fn open(dir: &Path) -> Result<SledJournal, JournalError> {
        SledJournal::open_flushing(dir, Database::flush)
    }

    fn open_flushing(
        dir: &Path,
        flush: impl FnMut(&Database) -> Result<(), JournalError> + Send + 'static,
    ) -> Result<SledJournal, JournalError> {
        let (database, tally) = Database::open(dir)?;
        let database = Arc::new(database);
        let backlog = Backlog::default();
        let committer = Committer::new(Arc::clone(&database), tally, Arc::clone(&backlog), flush);
        let (sender, appends) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || committer.run(&appends))
            .map_err(|error| disk::failed("start a thread for", dir, &error))?;
        Ok(SledJournal {
            database,
            inbox: Some(Inbox::new(sender, backlog)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs on the blocking pool: it waits for the disk, and the database may panic on damaged files.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.database.usable()?;
        let database = Arc::clone(&self.database);
        match tokio::task::spawn_blocking(move || work(&database)).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => {
                Err(self.database.damaged("its database gave up while reading"))
            }
            Err(_) => Err(stopped()),
        }
    }

    /// Records too large for the database are on disk as payload files before the record that names them.
    async fn body(&self, record: &Record) -> Result<Body, JournalError> {
        let bytes = encoding::encode(record)?;
        if bytes.len() <= encoding::INLINE_BYTES_MAX {
            return Ok(Body::Inline(bytes));
        }
        self.put(bytes).await.map(Body::Payload)
    }

    fn inbox(&self) -> Result<&Inbox, JournalError> {
        self.inbox.as_ref().ok_or_else(stopped)
    }

    /// What was accepted is read, also where the journal thread has not come to it yet.
    async fn settled(&self) -> Result<(), JournalError> {
        match self.inbox()?.settled() {
            Some(answered) => self.outcome(answered).await,
            None => Ok(()),
        }
    }

    async fn outcome(&self, answered: Answered) -> Result<(), JournalError> {
        match answered.await {
            Ok(result) => result,
            Err(_) => Err(self.database.usable().err().unwrap_or_else(stopped)),
        }
    }
}

#[async_trait]
impl Journal for SledJournal {
    /// Once handed over, a batch is written even if the caller stops waiting for the answer.
    async fn append(
        &self,
        run: RunId,
        records: Vec<Record>,
        durability: Durability,
    ) -> Result<(), JournalError> {
        self.database.usable()?;
        sequence::end_of(run, &records)?;
        let first = records.first().map_or(0, |record| record.sequence);
        let mut bodies = Vec::with_capacity(records.len());
        for record in &records {
            bodies.push(self.body(record).await?);
        }
        if !bodies.is_empty() && !self.inbox()?.knows(run) {
            let next = self.blocking(move |database| database.next_sequence(run)).await?;
            self.inbox()?.learn(run, next);
        }
        let handed = self.inbox()?.hand_over(run, first, bodies, durability).ok_or_else(stopped)?;
        match handed? {
            Some(answered) => self.outcome(answered).await,
            None => Ok(()),
        }
    }

    async fn read(&self, run: RunId, from: u32) -> Result<Vec<Record>, JournalError> {
        self.settled().await?;
        self.blocking(move |database| read_run(database, run, from)).await
    }

    async fn list(&self) -> Result<Vec<RunId>, JournalError> {
        self.settled().await?;
        self.blocking(list_runs).await
    }

    async fn put(&self, bytes: Vec<u8>) -> Result<Digest, JournalError> {
        self.blocking(move |database| database.payloads.put(&bytes)).await
    }

    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, JournalError> {
        self.blocking(move |database| database.payloads.get(digest)).await
    }
}

impl Drop for SledJournal {
    fn drop(&mut self) {
        self.inbox = None;
        let thread = self.thread.get_mut().ok().and_then(Option::take);
        if let Some(thread) = thread {
            // Its panics were caught and answered before.
            drop(thread.join());
        }
        // A look whose caller stopped waiting goes on; whoever opens the folder next must not find it held by that.
        waiting::poll(CLOSING_PATIENCE, || Arc::strong_count(&self.database) == 1);
    }
}

fn read_run(database: &Database, run: RunId, from: u32) -> Result<Vec<Record>, JournalError> {
    let mut records = Vec::new();
    let mut expected = from;
    for entry in database.tree.range(encoding::key(run, from)..=encoding::key(run, u32::MAX)) {
        let (key, value) = entry.map_err(|error| database.failed("read", &error))?;
        let (_, sequence) = encoding::parse_key(&key).ok_or_else(|| database.stray_key())?;
        if sequence != expected {
            return Err(damaged_record(database, run, expected, "it is missing"));
        }
        records.push(read_record(database, run, sequence, &key, &value)?);
        expected = expected.saturating_add(1);
    }
    Ok(records)
}

fn read_record(
    database: &Database,
    run: RunId,
    sequence: u32,
    key: &[u8],
    value: &[u8],
) -> Result<Record, JournalError> {
    let unusable = |damage| match damage {
        Damage::Broken(why) => damaged_record(database, run, sequence, &why),
        Damage::Newer(what) => JournalError::new(
            Code::StoreNewer,
            format!("read record {sequence} of run {run}: {what} is not known to this footbridge"),
        )
        .hint("use the newer footbridge that wrote it"),
    };
    let bytes = match encoding::unseal(key, value).map_err(unusable)? {
        Body::Inline(bytes) => bytes,
        Body::Payload(digest) => match database.payloads.get(digest) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                let path = database.payloads.path(digest);
                return Err(damaged_record(
                    database,
                    run,
                    sequence,
                    &format!("{} is missing", path.display()),
                ));
            }
            Err(error) if error.code == Code::StoreCorrupt => {
                return Err(damaged_record(database, run, sequence, &error.message));
            }
            Err(error) => return Err(error),
        },
    };
    encoding::decode(&bytes, sequence).map_err(unusable)
}

fn damaged_record(database: &Database, run: RunId, sequence: u32, why: &str) -> JournalError {
    database.damaged(&format!("record {sequence} of run {run} cannot be used: {why}"))
}

/// Jumps from run to run by their last keys, so that it costs as many look-ups as there are runs.
fn list_runs(database: &Database) -> Result<Vec<RunId>, JournalError> {
    let mut runs = Vec::new();
    let mut last = database.tree.last();
    while let Some((key, _)) = last.map_err(|error| database.failed("read", &error))? {
        if key == tally::KEY {
            break;
        }
        let (run, _) = encoding::parse_key(&key).ok_or_else(|| database.stray_key())?;
        runs.push(run);
        last = database.tree.range(..encoding::key(run, 0)).next_back().transpose();
    }
    Ok(runs)
}

fn stopped() -> JournalError {
    JournalError::new(Code::StoreIo, "use the store: it is being closed")
        .hint("start again; what was acknowledged is on disk")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{chain, run_id};

    /// Its flush fails from the given one on, counted from 0.
    fn failing_from(dir: &Path, flush: u32) -> SledJournal {
        let mut flushes = 0;
        let flush = move |database: &Database| {
            flushes += 1;
            if flushes > flush {
                return Err(disk::failed("sync", Path::new("db"), &std::io::ErrorKind::StorageFull.into()));
            }
            database.flush()
        };
        SledJournal::open_flushing(dir, flush).expect("the store opens")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn after_a_failed_flush_everything_is_refused_until_reopened() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let journal = failing_from(folder.path(), 1);
        let records = chain(4);
        journal
            .append(run_id(1), records[..1].to_vec(), Durability::Awaited)
            .await
            .expect("the disk is fine");
        journal.append(run_id(1), records[1..2].to_vec(), Durability::Lazy).await.expect("accepted");
        let failed = journal.append(run_id(1), records[2..3].to_vec(), Durability::Awaited).await;
        let error = failed.expect_err("the disk is full");
        assert_eq!(error.code, Code::StoreIo);
        for durability in [Durability::Awaited, Durability::Lazy] {
            assert_eq!(journal.append(run_id(2), chain(1), durability).await, Err(error.clone()));
        }
        assert_eq!(journal.read(run_id(1), 0).await, Err(error.clone()));
        assert_eq!(journal.list().await, Err(error.clone()));
        assert_eq!(journal.put(Vec::new()).await, Err(error.clone()));
        assert_eq!(journal.get(Digest::of_bytes(b"")).await, Err(error));
        drop(journal);
        let journal = SledJournal::open(folder.path()).expect("the store opens");
        let kept = journal.read(run_id(1), 0).await.expect("readable");
        assert!(!kept.is_empty() && records.starts_with(&kept), "what was acknowledged is there, in order");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn only_awaited_appends_flush_and_those_without_news_do_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let journal = failing_from(folder.path(), 1);
        let records = chain(3);
        journal.append(run_id(1), records[..2].to_vec(), Durability::Lazy).await.expect("no flush");
        journal.append(run_id(1), Vec::new(), Durability::Awaited).await.expect("the one good flush");
        journal.append(run_id(1), Vec::new(), Durability::Awaited).await.expect("nothing new, no flush");
        journal.append(run_id(1), records[2..].to_vec(), Durability::Lazy).await.expect("no flush");
        let last = journal.append(run_id(1), Vec::new(), Durability::Awaited).await;
        assert_eq!(last.map_err(|error| error.code), Err(Code::StoreIo), "the flush that fails");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_of_the_journal_thread_refuses_everything_and_answers() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let journal =
            SledJournal::open_flushing(folder.path(), |_| panic!("as sled may")).expect("the store opens");
        let result = journal.append(run_id(1), chain(1), Durability::Awaited).await;
        assert!(result.is_err());
        drop(journal.append(run_id(1), Vec::new(), Durability::Awaited).await);
        let refused = journal.append(run_id(2), chain(1), Durability::Lazy).await;
        assert_eq!(refused.map_err(|error| error.code), Err(Code::StoreCorrupt));
    }
}
