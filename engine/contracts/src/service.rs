//! Everything a front end may ask of the engine. The command line uses it in process or over the holder's socket.

use async_trait::async_trait;
use model::event::Decision;
use model::refine::Difference;
use model::value::Map;
use model::{
    Answer, Asker, Attachment, Comparison, Digest, Failure, Intervention, Pinned, Plan, Record, RunId,
    StepPath, Workflow,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ImportRequest, Imported, UndoPlan, UndoRequest, UndoWanted, WireRequest};

#[async_trait]
pub trait Service: Send + Sync {
    /// Looks and plans; writes nothing, not even a run.
    async fn plan(&self, request: PlanRequest) -> Result<PlanReply, Failure>;

    /// Plans again, and makes a run of it. Fails with `PlanStale` when a digest was asked for and is not met.
    async fn start(&self, request: StartRequest) -> Result<RunId, Failure>;

    /// Carries a run on: one that was interrupted, paused or failed, or one that waits.
    async fn resume(&self, run: RunId, asker: Asker) -> Result<(), Failure>;

    /// What going on with another version of its workflow would mean for a run, and the plan of what would remain; writes
    /// nothing.
    async fn repin_plan(&self, run: RunId, request: RepinRequest) -> Result<RepinPlan, Failure>;

    /// Pins the run to another version of its workflow and has it go on, or wait for the approval of what remains.
    async fn repin(&self, run: RunId, request: RepinRequest) -> Result<(), Failure>;

    /// Approves the plan, a held step, answers a form, or decides a change nobody can tell about.
    async fn approve(&self, run: RunId, request: ApproveRequest) -> Result<(), Failure>;

    /// Stops at the next safe point, to be resumed.
    async fn pause(&self, run: RunId, asker: Asker) -> Result<(), Failure>;

    /// Stops at the next safe point; undoes nothing.
    async fn cancel(&self, run: RunId, asker: Asker) -> Result<(), Failure>;

    /// Retries, skips or vouches for one step. A paused run stays paused; a failed one goes on.
    async fn intervene(&self, run: RunId, request: InterveneRequest) -> Result<(), Failure>;

    /// Looks, and says what undo would do; writes nothing.
    async fn undo_plan(&self, run: RunId, wanted: UndoWanted) -> Result<UndoPlan, Failure>;

    /// Starts the undo whose digest was shown.
    async fn undo(&self, run: RunId, request: UndoRequest) -> Result<(), Failure>;

    /// Read-only: is the world still as the run left it?
    async fn verify(&self, run: RunId) -> Result<DriftReport, Failure>;

    /// Every run, newest first.
    async fn runs(&self) -> Result<Vec<RunId>, Failure>;

    /// The run's records from `from` on. With `wait_ms` above zero, answers when there is at least one, when the run
    /// rests, or when the time is up.
    async fn history(&self, run: RunId, from: u32, wait_ms: u64) -> Result<History, Failure>;

    /// Keeps a file that a person gives, at most [`Attachment::BYTES_MAX`] bytes; durable when it answers. An approval
    /// may then name it.
    async fn keep(&self, bytes: Vec<u8>) -> Result<Digest, Failure>;

    /// What is kept beside the journal under a digest: a given file or a pinned workflow. `None` when nothing is.
    async fn kept(&self, digest: Digest) -> Result<Option<Vec<u8>>, Failure>;

    /// Takes a run in whole that another store gave out: all of it or nothing. One that is here already, as far as it
    /// goes, is left as it is; one that differs is refused.
    async fn import(&self, request: ImportRequest) -> Result<Imported, Failure>;

    /// Every workflow that a run is or was pinned to: what folding its records takes.
    async fn pinned(&self, run: RunId) -> Result<Pinned, Failure>;
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlanRequest {
    pub workflow: Workflow,
    pub target: String,
    /// Checked against the workflow's parameters; defaults are filled in.
    pub params: Map,
    /// Also dry-run `apply` and say what would be sent.
    pub commands: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlanReply {
    pub plan: Plan,
    /// Empty unless asked for.
    pub commands: Vec<StepCommands>,
}

/// What one change would send.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StepCommands {
    pub step: StepPath,
    pub key: String,
    pub requests: Vec<WireRequest>,
    /// Why they cannot be said before the run, when they cannot: "known after application_account.guid".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StartRequest {
    pub workflow: Workflow,
    pub target: String,
    pub params: Map,
    pub by: String,
    pub approve: ApproveMode,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RepinRequest {
    pub workflow: Workflow,
    /// Values that the run does not have yet: of parameters that are new.
    pub params: Map,
    pub by: String,
    pub note: Option<String>,
    /// Of the plan of what remains; the approval of the old plan ends with it.
    pub approve: ApproveMode,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RepinPlan {
    pub run: RunId,
    pub comparison: Comparison,
    /// What remains, from a fresh look.
    pub plan: Plan,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApproveMode {
    /// The run waits until a person approves.
    Wait,
    /// Whatever the plan is, and what becomes known later; never what moved since.
    Yes,
    /// Exactly this plan.
    Digest(Digest),
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ApproveRequest {
    pub by: String,
    /// `None`: the run's plan, or else every step that waits for an approval.
    pub step: Option<StepPath>,
    /// The digest that was shown; a plan or a held step with another digest is refused.
    pub digest: Option<Digest>,
    pub answers: Vec<Answered>,
    /// For a change in doubt that looking could not settle.
    pub choice: Option<Decision>,
    pub note: Option<String>,
    /// Files that go with the answers or the decision, each kept already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attachment>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InterveneRequest {
    pub step: StepPath,
    pub intervention: Intervention,
    /// Why, or for a step that is vouched for how it is known; needed but for a retry.
    pub asker: Asker,
    /// Files that show it, each kept already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attachment>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answered {
    pub question: String,
    pub answer: Answer,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DriftReport {
    pub run: RunId,
    pub drifts: Vec<Drift>,
    /// Steps that could not be looked at, and why.
    pub cannot_tell: Vec<(StepPath, String)>,
    /// How many objects were compared.
    pub compared: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    pub step: StepPath,
    pub difference: Difference,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct History {
    pub records: Vec<Record>,
    /// Whether a process is carrying the run on right now.
    pub live: bool,
}
