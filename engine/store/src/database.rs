//! The sled database under a store: opened behind its guards, and let go of in order.
//!
//! Pinned at 0.34.7 and used with its measured traps closed: torn snapshots (`snap.*.generating`) are removed before
//! it opens, because it takes them for whole ones; what it never syncs itself is synced after opening; a second
//! descriptor on its data file is synced after each flush, because its own flush does not reach the disk on Linux;
//! values are small; one thread writes. It may panic on damaged files: it is opened on a thread of its own.

use std::any::Any;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use contracts::JournalError;
use model::{Code, RunId};

use crate::format::{self, Condition};
use crate::lock::{self, Lock};
use crate::payload::Payloads;
use crate::tally::{self, Tally};
use crate::{disk, encoding, waiting};

pub(crate) const FOLDER: &str = "journal";
/// sled's own names inside its folder.
const DATA_FILE: &str = "db";
const SETTINGS_FILE: &str = "conf";

const CACHE_BYTES: u64 = 64 * 1024 * 1024;
const TREE: &str = "journal";

/// How long a closing store waits for looks that nobody awaits any more, and for sled's background threads to let go of its
/// data file.
pub(crate) const CLOSING_PATIENCE: Duration = Duration::from_secs(2);

/// An open store. Fields are dropped in this order: the database before the lock.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) tree: sled::Tree,
    sled: Closing,
    data: DataFile,
    pub(crate) payloads: Payloads,
    dir: PathBuf,
    refusal: OnceLock<JournalError>,
    _lock: Lock,
}

impl Database {
    /// Checks first and touches nothing that is not ours. The tally is for the one thread that writes.
    pub(crate) fn open(dir: &Path) -> Result<(Database, Tally), JournalError> {
        let folder = dir.to_owned();
        let opening = std::thread::Builder::new()
            .name("journal-open".to_owned())
            .spawn(move || Database::open_here(&folder))
            .map_err(|error| disk::failed("start a thread for", dir, &error))?;
        opening.join().unwrap_or_else(|panic| {
            Err(damaged(dir, &format!("its database cannot be read: {}", panic_text(&*panic))))
        })
    }

    fn open_here(dir: &Path) -> Result<(Database, Tally), JournalError> {
        format::inspect(dir)?;
        disk::create_folder(dir)?;
        let lock = Lock::take(dir)?;
        // Looked at again: another process may have made the store between the first look and the lock.
        let condition = format::inspect(dir)?;
        let folder = dir.join(FOLDER);
        match condition {
            Condition::Fresh => format::begin(dir)?,
            Condition::Unfinished => remove_unfinished(&folder)?,
            Condition::Finished => guard(dir, &folder)?,
        }
        if condition != Condition::Finished {
            Tally::make(dir)?;
        }
        let mut tally = Tally::open(dir)?;
        let payloads = Payloads::open(dir)?;
        disk::create_folder(&folder)?;
        let (sled, tree) = open_sled(dir, &folder)?;
        for file in [SETTINGS_FILE, DATA_FILE] {
            disk::sync_file(&folder.join(file))?;
        }
        disk::sync_folder(&folder)?;
        disk::sync_folder(dir)?;
        disk::sync_parent(dir)?;
        let data = DataFile::open(folder.join(DATA_FILE))?;
        let opened = Database {
            tree,
            sled,
            data,
            payloads,
            dir: dir.to_owned(),
            refusal: OnceLock::new(),
            _lock: lock,
        };
        if condition == Condition::Finished {
            opened.check_whole(&mut tally)?;
        } else {
            opened.flush()?;
            format::finish(dir)?;
        }
        Ok((opened, tally))
    }

    /// What was written before is on disk when it answers. Called by the journal thread alone.
    pub(crate) fn flush(&self) -> Result<(), JournalError> {
        self.sled.flush().map_err(|error| self.failed("write", &error))?;
        self.data.file.sync_data().map_err(|error| disk::failed("sync", &self.data.path, &error))
    }

    /// Why everything is refused, when it is.
    pub(crate) fn usable(&self) -> Result<(), JournalError> {
        match self.refusal.get() {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(()),
        }
    }

    /// From now on every use is refused with this error: what is on disk is not known before the store is reopened.
    pub(crate) fn refuse(&self, error: &JournalError) {
        drop(self.refusal.set(error.clone()));
    }

    /// The number that the run's next record must have.
    pub(crate) fn next_sequence(&self, run: RunId) -> Result<u32, JournalError> {
        let range = encoding::key(run, 0)..=encoding::key(run, u32::MAX);
        match self.tree.range(range).next_back().transpose().map_err(|error| self.failed("read", &error))? {
            None => Ok(0),
            Some((key, _)) => {
                let (_, last) = encoding::parse_key(&key).ok_or_else(|| self.stray_key())?;
                last.checked_add(1).ok_or_else(|| self.stray_key())
            }
        }
    }

