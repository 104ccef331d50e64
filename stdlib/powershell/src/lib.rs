//! PowerShell remoting: runs one cmdlet with typed parameters, far away over WS-Management or in a local process.
//!
//! Nothing is ever pasted into a command: a cmdlet's name and typed parameters are all that can be said.

mod call;
pub mod clixml;
mod connect;
mod error_record;
mod local;
pub mod message;
mod pipeline;
mod pool;
mod remote;
mod request;
mod settings;
mod shell;
#[cfg(test)]
mod testing;
mod transport;
pub mod wsman;

pub use call::{CallError, Command, Ended, ErrorRecord, Outcome, Refusal, RefusalKind, SessionFacts};
pub use settings::{Connection, EXCHANGE_CONFIGURATION, LocalSettings, RemoteAuth, RemoteSettings};
pub use shell::Shell;
