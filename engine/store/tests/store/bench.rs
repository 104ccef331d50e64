//! What the tests share: folders that go away, stores with something in them, and sled behind the store's back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use contracts::{Durability, Journal};
use footbridge_store::SledJournal;
use model::{Code, Record, RunId};
use tempfile::TempDir;

/// Temporary folders, removed when this is dropped.
#[derive(Default)]
pub(crate) struct Folders(Mutex<Vec<TempDir>>);

impl Folders {
    /// A path where nothing is yet.
    pub(crate) fn new_one(&self) -> PathBuf {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("state").join("store");
        self.0.lock().expect("no panics").push(folder);
        path
    }
}

pub(crate) fn open(dir: &Path) -> SledJournal {
    SledJournal::open(dir).expect("the store opens")
}

pub(crate) async fn append(journal: &dyn Journal, run: RunId, records: &[Record]) {
    journal.append(run, records.to_vec(), Durability::Awaited).await.expect("appended");
}

/// A store with those records in it, closed again.
pub(crate) async fn made(dir: &Path, run: RunId, records: &[Record]) {
    append(&open(dir), run, records).await;
}

/// The code and the message that opening fails with; nothing in the folder may have changed.
pub(crate) fn refused_untouched(dir: &Path) -> (Code, String) {
    let before = contents(dir);
    let error = SledJournal::open(dir).expect_err("this must not open");
    assert_eq!(contents(dir), before, "nothing was touched");
    assert!(error.hint.is_some(), "an error of the store says what to do");
    (error.code, error.message)
}

/// Every file under the folder with its bytes; folders with none.
pub(crate) fn contents(dir: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path.clone());
                all.insert(path, None);
            } else {
                all.insert(path.clone(), Some(fs::read(&path).expect("readable")));
            }
        }
    }
    all
}

/// Changes the database of a closed store without the store's knowing.
pub(crate) fn tamper(dir: &Path, change: impl FnOnce(&sled::Db, &sled::Tree)) {
    let database = sled::Config::new()
        .path(dir.join("journal"))
        .mode(sled::Mode::HighThroughput)
        .flush_every_ms(None)
        .open()
        .expect("sled opens");
    let tree = database.open_tree("journal").expect("the tree");
    change(&database, &tree);
    database.flush().expect("flushed");
    drop((tree, database));
    // sled's threads may hold its lock a moment longer; an exclusive lock of our own waits for them.
    let data =
        fs::File::options().read(true).write(true).open(dir.join("journal/db")).expect("the data file");
    data.lock().expect("locked");
}

/// The key of a record in the database.
pub(crate) fn key(run: RunId, sequence: u32) -> Vec<u8> {
    [&run.to_bytes()[..], &sequence.to_be_bytes()[..]].concat()
}
