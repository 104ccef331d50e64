//! The one table of exit codes: from an error's code, and from the state a run is left in.

use std::process::ExitCode;

use model::Code;
use model::run_state::RunStatus;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    Ok = 0,
    Error = 1,
    /// A plan with changes, or drift.
    Changes = 2,
    Usage = 3,
    CheckFailed = 4,
    Denied = 5,
    Waiting = 6,
    InDoubt = 7,
    Stale = 8,
    Locked = 9,
    VerifyFailed = 10,
    Stuck = 11,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

impl Exit {
    pub fn of_code(code: Code) -> Exit {
        match code {
            Code::ManifestSyntax
            | Code::ManifestKey
            | Code::ManifestValue
            | Code::ManifestCycle
            | Code::ManifestNeeds
            | Code::ManifestStep
            | Code::ManifestExpression
            | Code::ManifestReserved
            | Code::Layer
            | Code::Case
            | Code::Functions
            | Code::ScriptSyntax
            | Code::ScriptRule => Exit::CheckFailed,
            Code::WorkflowUnknown
            | Code::ParameterUnknown
            | Code::ParameterValue
            | Code::ParameterMissing
            | Code::RunUnknown
            | Code::TargetUnknown
            | Code::TargetFile
            | Code::Settings
            | Code::Listen => Exit::Usage,
            Code::Approval | Code::UndoPolicy | Code::Access => Exit::Denied,
            Code::InDoubt | Code::ExchangeInDoubt | Code::GraphInDoubt | Code::OwnInDoubt => Exit::InDoubt,
            Code::PlanStale | Code::UndoConflict => Exit::Stale,
            Code::StoreHeld | Code::Holder => Exit::Locked,
            Code::VerifyFailed | Code::EvidenceAltered => Exit::VerifyFailed,
            Code::Stuck => Exit::Stuck,
            Code::Interrupted => Exit::Interrupted,
            Code::ScriptError
            | Code::ScriptLimit
            | Code::ScriptResult
            | Code::PlanConflict
            | Code::WriteRefused
            | Code::Argument
            | Code::FunctionUnknown
            | Code::CannotTell
            | Code::RunState
            | Code::Repin
            | Code::WantedAgain
            | Code::Deadline
            | Code::Timeout
            | Code::Aborted
            | Code::Internal
            | Code::Cancelled
            | Code::StepState
            | Code::Vouched
            | Code::UndoNeeded
            | Code::StoreCorrupt
            | Code::StoreNewer
            | Code::StoreForeign
            | Code::StoreIo
            | Code::HistoryBroken
            | Code::ExportFile
            | Code::RunDiffers
            | Code::ExchangeTransient
            | Code::ExchangeExists
            | Code::ExchangeNotFound
            | Code::ExchangeDenied
            | Code::ExchangeInvalid
            | Code::ExchangeDomainController
            | Code::ExchangeConnection
            | Code::ExchangeSignIn
            | Code::ExchangeProtocol
            | Code::GraphTransient
            | Code::GraphNotFound
            | Code::GraphDenied
            | Code::GraphInvalid
            | Code::GraphConflict
            | Code::TenantMismatch
            | Code::KeyNotKept
            | Code::SignIn
            | Code::GraphConnection
            | Code::GraphPaging
            | Code::Certificate
            | Code::Trace
            | Code::EvidenceFile
            | Code::SigningKey
            | Code::Secret
            | Code::SecretFound
            | Code::Challenge
            | Code::FileWrite
            | Code::OwnProgram
            | Code::OwnFunction
            | Code::OwnProgramChanged
            | Code::Simulator => Exit::Error,
        }
    }

    /// `failures`: the codes of the steps that failed.
    pub fn of_run(status: RunStatus, failures: &[Code]) -> Exit {
        match status {
            RunStatus::Succeeded | RunStatus::Undone | RunStatus::PartlyUndone => Exit::Ok,
            RunStatus::Failed => failures.first().map_or(Exit::Error, |code| Exit::of_code(*code)),
            RunStatus::Waiting
            | RunStatus::Running
            | RunStatus::Undoing
            | RunStatus::Paused
            | RunStatus::Interrupted => Exit::Waiting,
            RunStatus::InDoubt => Exit::InDoubt,
            RunStatus::Stuck => Exit::Stuck,
            RunStatus::Cancelled => Exit::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_guide_holds() {
        for (code, expected) in [
            (Code::ManifestCycle, 4),
            (Code::WorkflowUnknown, 3),
            (Code::Settings, 3),
            (Code::Approval, 5),
            (Code::InDoubt, 7),
            (Code::PlanStale, 8),
            (Code::StoreHeld, 9),
            (Code::VerifyFailed, 10),
            (Code::Stuck, 11),
            (Code::Interrupted, 130),
            (Code::Internal, 1),
        ] {
            assert_eq!(Exit::of_code(code) as u8, expected, "{code}");
        }
        assert_eq!(Exit::of_run(RunStatus::Failed, &[Code::VerifyFailed]), Exit::VerifyFailed);
        assert_eq!(Exit::of_run(RunStatus::Waiting, &[]), Exit::Waiting);
        assert!(Code::ALL.iter().all(|code| Exit::of_code(*code) != Exit::Ok));
    }
}
