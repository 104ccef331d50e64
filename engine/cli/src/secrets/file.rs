//! A secret in a file of its own, which nobody else may read.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::Path;

use model::Failure;

use super::{LENGTH_MAX, unreadable};

/// The whole text, without a byte order mark and without one newline at the end.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let failed = |why: &dyn std::fmt::Display| unreadable(format!("the file {shown} cannot be read: {why}"));
    let hint = "write the secret into it, alone, or correct the path in the target file";
    let mut file = File::open(path).map_err(|cause| failed(&cause).hint(hint))?;
    // Of the file that was opened, whatever its name leads to by now.
    let about = file.metadata().map_err(|cause| failed(&cause).hint(hint))?;
    if about.is_dir() {
        return Err(failed(&"it is a folder").hint(hint));
    }
    if others_may_read(&about) {
        return Err(unreadable(format!("the file {shown} can be read by others on this machine"))
            .hint(format!("chmod 600 {shown}; and change the secret if others may have seen it")));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(LENGTH_MAX).unwrap_or(u64::MAX).saturating_add(3);
    file.by_ref().take(limit).read_to_end(&mut bytes).map_err(|cause| failed(&cause).hint(hint))?;
    text(&bytes).ok_or_else(|| {
        failed(&"it is no UTF-8 text")
            .hint("PowerShell 5 writes UTF-16; use -Encoding ascii, or an editor that writes UTF-8")
    })
}

fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    Some(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

/// On Windows who may read a file is in its access list, which is the administrator's to set.
#[cfg(unix)]
fn others_may_read(about: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    about.is_file() && about.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn others_may_read(_about: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_newline_at_the_end_is_not_the_secrets() {
        for (bytes, expected) in [
            (&b"hunter2"[..], Some("hunter2")),
            (b"hunter2\n", Some("hunter2")),
            (b"hunter2\r\n", Some("hunter2")),
            (b"hunter2\n\n", Some("hunter2\n")),
            (b"\xef\xbb\xbfhunter2\n", Some("hunter2")),
            (b" hunter2 ", Some(" hunter2 ")),
            (b"\xff\xfeh\0", None),
        ] {
            assert_eq!(text(bytes).as_deref(), expected, "{bytes:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let path = scratch.path().join("secret");
        std::fs::write(&path, "hunter2\n").expect("written");
        for (mode, good) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o610, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            let found = read(&path);
            assert_eq!(found.as_deref().ok(), good.then_some("hunter2"), "{mode:o}");
            if let Err(failure) = found {
                assert!(failure.hint.expect("a hint").contains("chmod 600"), "{mode:o}");
            }
        }
        assert!(read(scratch.path()).expect_err("a folder").message.contains("folder"));
    }
}
