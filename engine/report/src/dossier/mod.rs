//! Everything a reader of a run wants to know, gathered once from its records: the report in its three forms and the
//! visible part of an evidence file are written from it.

mod compose;
mod gather;
mod history;
mod step_card;
#[cfg(test)]
mod tests;

use model::summary::RunSummary;
use model::undo::Choice;
use model::value::Map;
use model::{Attachment, Change, Digest, RunState, StepPath, Timestamp, Workflow};
use serde::Serialize;

use crate::Style;
use crate::document::{self, Block};
use crate::values::Row;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dossier {
    #[serde(flatten)]
    pub summary: RunSummary,
    pub title: String,
    /// The document that the workflow implements.
    pub source: Option<String>,
    /// Of the pinned workflow, as it is kept.
    pub workflow_digest: Digest,
    /// The layers that it was resolved from, weakest first.
    pub layers: Vec<String>,
    /// What the target's name stood for.
    pub target_is: Option<String>,
    pub params: Map,
    /// When it came to rest for good; none while it may still go on.
    pub ended: Option<Timestamp>,
    /// The versions of the workflow that it was pinned to, the present one last.
    pub versions: Vec<Version>,
    pub plans: Vec<PlanPart>,
    pub approvals: Vec<Approval>,
    pub parts: Vec<StepPart>,
    pub undos: Vec<Undo>,
    /// Who asked for what besides: pauses, resumptions, the end, the undo.
    pub deeds: Vec<Moment>,
    pub records: Vec<Link>,
    #[serde(skip)]
    drawing: String,
}

/// One plan of the run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanPart {
    pub at: Timestamp,
    pub digest: Digest,
    pub steps: Vec<PlannedPart>,
}

/// One step in a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedPart {
    pub step: StepPath,
    pub outlook: String,
    pub changes: Vec<Change>,
}

/// Who let what happen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Approval {
    pub at: Timestamp,
    pub by: String,
    pub what: String,
    /// Of what was shown; none where there is only a gate to open.
    pub digest: Option<Digest>,
    pub note: Option<String>,
}

/// A version of the workflow, and who had the run go on with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Version {
    pub at: Timestamp,
    pub by: String,
    pub version: String,
    pub workflow: Digest,
    /// What became of the steps.
    pub differs: String,
    pub note: Option<String>,
}

/// One undo that a person asked for, and what was decided about each change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Undo {
    pub at: Timestamp,
    pub by: String,
    /// `the whole run`, or which part of it.
    pub part: String,
    pub digest: Digest,
    pub note: Option<String>,
    pub lines: Vec<UndoLine>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UndoLine {
    pub step: StepPath,
    pub key: String,
    /// None where the change is no longer the step's.
    pub object: Option<String>,
    pub decided: String,
    /// What a person decided about a conflict.
    pub choice: Option<Choice>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepPart {
    pub step: StepPath,
    pub title: String,
    pub state: String,
    /// Who stepped in, and why: `vouched for by ann: seen in the portal`.
    pub by_hand: Option<String>,
    pub why: Option<String>,
    pub script: String,
    pub origin: String,
    pub with: Map,
    pub objects: Vec<ObjectPart>,
    /// The objects that were as wanted from the start.
    pub already: Vec<String>,
    pub answers: Vec<AnswerPart>,
    /// When it was seen that the step's objects are as wanted; none where there was nothing to look at.
    pub verified: Option<Timestamp>,
    /// What the step left unproved, by object.
    pub cannot_tell: Vec<(String, String)>,
    pub outputs: Map,
    /// What could not be done, waited for or tried again.
    pub trouble: Vec<Moment>,
}

/// One object that a step changed or was to change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObjectPart {
    pub target: String,
    pub rows: Vec<Row>,
    pub standing: Standing,
    pub writes: Vec<WritePart>,
}

/// How far the "after" of an object is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was looked at after the last write and found so.
    Verified,
    /// Written, not looked at again.
    Written,
    /// Not all that was planned is in effect: not written, or taken back.
    Partly,
    /// Nothing was written.
    Planned,
    /// Written and taken back.
    TakenBack,
    /// Nobody can tell whether it was written.
    InDoubt,
}

/// One write and what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WritePart {
    pub key: String,
    pub summary: Option<String>,
    pub fate: Fate,
    /// The host function, where it came to a call.
    pub function: Option<String>,
    /// Request ids, domain controller and the like, as `name: value`.
    pub evidence: Vec<(String, String)>,
    /// Lost answers, refusals, what looking found and what persons decided, with why.
    pub doubts: Vec<Moment>,
    pub trail: Vec<Moment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    Done,
    /// It was there before.
    Adopted,
    /// Its answer was lost; looking found it done.
    Settled,
    /// A person says that it is done.
    Decided,
    NotDone,
    InDoubt,
    TakenBack,
    /// The object that it was made to was taken back.
    Covered,
    /// Its undo was asked for and is not done.
    UndoOpen,
}

/// What a person said to a question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnswerPart {
    pub at: Timestamp,
    pub by: String,
    pub question: String,
    pub ask: String,
    pub proves: String,
    pub answer: model::Answer,
    pub note: Option<String>,
    pub files: Vec<Attachment>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    pub at: Timestamp,
    pub sequence: u32,
    pub told: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attachment>,
}

/// One record of the hash chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Link {
    pub at: Timestamp,
    pub sequence: u32,
    pub told: String,
    pub hash: Digest,
}

/// A given picture that a reader can be shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) digest: Digest,
    pub(crate) media_type: &'static str,
    pub(crate) base64: String,
}

impl Dossier {
    /// `live`: a process is carrying the run on right now.
    pub fn new(state: &RunState, records: &[model::Record], live: bool) -> Dossier {
        gather::dossier(state, records, live)
    }

    pub fn text(&self, style: Style) -> String {
        document::text(&compose::document(self, &[]), style).trim_start_matches('\n').to_owned()
    }

    pub fn markdown(&self) -> String {
        document::markdown(&compose::document(self, &[]))
    }

    /// A page of its own, without the records that prove it.
    pub fn html(&self) -> String {
        compose::page(self, &compose::document(self, &[]), "")
    }

    /// The page of an evidence file: with given pictures, how to check it, and `data` at its end.
    pub(crate) fn evidence_page(&self, pictures: &[Shown], data: &str) -> String {
        let mut blocks: Vec<Block> = compose::document(self, pictures);
        blocks.extend(compose::proof(self));
        compose::page(self, &blocks, data)
    }
}

fn drawing(workflow: &Workflow, summary: &RunSummary) -> String {
    crate::picture::of_run(workflow, summary)
}