    pub(crate) fn stray_key(&self) -> JournalError {
        damaged(&self.dir, "its journal holds a key that is none of ours")
    }

    pub(crate) fn damaged(&self, why: &str) -> JournalError {
        damaged(&self.dir, why)
    }

    pub(crate) fn failed(&self, doing: &str, error: &sled::Error) -> JournalError {
        sled_failed(doing, &self.dir, error)
    }

    /// How many records were ever written.
    fn total(&self) -> Result<u64, JournalError> {
        match self.tree.get(tally::KEY).map_err(|error| self.failed("read", &error))? {
            None => Ok(0),
            Some(bytes) => tally::decode(&bytes).ok_or_else(|| self.damaged("its record count is broken")),
        }
    }

    fn check_whole(&self, tally: &mut Tally) -> Result<(), JournalError> {
        tally.total = self.total()?;
        match tally.read()? {
            Some(durable) if durable > tally.total => Err(self.damaged(&format!(
                "{durable} records were written and its database gives back {}; the others are lost",
                tally.total
            ))),
            Some(_) | None => Ok(()),
        }
    }
}

/// sled syncs its file once more when it is let go of, and panics where that fails. Whatever anybody awaited is on disk by then
/// or was refused, so the panic ends on a thread of its own and means nothing.
#[derive(Debug)]
struct Closing(Option<sled::Db>);

impl Closing {
    fn flush(&self) -> sled::Result<usize> {
        self.0.as_ref().map_or(Ok(0), |sled| sled.flush())
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let sled = self.0.take();
        let closing = std::thread::Builder::new().name("journal-close".to_owned()).spawn(move || drop(sled));
        if let Ok(closing) = closing {
            drop(closing.join());
        }
    }
}

/// The second descriptor on sled's data file.
#[derive(Debug)]
struct DataFile {
    path: PathBuf,
    file: File,
}

impl DataFile {
    fn open(path: PathBuf) -> Result<DataFile, JournalError> {
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = file.map_err(|error| disk::failed("open", &path, &error))?;
        Ok(DataFile { path, file })
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        // sled's threads may hold its file, and its lock, a moment longer than the database lives. Our own lock is
        // let go of after theirs, so that whoever gets it can open the database at once.
        waiting::poll(CLOSING_PATIENCE, || self.file.try_lock().is_ok());
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned())
}

/// A store whose making was cut short never held a record.
fn remove_unfinished(folder: &Path) -> Result<(), JournalError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk::failed("remove", folder, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// sled begins anew, silently, where a file of its is missing; and takes a torn snapshot for the newest one.
fn guard(dir: &Path, folder: &Path) -> Result<(), JournalError> {
    for path in [folder.join(SETTINGS_FILE), folder.join(DATA_FILE), dir.join(tally::FILE)] {
        match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > 0 => {}
            Ok(_) => return Err(damaged(dir, &format!("{} is empty", path.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(damaged(dir, &format!("{} is missing", path.display())));
            }
            Err(error) => return Err(disk::failed("open", &path, &error)),
        }
    }
    for path in disk::entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(&path).map_err(|error| disk::failed("remove", &path, &error))?;
        }
    }
    Ok(())
}

fn open_sled(dir: &Path, folder: &Path) -> Result<(Closing, sled::Tree), JournalError> {
    let config = sled::Config::new()
        .path(folder)
        .mode(sled::Mode::HighThroughput)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(None)
        .use_compression(false);
    let open = || {
        let sled = config.open()?;
        let tree = sled.open_tree(TREE)?;
        Ok((Closing(Some(sled)), tree))
    };
    open().map_err(|error: sled::Error| sled_failed("open", dir, &error))
}

fn sled_failed(doing: &str, dir: &Path, error: &sled::Error) -> JournalError {
    match error {
        sled::Error::Io(error) if error.to_string().starts_with("could not acquire lock") => lock::held(dir),
        sled::Error::Io(error)
            if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            damaged(dir, &format!("its database cannot be read: {error}"))
        }
        sled::Error::Io(error) => disk::failed(doing, &dir.join(FOLDER), error),
        other => damaged(dir, &format!("its database cannot be read: {other}")),
    }
}

fn damaged(dir: &Path, why: &str) -> JournalError {
    JournalError::new(Code::StoreCorrupt, format!("use the store {}: {why}", dir.display())).hint(
        "keep the folder as it is and copy it aside, then bring it back from a backup, or choose another with --state",
    )
}
