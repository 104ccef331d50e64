//! A file that a person asked for: whole under its name, or not there at all.

use std::io::{self, BufWriter};
use std::path::Path;

use model::{Class, Code, Failure};
use tempfile::NamedTempFile;

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    Kept,
    Replaced,
}

/// Written beside its place under another name, and named when it is whole and on disk. Only this user may read it.
/// Says what `fill` says.
pub(crate) fn write<T>(
    path: &Path,
    existing: Existing,
    fill: impl FnOnce(&mut BufWriter<NamedTempFile>) -> io::Result<T>,
) -> Result<T, Failure> {
    let shown = path.display();
    let failed = |cause: io::Error| {
        Failure::new(Code::FileWrite, Class::Denied, format!("'{shown}' cannot be written: {cause}"))
            .hint("give a path in a folder that exists and that this user may write to")
    };
    let taken = || {
        Failure::new(Code::FileWrite, Class::Denied, format!("'{shown}' is there already"))
            .hint("give another name, or --force to replace it")
    };
    if path.is_dir() {
        return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    if existing == Existing::Kept && path.symlink_metadata().is_ok() {
        return Err(taken());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut out = BufWriter::new(NamedTempFile::new_in(folder).map_err(failed)?);
    let said = fill(&mut out).map_err(failed)?;
    let file = out.into_inner().map_err(|cause| failed(cause.into_error()))?;
    file.as_file().sync_all().map_err(failed)?;
    let named = match existing {
        Existing::Replaced => file.persist(path),
        // Also where somebody made it a moment ago.
        Existing::Kept => file.persist_noclobber(path),
    };
    match named {
        Ok(_) => Ok(said),
        Err(cause) if cause.error.kind() == io::ErrorKind::AlreadyExists => Err(taken()),
        Err(cause) => Err(failed(cause.error)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_is_whole_or_not_there_and_replaced_only_when_asked_for() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let path = scratch.path().join("run.jsonl");
        let put = |existing, text: &'static str| write(&path, existing, |out| out.write_all(text.as_bytes()));
        let half = write(&path, Existing::Kept, |out| {
            out.write_all(b"half")?;
            Err::<(), _>(io::Error::from(io::ErrorKind::StorageFull))
        });
        assert_eq!(half.expect_err("the disk is full").code, Code::FileWrite);
        assert_eq!(std::fs::read_dir(scratch.path()).expect("a folder").count(), 0, "nothing is left behind");
        put(Existing::Kept, "one").expect("written");
        let refused = put(Existing::Kept, "two").expect_err("it is there");
        assert!(refused.hint.is_some_and(|hint| hint.contains("--force")));
        put(Existing::Replaced, "three").expect("asked for");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "three");
        assert!(write(scratch.path(), Existing::Replaced, |_| Ok(())).is_err(), "a folder stays");
        assert!(write(&scratch.path().join("no/where"), Existing::Kept, |_| Ok(())).is_err());
    }
}
