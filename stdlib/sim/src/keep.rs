//! Keeping a world in a file: one holder, and every effect on disk before its answer.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::{error::WorldError, state::State};

/// The format of the file; a newer one is refused and left alone.
pub(crate) const FORMAT: u64 = 1;

/// A held world file.
#[derive(Debug)]
pub(crate) struct Keep {
    path: PathBuf,
    /// Locked as long as it is open. A file of its own, because the world's file is replaced at every write.
    _lock: File,
}

impl Keep {
    /// Takes the lock and reads the state, when there is one.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<State>), WorldError> {
        let unreadable = |source| WorldError::Read { path: path.to_owned(), source };
        let lock_path = beside(path, "lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|source| WorldError::Write { path: lock_path, source })?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(WorldError::Held { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(unreadable(source)),
        }
        let keep = Self { path: path.to_owned(), _lock: lock };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((keep, None)),
            Err(source) => return Err(unreadable(source)),
        };
        let malformed = |reason: String| WorldError::Malformed { path: path.to_owned(), reason };
        let value: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        let found = value["format"].as_u64().ok_or_else(|| malformed("it has no format number".into()))?;
        if found != FORMAT {
            return Err(WorldError::Format { path: path.to_owned(), found, known: FORMAT });
        }
        let state = serde_json::from_value(value).map_err(|error| malformed(error.to_string()))?;
        Ok((keep, Some(state)))
    }

    /// Replaces the file in one step, so that a killed process leaves the old or the new one.
    pub(crate) fn write(&self, state: &State) -> Result<(), WorldError> {
        let unwritable = |source| WorldError::Write { path: self.path.clone(), source };
        let fresh = beside(&self.path, "new");
        let bytes = serde_json::to_vec(state).map_err(|error| unwritable(std::io::Error::other(error)))?;
        let mut file = File::create(&fresh).map_err(unwritable)?;
        file.write_all(&bytes).map_err(unwritable)?;
        drop(file);
        fs::rename(&fresh, &self.path).map_err(unwritable)
    }
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}
