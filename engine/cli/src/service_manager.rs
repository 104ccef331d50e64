//! Tells systemd how far this process is, where systemd started it and asks to be told: sd_notify(3), one datagram each.

use crate::settings;

pub(crate) struct ServiceManager {
    socket: Option<String>,
}

impl ServiceManager {
    pub(crate) fn new() -> ServiceManager {
        ServiceManager { socket: settings::text("NOTIFY_SOCKET") }
    }

    /// Requests are answered from now on.
    pub(crate) fn ready(&self) {
        self.notify("READY=1");
    }

    pub(crate) fn stopping(&self) {
        self.notify("STOPPING=1");
    }

    /// Best effort: a manager that does not listen is no reason to stop.
    #[cfg(target_os = "linux")]
    fn notify(&self, state: &str) {
        use std::os::linux::net::SocketAddrExt as _;
        use std::os::unix::net::{SocketAddr, UnixDatagram};
        let Some(name) = &self.socket else { return };
        let address = match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name),
            None => SocketAddr::from_pathname(name),
        };
        let sent =
            address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address));
        drop(sent);
    }

    #[cfg(not(target_os = "linux"))]
    fn notify(&self, _state: &str) {
        drop(self.socket.as_ref());
    }
}
