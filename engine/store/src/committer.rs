//! The journal thread, the only one that writes: takes what has come in, writes it as one batch, flushes once if
//! anyone waits for the disk, then answers those who wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use contracts::{Durability, JournalError};
use model::RunId;
use tokio::sync::oneshot;

use crate::database::{Database, panic_text};
use crate::encoding::{self, Body};
use crate::inbox::Backlog;
use crate::tally::{self, Tally};

/// A group takes at most this many records more than its last append brings.
const GROUP_RECORDS_MAX: usize = 4096;

/// One caller's batch: without gaps inside, and following what its run handed over before.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) run: RunId,
    /// The sequence of the first body.
    pub(crate) first: u32,
    /// Empty for a caller that only wants what was accepted so far to be on disk.
    pub(crate) bodies: Vec<Body>,
    pub(crate) durability: Durability,
    /// `None` when nobody waits.
    pub(crate) answer: Option<oneshot::Sender<Result<(), JournalError>>>,
}

pub(crate) struct Committer<Flush> {
    database: Arc<Database>,
    backlog: Backlog,
    flush: Flush,
    tally: Tally,
    /// Something was written since the last flush.
    unflushed: bool,
}

impl<Flush: FnMut(&Database) -> Result<(), JournalError>> Committer<Flush> {
    pub(crate) fn new(
        database: Arc<Database>,
        tally: Tally,
        backlog: Backlog,
        flush: Flush,
    ) -> Committer<Flush> {
        Committer { database, backlog, flush, tally, unflushed: false }
    }

    /// Works until every sender is gone, then takes what was accepted to disk.
    pub(crate) fn run(mut self, inbox: &Receiver<Append>) {
        while let Ok(first) = inbox.recv() {
            let mut records = first.bodies.len();
            let mut group = vec![first];
            while records < GROUP_RECORDS_MAX
                && let Ok(append) = inbox.try_recv()
            {
                records += append.bodies.len();
                group.push(append);
            }
            self.unpanicked(|committer| committer.commit(group));
        }
        self.unpanicked(|committer| {
            if committer.database.usable().is_ok() && committer.unflushed {
                // Nobody is left to tell; whoever needed it on disk awaited it.
                drop(committer.flush());
            }
        });
    }

    /// The database may panic on damaged files; the callers then find their answer dropped.
    fn unpanicked(&mut self, work: impl FnOnce(&mut Self)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(&mut *self))) {
            let why = format!("its database gave up: {}", panic_text(&*panic));
            self.database.refuse(&self.database.damaged(&why));
        }
    }

    fn commit(&mut self, group: Vec<Append>) {
        let written = self.database.usable().and_then(|()| self.write(&group));
        self.backlog.fetch_sub(group.len(), Ordering::SeqCst);
        let (awaited, lazy): (Vec<_>, Vec<_>) =
            group.into_iter().partition(|append| append.durability == Durability::Awaited);
        answer_all(lazy, &written);
        if awaited.is_empty() {
            return;
        }
        let flushed = written.and_then(|()| if self.unflushed { self.flush() } else { Ok(()) });
        answer_all(awaited, &flushed);
    }

    fn write(&mut self, group: &[Append]) -> Result<(), JournalError> {
        let mut batch = sled::Batch::default();
        let mut records = 0;
        for append in group {
            for (sequence, body) in (append.first..).zip(&append.bodies) {
                let key = encoding::key(append.run, sequence);
                batch.insert(&key, encoding::seal(&key, body));
                records += 1;
            }
        }
        if records == 0 {
            return Ok(());
        }
        self.tally.total += records;
        batch.insert(tally::KEY, &tally::encode(self.tally.total));
        self.database.tree.apply_batch(batch).map_err(|error| {
            let error = self.database.failed("write", &error);
            self.database.refuse(&error);
            error
        })?;
        self.unflushed = true;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        let flushed = (self.flush)(&self.database).and_then(|()| self.tally.write());
        flushed.inspect_err(|error| self.database.refuse(error))?;
        self.unflushed = false;
        Ok(())
    }
}

fn answer_all(appends: Vec<Append>, result: &Result<(), JournalError>) {
    for append in appends {
        answer(append, result.clone());
    }
}

fn answer(append: Append, result: Result<(), JournalError>) {
    if let Some(answer) = append.answer {
        // A caller that went away does not take its records back.
        drop(answer.send(result));
    }
}
