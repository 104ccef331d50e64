//! The seam to Exchange: whatever can run one cmdlet with literal parameters.

use async_trait::async_trait;
use contracts::CallContext;
use model::value::Map;
use serde_json::Value as Json;

/// Runs cmdlets: PowerShell remoting, a local shell, or the simulator.
#[async_trait]
pub trait ExchangeShell: Send + Sync {
    /// Runs one command. The context tells how long it may take and gives the secrets that a sign-in needs.
    async fn invoke(&self, command: Command, context: &dyn CallContext) -> Result<Reply, ShellError>;
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
    /// Nothing ran: parameter binding, an unknown cmdlet, a prompt nobody could answer, throttling, no connection.
    RefusedBeforeItRan,
    /// The cmdlet ran and answered with an error.
    Failed,
    /// The command was sent and no answer came.
    OutcomeUnknown,
}

/// An error record of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellError {
    /// Full type name: `Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException`.
    pub exception_type: String,
    /// `NamedParameterNotFound,New-MailUser`.
    pub error_id: String,
    /// A name of PowerShell's `ErrorCategory`: `InvalidArgument`.
    pub category: String,
    pub message: String,
    pub kind: ShellErrorKind,
}
