//! One process holds a store: a lock that the operating system lets go of when its holder dies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use contracts::JournalError;
use model::Code;

use crate::disk;

pub(crate) const LOCK_FILE: &str = "lock";
/// Holds the holder's process id. A file of its own: on Windows a locked file cannot be read by others.
pub(crate) const HOLDER_FILE: &str = "holder";

/// Held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
    holder: PathBuf,
}

impl Lock {
    /// FB0501 with the holder's process id when another holds it, in this process or in any other.
    pub(crate) fn take(dir: &Path) -> Result<Lock, JournalError> {
        let path = dir.join(LOCK_FILE);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| disk::failed("open", &path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(dir)),
            Err(TryLockError::Error(error)) => return Err(disk::failed("lock", &path, &error)),
        }
        let holder = dir.join(HOLDER_FILE);
        fs::write(&holder, std::process::id().to_string())
            .map_err(|error| disk::failed("write", &holder, &error))?;
        Ok(Lock { _file: file, holder })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the lock goes, or the next holder's id could be the one removed. A stale id misleads nobody: it is
        // read only while the lock is held.
        drop(fs::remove_file(&self.holder));
    }
}

pub(crate) fn held(dir: &Path) -> JournalError {
    let holder = fs::read_to_string(dir.join(HOLDER_FILE)).unwrap_or_default();
    let holder = match holder.trim().parse::<u32>() {
        Ok(id) => format!("process {id}"),
        Err(_) => "another process".to_owned(),
    };
    JournalError::new(Code::StoreHeld, format!("open the store {}: {holder} holds it", dir.display()))
        .hint(format!("wait until {holder} has ended, or choose another folder with --state"))
}
