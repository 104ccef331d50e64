//! What is asked of a shell and what comes back: output and error records, or how little is known.

use crate::clixml::Value;

/// One cmdlet with literal parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    pub cmdlet: String,
    /// By name without the dash, in the order in which they are sent.
    pub parameters: Vec<(String, Value)>,
}

/// The cmdlet ran, and this is what it said. Errors in it are errors, whatever the end is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub ended: Ended,
    pub output: Vec<Value>,
    /// The error stream: non-terminating errors.
    pub errors: Vec<ErrorRecord>,
    pub warnings: Vec<String>,
    pub session: SessionFacts,
}

/// How the pipeline ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    Completed,
    /// A terminating error.
    Failed(ErrorRecord),
    /// Stopped, by us or by the server; what it did until then is not known.
    Stopped,
}

/// An error as PowerShell keeps it. Only `message` is in the language of the server, and only for showing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorRecord {
    /// The exception's type and its bases, most derived first, without `Deserialized.`.
    pub exception_types: Vec<String>,
    /// `NamedParameterNotFound,New-MailUser`.
    pub fully_qualified_error_id: String,
    /// PowerShell's `ErrorCategory` as a number; Exchange adds its own from 1000 to 1012.
    pub category: i32,
    /// The short name of the exception's type, usually.
    pub category_reason: String,
    pub category_activity: String,
    pub category_target_name: String,
    pub category_target_type: String,
    /// The object that it happened to, as text.
    pub target: String,
    pub message: String,
}

/// What helps to find a call in the server's logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFacts {
    pub shell_id: String,
    pub pipeline_id: String,
    /// The server and process behind the address, where it says so.
    pub server: String,
}

/// Why there is no outcome.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    /// Nothing ran.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// The command was sent, or may have been, and no answer came: it may have run, wholly, in part or not at all.
    #[error("{message}")]
    Unknown { message: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: RefusalKind,
    /// A lower-case fragment with the address and status: `POST https://…/PowerShell/: HTTP 404 …`.
    pub message: String,
    /// What a person can do.
    pub advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// DNS, network, time-out before anything was sent.
    Unreachable,
    Tls,
    /// 401, with or without a challenge we could answer.
    SignIn,
    /// Something answered at that address that is no WS-Management service: HTML, 404, nonsense.
    NotPowerShell,
    /// The account may not, or the session configuration is not there for it.
    Denied,
    /// Too many shells or too much work for this account just now.
    Quota,
    /// The server is busy or restarting.
    Busy,
    /// The other side broke the protocol, or went beyond a limit of ours.
    Protocol,
    /// Our own settings, or a parameter that cannot be sent.
    Settings,
    Cancelled,
}
