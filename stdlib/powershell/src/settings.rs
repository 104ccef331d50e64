//! Where PowerShell is and how to get in.

use std::path::PathBuf;
use std::time::Duration;

/// The session configuration of Exchange.
pub const EXCHANGE_CONFIGURATION: &str = "http://schemas.microsoft.com/powershell/Microsoft.Exchange";

#[derive(Clone, Debug)]
pub enum Connection {
    Remote(RemoteSettings),
    Local(LocalSettings),
}

#[derive(Clone, Debug)]
pub struct RemoteSettings {
    /// `https://ex01.contoso.com/PowerShell/`: one server, not a load-balanced name.
    pub uri: String,
    pub auth: RemoteAuth,
    /// The resource URI of the session configuration: [`EXCHANGE_CONFIGURATION`], or PowerShell's own.
    pub configuration: String,
    /// PEM of the only authorities to trust; the system's when absent.
    pub only_roots: Option<Vec<u8>>,
    /// Basic over plain http, on loopback only.
    pub allow_http: bool,
    /// How long one long poll may last before the server answers that there is nothing yet.
    pub poll: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteAuth {
    Basic {
        user: String,
        /// The name of the password among the target's secrets; its value is asked for at each sign-in.
        password: String,
    },
    /// The current logon or ticket cache, with sealed messages. Needs the cargo feature `kerberos`.
    Kerberos,
}

#[derive(Clone, Debug)]
pub struct LocalSettings {
    /// `powershell.exe`, or `pwsh`, or a path to either.
    pub program: PathBuf,
    /// `-Version 5.1 -s -NoLogo -NoProfile`, or `-s -NoLogo -NoProfile`.
    pub arguments: Vec<String>,
    /// Run once in every new session: loads the Exchange shell. Fixed text of the target's, never of a workflow's.
    pub startup: Option<String>,
}
