//! How many records were ever made durable, counted beside the database.
//!
//! sled takes damage in the middle of its log for the torn end of a crash: it drops everything after it and opens
//! without a word. So each batch carries the running total of records, and after each flush the same total is written
//! to a file of its own. That write is not synced: after a power cut the file may lag behind the database, but it is
//! never ahead of it, unless the database has lost records.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use contracts::JournalError;

use crate::disk;

pub(crate) const FILE: &str = "tally";

/// The key of the total inside the journal's tree; it sorts before every record and is no record's key.
pub(crate) const KEY: &[u8] = &[];

const BYTES: usize = 12;

/// The file. Its 12 bytes are overwritten in place and never cross a disk sector.
#[derive(Debug)]
pub(crate) struct Tally {
    path: PathBuf,
    file: File,
    /// How many records the database holds, durable or not.
    pub(crate) total: u64,
}

impl Tally {
    /// A new file that says 0, durable but for its name.
    pub(crate) fn make(dir: &Path) -> Result<(), JournalError> {
        disk::write_synced(&dir.join(FILE), &encode(0))
    }

    pub(crate) fn open(dir: &Path) -> Result<Tally, JournalError> {
        let path = dir.join(FILE);
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = file.map_err(|error| disk::failed("open", &path, &error))?;
        Ok(Tally { path, file, total: 0 })
    }

    /// `None` when the file is unreadable, which leaves the database unaccused: it is the witness, not the truth.
    pub(crate) fn read(&mut self) -> Result<Option<u64>, JournalError> {
        let mut bytes = Vec::with_capacity(BYTES);
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.read_to_end(&mut bytes))
            .map_err(|error| disk::failed("read", &self.path, &error))?;
        Ok(decode(&bytes))
    }

    /// Call only once all records are on disk.
    pub(crate) fn write(&mut self) -> Result<(), JournalError> {
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(&encode(self.total)))
            .map_err(|error| disk::failed("write", &self.path, &error))
    }
}

/// The total (8 bytes, little-endian) and its CRC-32C.
pub(crate) fn encode(total: u64) -> [u8; BYTES] {
    let total = total.to_le_bytes();
    let mut bytes = [0; BYTES];
    bytes[..8].copy_from_slice(&total);
    bytes[8..].copy_from_slice(&crc32c::crc32c(&total).to_le_bytes());
    bytes
}

pub(crate) fn decode(bytes: &[u8]) -> Option<u64> {
    let (total, checksum) = bytes.split_first_chunk::<8>()?;
    (checksum == crc32c::crc32c(total).to_le_bytes()).then(|| u64::from_le_bytes(*total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_comes_back_or_not_at_all() {
        for total in [0, 1, u64::MAX] {
            let bytes = encode(total);
            assert_eq!(decode(&bytes), Some(total));
            assert_eq!(decode(&bytes[..11]), None);
            let mut other = bytes;
            other[3] ^= 1;
            assert_eq!(decode(&other), None);
        }
        assert_eq!(decode(&[]), None);
    }
}
