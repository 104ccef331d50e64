//! Where the holder listens: a socket beside the store that only its owner can open. The one platform-specific file.

use std::io;
use std::path::{Path, PathBuf};

use interprocess::local_socket::tokio::{Listener, Stream};
use interprocess::local_socket::traits::tokio::Stream as _;
use interprocess::local_socket::{ListenerOptions, Name};
use model::Digest;

/// Unix refuses socket paths beyond 104 to 108 bytes.
#[cfg(unix)]
const PATH_BYTES_MAX: usize = 100;

/// The socket of one state folder, the same for everyone who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketName {
    path: PathBuf,
    /// The state folder: whoever owns it may own a folder made for the socket.
    #[cfg(unix)]
    state: PathBuf,
}

/// Why no socket could be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the socket {}: {cause}", path.display())]
pub struct NoSocket {
    pub path: PathBuf,
    #[source]
    pub cause: io::Error,
}

impl SocketName {
    /// `<state>/holder.sock`, or a short name under `temporary` when that is too long for a socket.
    /// On Windows a named pipe. `state` must be absolute, so that everyone derives the same name.
    pub fn of_state(state: &Path, temporary: &Path) -> SocketName {
        SocketName::derive(state, temporary)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn failed(&self, cause: io::Error) -> NoSocket {
        NoSocket { path: self.path.clone(), cause }
    }
}

/// Twenty characters that stand for a state folder.
fn fingerprint(state: &Path) -> String {
    Digest::of_bytes(state.to_string_lossy().as_bytes()).to_string()[..20].to_owned()
}

#[cfg(unix)]
impl SocketName {
    fn derive(state: &Path, temporary: &Path) -> SocketName {
        let beside = state.join("holder.sock");
        let path = if beside.as_os_str().len() <= PATH_BYTES_MAX {
            beside
        } else {
            temporary.join(format!("footbridge-{}", fingerprint(state))).join("holder.sock")
        };
        SocketName { path, state: state.to_owned() }
    }

    fn name(&self) -> io::Result<Name<'_>> {
        use interprocess::local_socket::{GenericFilePath, ToFsName as _};
        self.path.as_path().to_fs_name::<GenericFilePath>()
    }

    /// The caller holds the store, so a socket that is there already was left by a holder that died.
    pub(crate) fn listen(&self) -> Result<Listener, NoSocket> {
        self.private_folder().map_err(|cause| self.failed(cause))?;
        match std::fs::remove_file(&self.path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(self.failed(cause)),
            Ok(()) | Err(_) => {}
        }
        let options = ListenerOptions::new().name(self.name().map_err(|cause| self.failed(cause))?);
        // Other systems cannot set the mode of a socket before it is bound; there the folder alone protects it.
        #[cfg(target_os = "linux")]
        let options = {
            use interprocess::os::unix::local_socket::ListenerOptionsExt as _;
            options.mode(0o600)
        };
        options.create_tokio().map_err(|cause| self.failed(cause))
    }

    /// Makes the folder of the socket when it is not the state folder, and refuses one that somebody else made.
    fn private_folder(&self) -> io::Result<()> {
        use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
        let folder = self.path.parent().expect("the socket's path has the state folder or our own as parent");
        if folder == self.state {
            return Ok(());
        }
        match std::fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(cause),
            Ok(()) | Err(_) => {}
        }
        let found = std::fs::symlink_metadata(folder)?;
        let owner = std::fs::metadata(&self.state)?.uid();
        if !found.is_dir() || found.uid() != owner || found.mode() & 0o077 != 0 {
            let message = format!("{} is not a private folder of the state folder's owner", folder.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        Ok(())
    }
}

#[cfg(windows)]
impl SocketName {
    fn derive(state: &Path, _temporary: &Path) -> SocketName {
        SocketName { path: PathBuf::from(format!(r"\\.\pipe\footbridge-{}", fingerprint(state))) }
    }

    fn name(&self) -> io::Result<Name<'_>> {
        use interprocess::local_socket::{GenericFilePath, ToFsName as _};
        self.path.as_path().to_fs_name::<GenericFilePath>()
    }

    /// A named pipe without a security descriptor of its own may be written by its owner and by administrators only.
    // unconfirmed: never compiled or tried on Windows.
    pub(crate) fn listen(&self) -> Result<Listener, NoSocket> {
        let name = self.name().map_err(|cause| self.failed(cause))?;
        ListenerOptions::new().name(name).create_tokio().map_err(|cause| self.failed(cause))
    }
}

impl SocketName {
    pub(crate) async fn connect(&self) -> Result<Stream, NoSocket> {
        let name = self.name().map_err(|cause| self.failed(cause))?;
        Stream::connect(name).await.map_err(|cause| self.failed(cause))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_long_state_folder_gets_a_short_socket_of_its_own() {
        let temporary = Path::new("/tmp");
        let short = SocketName::of_state(Path::new("/home/a/.local/share/footbridge"), temporary);
        assert_eq!(short.path(), Path::new("/home/a/.local/share/footbridge/holder.sock"));
        let deep = PathBuf::from(format!("/home/{}", "long/".repeat(40)));
        let one = SocketName::of_state(&deep, temporary);
        let other = SocketName::of_state(&deep.join("other"), temporary);
        assert!(one.path().as_os_str().len() <= PATH_BYTES_MAX);
        assert_ne!(one.path(), other.path());
    }

    #[test]
    fn a_socket_folder_that_others_can_enter_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let state = scratch.path().join("s".repeat(120));
        std::fs::create_dir(&state).expect("the state folder");
        let name = SocketName::of_state(&state, scratch.path());
        name.private_folder().expect("made by us");
        let folder = name.path().parent().expect("a parent");
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("opened to others");
        assert!(name.private_folder().is_err());
    }
}
