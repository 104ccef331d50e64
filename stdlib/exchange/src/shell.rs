//! The seam to Exchange: whatever can run one cmdlet with literal parameters.

use async_trait::async_trait;
use contracts::{CallContext, Check};
use model::value::Map;
use powershell::RefusalKind;
use serde_json::Value as Json;

/// Runs cmdlets: PowerShell remoting, a local shell, or the simulator.
#[async_trait]
pub trait ExchangeShell: Send + Sync {
    /// Runs one command. The context tells how long it may take and gives the secrets that a sign-in needs.
    async fn invoke(&self, command: Command, context: &dyn CallContext) -> Result<Reply, ShellError>;

    /// Checks the way to the shell, from the name to the sign-in.
    async fn examine(&self, _context: &dyn CallContext) -> Vec<Check> {
        Vec::new()
    }

    /// Who is signed in, where the shell knows: a name that Exchange finds an account by.
    fn account(&self) -> Option<String> {
        None
    }

    /// Closes the session at the server; a later command opens another.
    async fn close(&self) {}
}

/// One cmdlet with literal parameters; no pipeline, no variables, no script blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    pub cmdlet: String,
    /// By parameter name without the dash: strings, booleans, numbers, lists of these.
    pub parameters: serde_json::Map<String, Json>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// One JSON object for each object of the output stream, properties as Exchange names them.
    pub objects: Vec<Json>,
    pub warnings: Vec<String>,
    /// Session and request ids, server: kept in the journal beside the outcome.
    pub evidence: Map,
}

/// How much a failed cmdlet may have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShellErrorKind {
    /// No session, so nothing ran; why there is none.
    NoSession(RefusalKind),
    /// Nothing ran: parameter binding, an unknown cmdlet, a prompt nobody could answer, throttling.
    RefusedBeforeItRan,
    /// The cmdlet ran and answered with an error.
    Failed,
    /// The cmdlet ran, gave output, and answered with an error as well.
    FailedWithOutput,
    /// The command was sent and no answer came.
    OutcomeUnknown,
}

/// An error record of the session.
#[derive(Clone, Debug, PartialEq)]
pub struct ShellError {
    pub kind: ShellErrorKind,
    /// Full names of the exception's type and its bases, most derived first:
    /// `Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException`, … May be empty where there was no exception.
    pub exception_types: Vec<String>,
    /// `NamedParameterNotFound,New-MailUser`.
    pub error_id: String,
    /// PowerShell's `ErrorCategory` by number; Exchange adds its own from 1000 to 1012.
    pub category: i32,
    /// `ErrorCategory_Reason`: the short name of the exception's type, usually.
    pub reason: String,
    /// What it happened to: an object's name, or the parameter that could not be bound.
    pub target: String,
    /// For showing only: it is in the server's language.
    pub message: String,
    /// What a person can do, where the shell knows better than the type of the error tells.
    pub advice: Option<String>,
    /// Session and request ids, further error records.
    pub evidence: Map,
}

impl ShellError {
    /// An error that is not a record of the server: no session, or no answer.
    pub fn new(kind: ShellErrorKind, message: impl Into<String>) -> ShellError {
        ShellError {
            kind,
            exception_types: Vec::new(),
            error_id: String::new(),
            category: 0,
            reason: String::new(),
            target: String::new(),
            message: message.into(),
            advice: None,
            evidence: Map::new(),
        }
    }
}
