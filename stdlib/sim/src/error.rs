//! What the simulator's calls can answer instead of a result: a cmdlet's error record, or a world that cannot be had.

use std::path::PathBuf;

use serde::Serialize;

/// How much a failed cmdlet may have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ErrorKind {
    /// Nothing ran: binding failed, the cmdlet is not there, a prompt could not be answered, the session was throttled.
    RefusedBeforeItRan,
    /// The cmdlet ran, answered with an error and changed nothing.
    Failed,
    /// No answer came (time-out, cut connection): the change may or may not have happened.
    OutcomeUnknown,
}

/// An error record as a PowerShell session hands it over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{message}")]
pub struct CmdletError {
    /// Full type name of the exception, e.g. `Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException`.
    pub exception_type: String,
    /// e.g. `NamedParameterNotFound,New-MailUser`.
    pub fully_qualified_error_id: String,
    /// Name in PowerShell's `ErrorCategory`, e.g. `InvalidArgument`.
    pub category: &'static str,
    /// Its number there, e.g. 5.
    pub category_number: i32,
    pub message: String,
    /// What the record says it was about; empty when it says nothing.
    pub target: String,
    pub kind: ErrorKind,
}

/// Members of `System.Management.Automation.ErrorCategory` that are used here, with their numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Category {
    NotSpecified,
    InvalidArgument,
    InvalidOperation,
    ObjectNotFound,
    OperationTimeout,
    ParserError,
    ConnectionError,
    LimitsExceeded,
}

impl Category {
    const fn name_and_number(self) -> (&'static str, i32) {
        match self {
            Self::NotSpecified => ("NotSpecified", 0),
            Self::InvalidArgument => ("InvalidArgument", 5),
            Self::InvalidOperation => ("InvalidOperation", 7),
            Self::ObjectNotFound => ("ObjectNotFound", 13),
            Self::OperationTimeout => ("OperationTimeout", 15),
            Self::ParserError => ("ParserError", 17),
            Self::ConnectionError => ("ConnectionError", 27),
            Self::LimitsExceeded => ("LimitsExceeded", 29),
        }
    }
}

impl CmdletError {
    pub(crate) fn new(
        kind: ErrorKind,
        category: Category,
        exception_type: &str,
        error_id: String,
        message: String,
    ) -> Self {
        let (category, category_number) = category.name_and_number();
        Self {
            exception_type: exception_type.to_owned(),
            fully_qualified_error_id: error_id,
            category,
            category_number,
            message,
            target: String::new(),
            kind,
        }
    }

    /// An error that PowerShell's parameter binder raises, before the cmdlet runs.
    pub(crate) fn binding(cmdlet: &str, error_id: &str, parameter: &str, message: String) -> Self {
        let mut error = Self::new(
            ErrorKind::RefusedBeforeItRan,
            Category::InvalidArgument,
            "System.Management.Automation.ParameterBindingException",
            format!("{error_id},{cmdlet}"),
            message,
        );
        parameter.clone_into(&mut error.target);
        error
    }

    /// An error that the Exchange cmdlet itself raises. The error id carries the failure category as Exchange's do.
    pub(crate) fn exchange(cmdlet: &str, exception: &str, message: String) -> Self {
        let short = exception.rsplit('.').next().unwrap_or(exception);
        let mark = &crate::identifier::guid(&[cmdlet, exception, &message])[..8];
        let error_id = format!("[Server=SIM] [FailureCategory=Cmdlet-{short}] {mark},{cmdlet}");
        Self::new(ErrorKind::Failed, Category::NotSpecified, exception, error_id, message)
    }

    pub(crate) fn about(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }
}

/// Why a world cannot be made, opened, kept or acted upon.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    #[error("open the world {path}: another process holds it")]
    Held { path: PathBuf },
    #[error("read the world {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("write the world {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("read the world {path}: not a world this program wrote: {reason}")]
    Malformed { path: PathBuf, reason: String },
    #[error("read the world {path}: it has format {found}, this program knows {known}")]
    Format { path: PathBuf, found: u64, known: u64 },
    #[error("build the world: {0}")]
    Spec(String),
    #[error("act as the other administrator: {0}")]
    Action(String),
}

impl WorldError {
    /// A stable code for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Held { .. } => "sim-world-held",
            Self::Read { .. } => "sim-world-unreadable",
            Self::Write { .. } => "sim-world-unwritable",
            Self::Malformed { .. } => "sim-world-malformed",
            Self::Format { .. } => "sim-world-format",
            Self::Spec(_) => "sim-spec-invalid",
            Self::Action(_) => "sim-action-failed",
        }
    }
}
