//! Bytes kept as files under their SHA-256: pinned workflows, and records too large for the database.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use contracts::JournalError;
use model::{Code, Digest};

use crate::disk;

pub(crate) const FOLDER: &str = "payload";
const UNFINISHED: &str = "new";

#[derive(Debug)]
pub(crate) struct Payloads {
    folder: PathBuf,
    /// Keeps the unfinished files of two writers of the same bytes apart.
    writes: AtomicU64,
}

impl Payloads {
    /// Makes the folder when it is not there, and removes what an interrupted write left: it has no name yet.
    pub(crate) fn open(dir: &Path) -> Result<Payloads, JournalError> {
        let folder = dir.join(FOLDER);
        disk::create_folder(&folder)?;
        for path in disk::entries(&folder)? {
            if path.extension().is_some_and(|extension| extension == UNFINISHED) {
                fs::remove_file(&path).map_err(|error| disk::failed("remove", &path, &error))?;
            }
        }
        Ok(Payloads { folder, writes: AtomicU64::new(0) })
    }

    /// On disk when it answers. FB0502 when other bytes stand under that name.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<Digest, JournalError> {
        let digest = Digest::of_bytes(bytes);
        if self.get(digest)?.is_some() {
            // Another writer may have renamed it a moment ago and not synced the folder yet.
            disk::sync_folder(&self.folder)?;
            return Ok(digest);
        }
        let write = self.writes.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.folder.join(format!("{digest}.{write}.{UNFINISHED}"));
        disk::write_synced(&unfinished, bytes).inspect_err(|_| drop(fs::remove_file(&unfinished)))?;
        disk::rename_synced(&unfinished, &self.path(digest))?;
        Ok(digest)
    }

    /// `None` when there is no such file; FB0502 when it is not what its name says.
    pub(crate) fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, JournalError> {
        let path = self.path(digest);
        let Some(bytes) = disk::read_if_there(&path)? else { return Ok(None) };
        if Digest::of_bytes(&bytes) == digest {
            return Ok(Some(bytes));
        }
        Err(JournalError::new(
            Code::StoreCorrupt,
            format!("read {}: its {} bytes are not those it is named after", path.display(), bytes.len()),
        )
        .hint("bring the file back from a backup of the store; nothing was changed"))
    }

    pub(crate) fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(digest.to_string())
    }
}
