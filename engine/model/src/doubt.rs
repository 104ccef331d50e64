//! Writes whose answer is lost, each with all that is known of it and what a person may decide.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::Decision;
use crate::run_state::{Life, RunState};
use crate::step_state::{ChangeState, Progress, StepState};
use crate::{ChangeKind, RunId, StepPath, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Doubt {
    pub step: StepPath,
    /// The change's key.
    pub key: String,
    /// What the write was for: `mail_user:SfBOnline-ApplicationAccount`.
    pub object: String,
    pub kind: ChangeKind,
    /// The host function that wrote: `exchange::new_mail_user`.
    pub function: String,
    /// The request, where one write may take several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The write was to take the change back.
    pub undo: bool,
    pub sent: Option<Timestamp>,
    /// Why its answer is not known.
    pub why: String,
    /// Looks so far that found the state from before.
    pub looks: u32,
    pub settled_by: SettledBy,
    /// Empty unless a person must decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
}

/// What comes next for a write in doubt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum SettledBy {
    /// It is looked at again by itself.
    Looking {
        /// `None`: right away.
        at: Option<Timestamp>,
    },
    /// It is looked at once a process carries the run on.
    GoingOn,
    /// Looking cannot tell, and why.
    Person { cannot_tell: String },
}

/// One of the three things that a person may decide, and what it would cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    pub choice: Decision,
    /// As a command to type.
    pub command: String,
    /// In full sentences.
    pub causes: String,
}

impl Doubt {
    /// In the order of the steps. An answer that a process at work (`live`) still waits for is no doubt yet.
    pub fn all(state: &RunState, live: bool) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        for (step, one) in state.pairs() {
            for change in &one.changes {
                for undo in [false, true] {
                    doubts.extend(Doubt::of(state, &step.path, one, change, undo, live));
                }
            }
        }
        doubts
    }

    fn of(
        state: &RunState,
        step: &StepPath,
        one: &StepState,
        change: &ChangeState,
        undo: bool,
        live: bool,
    ) -> Option<Doubt> {
        let (progress, sent) =
            if undo { (&change.undo, &change.sent_back) } else { (&change.progress, &change.sent) };
        let (why, settled_by) = match progress {
            Progress::Planned | Progress::Applied(_) => return None,
            Progress::Sent { .. } if live => return None,
            Progress::Sent { .. } => {
                ("the process ended before the answer was recorded".to_owned(), SettledBy::GoingOn)
            }
            Progress::InDoubt { why, .. } => {
                let goes_on = live && matches!(state.life, Life::Running | Life::Undoing);
                let at = one.wait.as_ref().map(|wait| wait.until);
                (why.clone(), if goes_on { SettledBy::Looking { at } } else { SettledBy::GoingOn })
            }
            Progress::Asked { why } => {
                let doubt = sent.as_ref().and_then(|sent| sent.doubt.clone());
                let lost = doubt.unwrap_or_else(|| "its answer was lost".to_owned());
                (lost, SettledBy::Person { cannot_tell: why.clone() })
            }
        };
        let choices = match settled_by {
            SettledBy::Person { .. } => choices(state.id, step, change.change.kind, undo),
            SettledBy::Looking { .. } | SettledBy::GoingOn => Vec::new(),
        };
        Some(Doubt {
            step: step.clone(),
            key: change.change.key.clone(),
            object: change.change.target.clone(),
            kind: change.change.kind,
            function: sent.as_ref().map(|sent| sent.function.clone()).unwrap_or_default(),
            request: sent.as_ref().and_then(|sent| sent.request.clone()),
            undo,
            sent: sent.as_ref().map(|sent| sent.at),
            why,
            looks: sent.as_ref().map_or(0, |sent| sent.looks),
            settled_by,
            choices,
        })
    }
}

fn choices(run: RunId, step: &StepPath, kind: ChangeKind, undo: bool) -> Vec<Choice> {
    let choice = |choice: Decision, words: &str, causes: String| Choice {
        choice,
        command: format!("footbridge approve {run} {step} {words}"),
        causes,
    };
    vec![
        choice(Decision::Retry, "--retry", retry(kind, undo)),
        choice(Decision::Done, "--done --note \"how you know\"", done(undo).to_owned()),
        choice(Decision::Abort, "--abort --note \"why\"", abort(undo).to_owned()),
    ]
}

fn retry(kind: ChangeKind, undo: bool) -> String {
    let sent = match (kind, undo) {
        (ChangeKind::Run, _) => "It is sent again without a look, since an action leaves nothing to look at.",
        (_, false) => {
            "The object is looked at once more, and the write is sent again if it is as before; if it is not, the step \
             waits for your approval of what is there now."
        }
        (_, true) => {
            "The object is looked at once more, and the undo is sent again if it is as the run left it; if it is neither \
             that nor as before, the undo is stuck."
        }
    };
    let twice = match (kind, undo) {
        (ChangeKind::Create, false) | (ChangeKind::Delete, true) => {
            "there may be a second object, or the target refuses the second because the name is taken"
        }
        (ChangeKind::Delete, false) | (ChangeKind::Create, true) => {
            "the target refuses the second because nothing is left, or it removes what somebody made since under that name"
        }
        (ChangeKind::Update, _) => {
            "the same values are set twice, over whatever somebody else set between the two"
        }
        (ChangeKind::Run | ChangeKind::None | ChangeKind::Conflict | ChangeKind::Unknown, _) => {
            "the action happens a second time"
        }
    };
    format!("{sent} If the first one arrives after all, it is done twice: {twice}.")
}

fn done(undo: bool) -> &'static str {
    if undo {
        "It counts as taken back, presumed, with your note as its evidence. The undo goes on with the next change; nothing \
         is sent."
    } else {
        "It counts as done, presumed, with your note as its evidence. The run goes on, and nothing is sent; an undo will \
         ask before it takes the change back."
    }
}

fn abort(undo: bool) -> &'static str {
    if undo {
        "It counts as not taken back, and the undo is stuck until somebody starts it again. What was taken back so far \
         stays so."
    } else {
        "The step fails, and what needs it does not run. What was written stays. This write counts as not done: if it took \
         effect all the same, an undo does not know of it."
    }
}
