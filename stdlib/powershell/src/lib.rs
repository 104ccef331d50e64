//! PowerShell remoting: runs one cmdlet with typed parameters, far away over WS-Management or in a local process.
//!
//! Nothing is ever pasted into a command: a cmdlet's name and typed parameters are all that can be said.

mod call;
pub mod clixml;
pub mod message;
mod settings;
#[expect(dead_code, reason = "used by what is being written")]
mod transport;

pub use call::{CallError, Command, Ended, ErrorRecord, Outcome, Refusal, RefusalKind, SessionFacts};
pub use settings::{Connection, EXCHANGE_CONFIGURATION, LocalSettings, RemoteAuth, RemoteSettings};
