//! Files and folders that survive a power cut, and the one place that turns an I/O error into words.
//!
//! The platform-specific code of this crate is here: folder modes and the syncing of folders exist on Unix only;
//! Windows keeps its directory entries safe by itself. The Windows branches were never tried.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use contracts::JournalError;
use model::Code;

/// `doing` and the path make the sentence: "failed to *write* */var/lib/x*: no space left on device (os error 28)".
pub(crate) fn failed(doing: &str, path: &Path, error: &io::Error) -> JournalError {
    JournalError::new(Code::StoreIo, format!("{doing} {}: {}", path.display(), plain(error)))
        .hint(hint(error.kind()))
}

/// sled hands on the system's errors in their debugging form; a person gets the message inside.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let inside =
        text.strip_prefix("Os {").and_then(|rest| rest.split_once("message: \"")).map(|(_, rest)| rest);
    match inside.and_then(|rest| rest.split_once('"')) {
        Some((message, _)) => message.to_lowercase(),
        None => text,
    }
}

/// What a person can do about an I/O error of that kind.
pub(crate) fn hint(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "free some space on that disk, then 'footbridge resume RUN'; nothing that was acknowledged is lost"
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "let this user write to the folder, or choose another with --state"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "choose another folder with --state",
        _ => "look after the disk and the folder, then 'footbridge resume RUN'",
    }
}

/// Makes the folder and those above it, for this user only; nothing happens when it is there.
pub(crate) fn create_folder(folder: &Path) -> Result<(), JournalError> {
    let missing: Vec<&Path> =
        folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()).collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|error| failed("make the folder", folder, &error))?;
    missing.into_iter().try_for_each(|made| sync_folder(parent(made)))
}

/// After this the names inside the folder survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| failed("sync", folder, &error))?;
    }
    Ok(())
}

/// Syncs the folder that a path's name stands in, where this user may look into it; where not, somebody else made the
/// name, before us.
pub(crate) fn sync_parent(path: &Path) -> Result<(), JournalError> {
    match File::open(parent(path)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Ok(_) | Err(_) => sync_folder(parent(path)),
    }
}

/// After this the file's bytes survive a power cut, whoever wrote them.
pub(crate) fn sync_file(path: &Path) -> Result<(), JournalError> {
    // Windows flushes only through a descriptor that may write.
    let file = OpenOptions::new().read(true).write(true).open(path);
    file.and_then(|file| file.sync_all()).map_err(|error| failed("sync", path, &error))
}

/// Writes a new file and syncs it; its name is not safe before its folder is synced.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    File::create(path)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .map_err(|error| failed("write", path, &error))
}

/// Gives a synced file its final name, durably.
pub(crate) fn rename_synced(from: &Path, to: &Path) -> Result<(), JournalError> {
    fs::rename(from, to).map_err(|error| failed("rename to", to, &error))?;
    sync_folder(parent(to))
}

/// The file's bytes; `None` when there is no such file.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path, &error)),
    }
}

/// The paths inside a folder, in order of name.
pub(crate) fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>, JournalError> {
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()
        })
        .map_err(|error| failed("list", folder, &error))?;
    paths.sort();
    Ok(paths)
}

/// The folder that a path's name stands in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
