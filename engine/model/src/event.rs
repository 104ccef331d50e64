//! What happened to a run: closed, versioned, self-describing on disk; and the hash-chained record that carries it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::change::Applied;
use crate::refine::Difference;
use crate::value::Map;
use crate::{
    Answer, Attachment, Binding, Change, Digest, Failure, Intervention, Plan, Repin, RunId, StepPath,
    Timestamp, UndoEntry, UndoScope, Value,
};

/// The version new records are written with. Old ones stay readable for ever.
pub const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    pub version: u32,
    /// From 0, without gaps.
    pub sequence: u32,
    pub at: Timestamp,
    /// The hash of the record before; all zeros for the first.
    pub previous: Digest,
    pub event: Event,
    /// SHA-256 over version, sequence, time, `previous` and the canonical JSON of the event.
    pub hash: Digest,
}

impl Record {
    pub fn new(sequence: u32, at: Timestamp, previous: Digest, event: Event) -> Record {
        let hash = Record::compute_hash(VERSION, sequence, at, previous, &event);
        Record { version: VERSION, sequence, at, previous, event, hash }
    }

    /// Whether the record is whole and follows `previous`.
    pub fn follows(&self, previous: Digest) -> bool {
        self.previous == previous
            && self.hash
                == Record::compute_hash(self.version, self.sequence, self.at, self.previous, &self.event)
    }

    fn compute_hash(version: u32, sequence: u32, at: Timestamp, previous: Digest, event: &Event) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(version.to_be_bytes());
        hasher.update(sequence.to_be_bytes());
        hasher.update(at.0.to_be_bytes());
        hasher.update(previous.as_bytes());
        hasher.update(crate::canonical::canonical(event));
        Digest::from_bytes(hasher.finalize().into())
    }
}

/// The sequence of the first record whose hash does not hold, if any.
pub fn first_break(records: &[Record]) -> Option<u32> {
    let mut previous = Digest::default();
    for (index, record) in records.iter().enumerate() {
        if record.sequence as usize != index || !record.follows(previous) {
            return Some(record.sequence);
        }
        previous = record.hash;
    }
    None
}

