//! Says whether a folder is a store of ours, before anything in it is touched.
//!
//! A store is made in this order, each step durable before the next: `FORMAT.new`, the database and what goes with it, then `FORMAT.new`
//! becomes `FORMAT`. Nothing can be appended before that last step, so a folder with `FORMAT.new` alone never held a
//! record and is made anew; a folder with `FORMAT` that lacks its database has lost records and is refused.

use std::fs;
use std::io;
use std::path::Path;

use contracts::JournalError;
use model::Code;

use crate::{database, disk, lock, payload, tally};

/// Raised when a store that older versions cannot read is written.
const FORMAT: u32 = 1;
const MARKER: &str = "FORMAT";
const MARKER_UNFINISHED: &str = "FORMAT.new";
const MARKER_WORDS: &str = "footbridge store ";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing there, or nothing but our lock.
    Fresh,
    /// Its making was cut short; it never held a record.
    Unfinished,
    Finished,
}

/// FB0504 for a folder that is not ours, FB0503 for one that a newer version made. Touches nothing.
pub(crate) fn inspect(dir: &Path) -> Result<Condition, JournalError> {
    match fs::metadata(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Condition::Fresh),
        Err(error) => return Err(disk::failed("open the store", dir, &error)),
        Ok(metadata) if !metadata.is_dir() => return Err(foreign(dir, "it is a file, not a folder")),
        Ok(_) => {}
    }
    if let Some(marker) = disk::read_if_there(&dir.join(MARKER))? {
        check_marker(dir, &marker)?;
        return Ok(Condition::Finished);
    }
    let unfinished = disk::read_if_there(&dir.join(MARKER_UNFINISHED))?;
    // The marker is whole before the database is begun: an empty one can stand beside nothing else.
    let begun = unfinished.as_ref().is_some_and(|marker| !marker.is_empty());
    for entry in disk::entries(dir)? {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ours = match name.as_str() {
            lock::LOCK_FILE | lock::HOLDER_FILE | MARKER_UNFINISHED => true,
            database::FOLDER | payload::FOLDER | tally::FILE => begun,
            _ => false,
        };
        if !ours {
            return Err(foreign(dir, &format!("it holds '{name}' and no file '{MARKER}'")));
        }
    }
    match unfinished {
        Some(marker) if begun => check_marker(dir, &marker).map(|()| Condition::Unfinished),
        Some(_) | None => Ok(Condition::Fresh),
    }
}

/// The first durable step of making a store.
pub(crate) fn begin(dir: &Path) -> Result<(), JournalError> {
    disk::write_synced(&dir.join(MARKER_UNFINISHED), format!("{MARKER_WORDS}{FORMAT}\n").as_bytes())?;
    disk::sync_folder(dir)
}

/// The last durable step of making a store.
pub(crate) fn finish(dir: &Path) -> Result<(), JournalError> {
    disk::rename_synced(&dir.join(MARKER_UNFINISHED), &dir.join(MARKER))
}

fn check_marker(dir: &Path, marker: &[u8]) -> Result<(), JournalError> {
    let number = str::from_utf8(marker)
        .ok()
        .and_then(|text| text.trim_end().strip_prefix(MARKER_WORDS))
        .and_then(|number| number.parse::<u32>().ok());
    match number {
        Some(FORMAT) => Ok(()),
        Some(number) if number > FORMAT => Err(JournalError::new(
            Code::StoreNewer,
            format!(
                "open the store {}: it has format {number}, this footbridge knows {FORMAT}",
                dir.display()
            ),
        )
        .hint("use the newer footbridge, or choose another folder with --state; nothing was touched")),
        Some(_) | None => {
            Err(foreign(dir, &format!("its file '{MARKER}' does not say '{MARKER_WORDS}{FORMAT}'")))
        }
    }
}

fn foreign(dir: &Path, why: &str) -> JournalError {
    JournalError::new(Code::StoreForeign, format!("open the store {}: {why}", dir.display()))
        .hint("choose an empty or new folder with --state; nothing was touched")
}
