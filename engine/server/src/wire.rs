//! The bodies that travel, one shape a method, and the limits on them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contracts::{ApproveRequest, InterveneRequest, RepinRequest, UndoRequest, UndoWanted};
use model::{Asker, Code, Digest, Failure, RunId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::caller::{Access, Role};

/// A pinned workflow with all its scripts fits many times over, and a given file as base64.
const WORKFLOW_BYTES_MAX: usize = 32 * 1024 * 1024;
/// A run's id, and a few words of a person.
const WORDS_BYTES_MAX: usize = 1024 * 1024;
/// A long history in one piece.
pub(crate) const REPLY_BYTES_MAX: usize = 512 * 1024 * 1024;
/// One question waits at most this long for news; whoever wants to wait longer asks again.
pub(crate) const WAIT_MS_MAX: u64 = 30_000;

/// Every route there is: `POST /v1/<name>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Plan,
    Start,
    Resume,
    Approve,
    Pause,
    Cancel,
    Intervene,
    RepinPlan,
    Repin,
    UndoPlan,
    Undo,
    Verify,
    Runs,
    History,
    Keep,
    Kept,
    Pinned,
    Import,
}

impl Route {
    pub(crate) const ALL: [Route; 18] = [
        Route::Plan,
        Route::Start,
        Route::Resume,
        Route::Approve,
        Route::Pause,
        Route::Cancel,
        Route::Intervene,
        Route::RepinPlan,
        Route::Repin,
        Route::UndoPlan,
        Route::Undo,
        Route::Verify,
        Route::Runs,
        Route::History,
        Route::Keep,
        Route::Kept,
        Route::Pinned,
        Route::Import,
    ];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Route::Plan => "/v1/plan",
            Route::Start => "/v1/start",
            Route::Resume => "/v1/resume",
            Route::Approve => "/v1/approve",
            Route::Pause => "/v1/pause",
            Route::Cancel => "/v1/cancel",
            Route::Intervene => "/v1/intervene",
            Route::RepinPlan => "/v1/repin_plan",
            Route::Repin => "/v1/repin",
            Route::UndoPlan => "/v1/undo_plan",
            Route::Undo => "/v1/undo",
            Route::Verify => "/v1/verify",
            Route::Runs => "/v1/runs",
            Route::History => "/v1/history",
            Route::Keep => "/v1/keep",
            Route::Kept => "/v1/kept",
            Route::Pinned => "/v1/pinned",
            Route::Import => "/v1/import",
        }
    }

    /// How long a request may be: as long as what it carries can be, and no longer.
    pub(crate) fn request_bytes_max(self) -> usize {
        match self {
            // A whole run is as long as its history.
            Route::Import => REPLY_BYTES_MAX,
            Route::Plan | Route::Start | Route::RepinPlan | Route::Repin | Route::Keep => WORKFLOW_BYTES_MAX,
            Route::Resume
            | Route::Approve
            | Route::Intervene
            | Route::Pause
            | Route::Cancel
            | Route::UndoPlan
            | Route::Undo
            | Route::Verify
            | Route::Runs
            | Route::History
            | Route::Kept
            | Route::Pinned => WORDS_BYTES_MAX,
        }
    }

    pub(crate) fn access(self) -> Access {
        match self {
            Route::Runs | Route::History | Route::Kept | Route::Pinned => Access::Roles(&[Role::Read]),
            Route::Resume | Route::Pause | Route::Cancel | Route::UndoPlan | Route::Verify => {
                Access::Roles(&[Role::Operate])
            }
            Route::Approve | Route::Keep => Access::Roles(&[Role::Approve]),
            // They bring scripts that look at the target. Starting as approved wants the role that approves too.
            Route::Plan | Route::Start | Route::RepinPlan => Access::Roles(&[Role::Start]),
            // The approval of the old plan ends with it, so that a run under way stops.
            Route::Repin => Access::Roles(&[Role::Start, Role::Operate]),
            // Who steps in at one step vouches for it.
            Route::Intervene => Access::Roles(&[Role::Operate, Role::Approve]),
            // Who starts an undo has read its plan, and approves it with that.
            Route::Undo => Access::Roles(&[Role::Operate, Role::Approve]),
            // A run that comes from elsewhere names the file of its target, and brings approvals in anybody's name along.
            Route::Import => Access::Owner,
        }
    }

    pub(crate) fn of_path(path: &str) -> Option<Route> {
        Route::ALL.into_iter().find(|route| route.path() == path)
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct OfRun {
    pub(crate) run: RunId,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct OfRunBy {
    pub(crate) run: RunId,
    #[serde(flatten)]
    pub(crate) asker: Asker,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Approve {
    pub(crate) run: RunId,
    pub(crate) request: ApproveRequest,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Intervene {
    pub(crate) run: RunId,
    pub(crate) request: InterveneRequest,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PlanOfUndo {
    pub(crate) run: RunId,
    pub(crate) wanted: UndoWanted,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Repin {
    pub(crate) run: RunId,
    pub(crate) request: RepinRequest,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Undo {
    pub(crate) run: RunId,
    pub(crate) request: UndoRequest,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct HistoryFrom {
    pub(crate) run: RunId,
    pub(crate) from: u32,
    pub(crate) wait_ms: u64,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct OfDigest {
    pub(crate) digest: Digest,
}

/// Bytes as JSON can carry them.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Bytes {
    base64: String,
}

impl Bytes {
    pub(crate) fn new(bytes: &[u8]) -> Bytes {
        Bytes { base64: STANDARD.encode(bytes) }
    }

    pub(crate) fn read(&self) -> Result<Vec<u8>, Failure> {
        STANDARD.decode(&self.base64).map_err(|cause| {
            Failure::invalid(Code::Holder, format!("the bytes that were sent are no base64: {cause}"))
                .hint("both ends must be the same footbridge version")
        })
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
}