/// The digests of the workflows that a run is or was pinned to, in order: whoever folds the records needs them.
pub fn pins(records: &[Record]) -> impl Iterator<Item = Digest> {
    records.iter().filter_map(|record| record.event.pins())
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    RunCreated {
        run: RunId,
        /// The pinned workflow, kept beside the journal under this digest of its bytes.
        workflow: Digest,
        workflow_id: String,
        version: String,
        target: String,
        params: Map,
        by: String,
        /// Steps whose plan becomes known later need no approval of their own.
        approves_later: bool,
        /// Absent where the name alone is enough: the simulator's own targets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        binding: Option<Binding>,
    },
    Planned {
        plan: Plan,
    },
    Approved {
        digest: Digest,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// `when` is true and the inputs are evaluated; never again in this run.
    StepReady {
        step: StepPath,
        with: Map,
    },
    StepSkipped {
        step: StepPath,
    },
    GatePassed {
        step: StepPath,
        by: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    FormAnswered {
        step: StepPath,
        question: String,
        answer: Answer,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// What shows it: kept beside the journal, each under its digest.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Attachment>,
    },
    /// The step's own plan, a refinement of what was approved.
    StepPlanned {
        step: StepPath,
        changes: Vec<Change>,
        already: Map,
    },
    /// The step's plan is not covered by an approval: it moved, or is known only now.
    StepHeld {
        step: StepPath,
        changes: Vec<Change>,
        differences: Vec<Difference>,
        digest: Digest,
        why: String,
    },
    StepApproved {
        step: StepPath,
        digest: Digest,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A phase said `not_yet`.
    Waits {
        step: StepPath,
        until: Timestamp,
        why: String,
    },
    /// A transient failure, tried again at `until`.
    Retries {
        step: StepPath,
        until: Timestamp,
        attempt: u32,
        failure: Failure,
    },
    Woke {
        step: StepPath,
    },
    /// The step's outputs were looked at again and still hold.
    Refreshed {
        step: StepPath,
    },
    /// On disk before the write is sent.
    Intent {
        step: StepPath,
        key: String,
        attempt: u32,
        function: String,
        arguments: Map,
        settle_ms: u64,
        undo: bool,
    },
    /// On disk before one request of a write that may take several is sent: the second goes out only after a definite
    /// refusal of the first.
    Sending {
        step: StepPath,
        key: String,
        /// As a person would type or trace it: `PATCH https://graph.microsoft.com/v1.0/servicePrincipals/…`.
        request: String,
        /// What the request was computed from, such as the hashes of the keys that were there.
        facts: Map,
        undo: bool,
    },
    Outcome {
        step: StepPath,
        key: String,
        applied: Applied,
        undo: bool,
    },
    /// Definitely not done: never sent, or refused.
    NotDone {
        step: StepPath,
        key: String,
        failure: Failure,
        undo: bool,
    },
    /// Sent, and the answer was lost.
    Doubted {
        step: StepPath,
        key: String,
        why: String,
        undo: bool,
    },
    /// Looked for a lost write, found the state from before; will look again.
    LookedInVain {
        step: StepPath,
        key: String,
        until: Timestamp,
        undo: bool,
    },
    /// Looking settled it.
    Settled {
        step: StepPath,
        key: String,
        took_effect: bool,
        now: Value,
        undo: bool,
    },
    /// Looking cannot settle it; a person must.
    Asked {
        step: StepPath,
        key: String,
        why: String,
        undo: bool,
    },
    Decided {
        step: StepPath,
        key: String,
        decision: Decision,
        by: String,
        note: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Attachment>,
        undo: bool,
    },
    StepDone {
        step: StepPath,
        outputs: Map,
        /// The objects as the step left them.
        left: Map,
    },
    StepFailed {
        step: StepPath,
        failure: Failure,
    },
    PinSet {
        module: String,
        name: String,
        value: Value,
    },
    /// A process takes the run up; what was sent and not answered is in doubt, what failed starts again.
    Resumed {
        by: String,
        /// Failed steps start again: a person asked. A process that merely takes up a run leaves them.
        retry_failed: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A person steps in at one step.
    Intervened {
        step: StepPath,
        intervention: Intervention,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// What shows it: kept beside the journal, each under its digest.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Attachment>,
    },
    /// A person had the run go on with another version of its workflow.
    Repinned(Repin),
    /// The run came from another store and goes on here; the copy it was made from must not.
    TakenOver {
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    PauseAsked {
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    Paused,
    CancelAsked {
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    Cancelled,
    Finished {
        succeeded: bool,
    },
    UndoStarted {
        by: String,
        digest: Digest,
        entries: Vec<UndoEntry>,
        #[serde(default, skip_serializing_if = "UndoScope::is_all")]
        scope: UndoScope,
        /// Why, where a person decided about an entry.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    UndoStuck {
        step: StepPath,
        key: String,
        failure: Failure,
    },
    UndoFinished,
    /// The undo is done; changes stand that another undo can take back.
    UndoneInPart,
}

/// Whether this version knows a type of event: one of a later version is no damage.
pub fn is_known(name: &str) -> bool {
    let tag = serde::de::value::MapDeserializer::<_, Misread>::new([("type", name)].into_iter());
    Event::deserialize(tag) != Err(Misread::Type)
}

/// Why an event of nothing but its type cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no event")]
enum Misread {
    Type,
    Fields,
}

impl serde::de::Error for Misread {
    fn custom<T: std::fmt::Display>(_: T) -> Misread {
        Misread::Fields
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Misread {
        Misread::Type
    }
}

impl Event {
    /// The workflow that the run is pinned to from here on, where the event says so.
    pub fn pins(&self) -> Option<Digest> {
        if let Event::RunCreated { workflow, .. } | Event::Repinned(Repin { workflow, .. }) = self {
            return Some(*workflow);
        }
        None
    }
}

/// What a person decided about a change that looking could not settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Retry,
    Done,
    Abort,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_later_versions_are_told_from_damage() {
        for (name, expected) in [("run_created", true), ("paused", true), ("sung", false), ("", false)] {
            assert_eq!(is_known(name), expected, "{name}");
        }
    }

    #[test]
    fn a_changed_record_is_noticed() {
        let first = Record::new(0, Timestamp(1), Digest::default(), Event::Paused);
        let second = Record::new(1, Timestamp(2), first.hash, Event::Cancelled);
        assert_eq!(first_break(&[first.clone(), second.clone()]), None);
        let mut forged = second.clone();
        forged.at = Timestamp(3);
        assert_eq!(first_break(&[first.clone(), forged]), Some(1));
        assert_eq!(first_break(&[second]), Some(1));
        let text = serde_json::to_string(&first).expect("json");
        assert_eq!(serde_json::from_str::<Record>(&text).expect("back"), first);
    }
}
