//! A run in brief: what `run`, `status` and other programs read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::run_state::{GivenFile, RunState, RunStatus};
use crate::{Answer, Asker, ByHand, Doubt, Failure, Life, RunId, StepPath, Timestamp, Value};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    pub run: RunId,
    pub workflow: String,
    pub version: String,
    pub target: String,
    pub state: RunStatus,
    pub steps: Vec<StepSummary>,
    /// What only a person can check and nobody has: it is not proved.
    pub unchecked: Vec<Unchecked>,
    /// The files that persons gave with answers and decisions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<GivenFile>,
    /// Writes whose answer is lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// Who paused or cancelled it, or has asked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<Asker>,
    /// Writes that took effect and were not taken back.
    pub changes: usize,
    pub by: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// The digest of the plan.
    pub plan: Option<crate::Digest>,
    /// The hash of the last record.
    pub head: crate::Digest,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepSummary {
    pub id: StepPath,
    /// A stage's name; `blocked` behind a failed step; `waiting` while a timer or a gate holds it; `undone`
    /// when all that it wrote was taken back.
    pub state: String,
    pub since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Skipped or vouched for by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<ByHand>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unchecked {
    pub step: StepPath,
    pub question: String,
    pub ask: String,
    pub proves: String,
    /// `not asked`, or why the person could not tell.
    pub why: String,
}

impl RunSummary {
    pub fn new(state: &RunState, live: bool) -> RunSummary {
        let blocked = state.blocked();
        let steps = state
            .pairs()
            .map(|(step, one)| {
                let word = if blocked.contains(&step.path) {
                    "blocked"
                } else if one.wait.is_some() {
                    "waiting"
                } else if state.taken_back(step) {
                    "undone"
                } else {
                    one.stage.name()
                };
                let held = one.held.as_ref().map(|held| held.why.clone());
                StepSummary {
                    id: step.path.clone(),
                    state: word.to_owned(),
                    since: one.since,
                    why: one.wait.as_ref().map(|wait| wait.why.clone()).or(held),
                    failure: one.failure.clone(),
                    by_hand: one.by_hand.clone(),
                }
            })
            .collect();
        let mut unchecked: Vec<Unchecked> = state
            .unchecked()
            .into_iter()
            .map(|(step, question, answer)| Unchecked {
                step: step.clone(),
                question: question.id.clone(),
                ask: question.ask.clone(),
                proves: question.proves.clone(),
                why: match answer {
                    Some(Answer::CannotTell(why)) => why.clone(),
                    Some(Answer::So | Answer::NotSo(_)) | None => "not asked".to_owned(),
                },
            })
            .collect();
        // What the run itself looked at and could not tell is not proved either.
        for (step, one) in state.pairs().filter(|(step, _)| !state.taken_back(step)) {
            for (target, left) in &one.left {
                if let Value::CannotTell(why) = left {
                    unchecked.push(Unchecked {
                        step: step.path.clone(),
                        question: target.clone(),
                        ask: format!("Is {target} as it should be?"),
                        proves: step.title.clone(),
                        why: format!("looked, and cannot tell: {why}"),
                    });
                }
            }
        }
        RunSummary {
            run: state.id,
            workflow: state.workflow.id.clone(),
            version: state.workflow.version.clone(),
            target: state.target.clone(),
            state: state.status(live),
            steps,
            unchecked,
            files: state.files.clone(),
            doubts: Doubt::all(state, live),
            stopped_by: stopped_by(state).cloned(),
            changes: state.standing().len(),
            by: state.by.clone(),
            created: state.created,
            updated: state.updated,
            plan: state.plan.as_ref().map(|plan| plan.digest),
            head: state.head,
        }
    }
}

/// Who paused or cancelled the run or has asked to, while that holds.
pub fn stopped_by(state: &RunState) -> Option<&Asker> {
    let stopped = matches!(state.life, Life::Paused | Life::Cancelled);
    state.stopped_by.as_ref().filter(|_| stopped || state.pause_asked || state.cancel_asked)
}
