//! What the platform says about a folder: who may look into it, and how much still fits.

use std::path::Path;

/// The permission bits; `None` where the platform has none, or does not say.
#[cfg(unix)]
pub(crate) fn mode(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(folder).ok().map(|about| about.permissions().mode())
}

/// On Windows that is in the folder's access list, which is the administrator's to set.
#[cfg(not(unix))]
pub(crate) fn mode(_folder: &Path) -> Option<u32> {
    None
}

/// What this user may still write there; `None` where the disk does not say.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    fs2::available_space(folder).ok()
}
