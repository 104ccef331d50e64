//! The peer of the store: a journal over one append-only file, with the same group commit and the same durability,
//! and nothing else. It keeps the promises of the conformance suite while it is open; it is never opened again.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Write as _;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use async_trait::async_trait;
use contracts::{Durability, Journal, JournalError};
use model::{Code, Digest, Record, RunId};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::rig;

pub(crate) struct RawLog {
    kept: Arc<Mutex<Kept>>,
    inbox: Option<Sender<Append>>,
    thread: Option<JoinHandle<()>>,
    /// Goes last.
    _folder: TempDir,
}

/// What would be read back from the file.
#[derive(Default)]
struct Kept {
    runs: BTreeMap<RunId, Vec<Record>>,
    payloads: HashMap<Digest, Vec<u8>>,
}

struct Append {
    /// Length-prefixed records.
    bytes: Vec<u8>,
    durability: Durability,
    /// `None` when nobody waits.
    answer: Option<oneshot::Sender<()>>,
}

impl RawLog {
    /// In a folder of its own.
    pub(crate) fn new() -> RawLog {
        let folder = rig::folder();
        let file = File::create_new(folder.path().join("log")).expect("a new file");
        let (inbox, appends) = mpsc::channel();
        let thread = std::thread::spawn(move || write(file, &appends));
        RawLog { kept: Arc::default(), inbox: Some(inbox), thread: Some(thread), _folder: folder }
    }

    async fn hand_over(&self, bytes: Vec<u8>, durability: Durability) {
        let inbox = self.inbox.as_ref().expect("it is open until it is dropped");
        let hand_over = |answer| {
            inbox.send(Append { bytes, durability, answer }).expect("its thread lives as long");
        };
        match durability {
            Durability::Lazy => hand_over(None),
            Durability::Awaited => {
                let (answer, answered) = oneshot::channel();
                hand_over(Some(answer));
                answered.await.expect("its thread answers everything");
            }
        }
    }

    /// In memory at once, if they follow: the order of the file is the order of the answers.
    fn accept(&self, run: RunId, records: &[Record]) -> Result<(), JournalError> {
        let mut kept = self.kept.lock().expect("no holder of this lock panics");
        let next = kept.runs.get(&run).map_or(0, Vec::len);
        if records.iter().enumerate().any(|(at, record)| record.sequence as usize != next + at) {
            return Err(JournalError::new(Code::HistoryBroken, format!("append to run {run}: out of order")));
        }
        if !records.is_empty() {
            kept.runs.entry(run).or_default().extend_from_slice(records);
        }
        Ok(())
    }
}

fn write(mut file: File, appends: &Receiver<Append>) {
    while let Ok(first) = appends.recv() {
        let group: Vec<Append> = std::iter::once(first).chain(appends.try_iter()).collect();
        let bytes: Vec<u8> = group.iter().flat_map(|append| append.bytes.iter().copied()).collect();
        file.write_all(&bytes).expect("the disk takes it");
        if group.iter().any(|append| append.durability == Durability::Awaited) {
            file.sync_data().expect("the disk takes it");
        }
        for answer in group.into_iter().filter_map(|append| append.answer) {
            // Whoever went away needs no answer.
            let _ = answer.send(());
        }
    }
}

#[async_trait]
impl Journal for RawLog {
    async fn append(
        &self,
        run: RunId,
        records: Vec<Record>,
        durability: Durability,
    ) -> Result<(), JournalError> {
        let mut bytes = Vec::new();
        for record in &records {
            let record = rmp_serde::to_vec_named(record).expect("a record has a binary form");
            bytes.extend_from_slice(&(record.len() as u32).to_le_bytes());
            bytes.extend_from_slice(&record);
        }
        self.accept(run, &records)?;
        self.hand_over(bytes, durability).await;
        Ok(())
    }

    async fn read(&self, run: RunId, from: u32) -> Result<Vec<Record>, JournalError> {
        let kept = self.kept.lock().expect("no holder of this lock panics");
        let records = kept.runs.get(&run).map(Vec::as_slice).unwrap_or_default();
        Ok(records.get(from as usize..).unwrap_or_default().to_vec())
    }

    async fn list(&self) -> Result<Vec<RunId>, JournalError> {
        let kept = self.kept.lock().expect("no holder of this lock panics");
        Ok(kept.runs.keys().rev().copied().collect())
    }

    async fn put(&self, bytes: Vec<u8>) -> Result<Digest, JournalError> {
        let digest = Digest::of_bytes(&bytes);
        let known = {
            let mut kept = self.kept.lock().expect("no holder of this lock panics");
            kept.payloads.insert(digest, bytes.clone()).is_some()
        };
        if !known {
            self.hand_over(bytes, Durability::Awaited).await;
        }
        Ok(digest)
    }

    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, JournalError> {
        Ok(self.kept.lock().expect("no holder of this lock panics").payloads.get(&digest).cloned())
    }
}

impl Drop for RawLog {
    fn drop(&mut self) {
        self.inbox = None;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("its thread ends when nobody can append any more");
        }
    }
}
