//! What concerns a run as a whole: who approved what, which versions of its workflow it was pinned to, what persons asked for.

use model::event::Event;
use model::undo::Choice;
use model::{Digest, Gate, Plan, Record, Repin, RunState, StepOutlook, Timestamp, UndoEntry, UndoScope};

use super::{Approval, Moment, PlanPart, PlannedPart, Undo, UndoLine, Version};
use crate::logs::told;

/// An answer that a person gave afterwards does not move the end.
pub(super) fn end(records: &[Record]) -> Option<Timestamp> {
    let last = records.iter().rev().find(|record| {
        matches!(
            record.event,
            Event::Finished { .. } | Event::Cancelled | Event::UndoFinished | Event::UndoneInPart
        )
    });
    last.map(|record| record.at)
}

/// In the order they were made: one, unless a person had the run go on with other code.
pub(super) fn plans(records: &[Record]) -> Vec<PlanPart> {
    let made = |record: &Record| match &record.event {
        Event::Planned { plan } => {
            Some(PlanPart { at: record.at, digest: plan.digest, steps: planned(plan) })
        }
        _ => None,
    };
    records.iter().filter_map(made).collect()
}

fn planned(plan: &Plan) -> Vec<PlannedPart> {
    plan.steps
        .iter()
        .map(|step| PlannedPart {
            step: step.step.clone(),
            outlook: match &step.outlook {
                StepOutlook::Changes => "changes".to_owned(),
                StepOutlook::Done => "done before this plan".to_owned(),
                StepOutlook::AlreadySo => "already so".to_owned(),
                StepOutlook::Skipped => "skipped".to_owned(),
                StepOutlook::KnownAfter { origin } => format!("known after {origin}"),
                StepOutlook::Conflict => "conflict".to_owned(),
                StepOutlook::CannotTell { why } => format!("cannot tell: {why}"),
                StepOutlook::Failed { failure } => format!("failed: {} {}", failure.code, failure.message),
            },
            changes: step.changes.clone(),
        })
        .collect()
}

pub(super) fn approvals(records: &[Record]) -> Vec<Approval> {
    records.iter().filter_map(approval).collect()
}

fn approval(record: &Record) -> Option<Approval> {
    let approval = |by: &String, what: String, digest: Option<Digest>, note: Option<&String>| {
        Some(Approval { at: record.at, by: by.clone(), what, digest, note: note.cloned() })
    };
    match &record.event {
        Event::Approved { digest, by, note } => {
            approval(by, "the plan of the run".into(), Some(*digest), note.as_ref())
        }
        Event::StepApproved { step, digest, by, note } => {
            approval(by, format!("the plan of step {step}"), Some(*digest), note.as_ref())
        }
        Event::FormAnswered { step, question, by, note, .. } if question == Gate::APPROVAL => {
            approval(by, format!("the start of step {step}"), None, note.as_ref())
        }
        Event::UndoStarted { by, digest, scope, note, .. } => {
            approval(by, format!("the undo of {}", part(scope)), Some(*digest), note.as_ref())
        }
        _ => None,
    }
}

fn part(scope: &UndoScope) -> String {
    match scope {
        UndoScope::All => "the whole run".to_owned(),
        UndoScope::To(step) => format!("everything after step {step}"),
        UndoScope::Only(step) => format!("step {step} alone"),
    }
}

pub(super) fn deeds(records: &[Record]) -> Vec<Moment> {
    records.iter().filter(|record| is_deed(&record.event)).map(moment).collect()
}

fn is_deed(event: &Event) -> bool {
    matches!(
        event,
        Event::Resumed { .. }
            | Event::Repinned(_)
            | Event::PauseAsked { .. }
            | Event::Paused
            | Event::CancelAsked { .. }
            | Event::Cancelled
            | Event::Finished { .. }
            | Event::UndoStarted { .. }
            | Event::UndoStuck { .. }
            | Event::UndoFinished
            | Event::UndoneInPart
            | Event::TakenOver { .. }
            | Event::PinSet { .. }
    )
}

pub(super) fn moment(record: &Record) -> Moment {
    let files = match &record.event {
        Event::Decided { files, .. }
        | Event::FormAnswered { files, .. }
        | Event::Intervened { files, .. } => files.clone(),
        _ => Vec::new(),
    };
    Moment { at: record.at, sequence: record.sequence, told: told(&record.event), files }
}

/// The first one and each that a person had the run go on with.
pub(super) fn versions(records: &[Record]) -> Vec<Version> {
    records.iter().filter_map(version).collect()
}

fn version(record: &Record) -> Option<Version> {
    let version =
        |workflow: &Digest, version: &String, by: &String, differs: String, note: Option<&String>| {
            Some(Version {
                at: record.at,
                by: by.clone(),
                version: version.clone(),
                workflow: *workflow,
                differs,
                note: note.cloned(),
            })
        };
    match &record.event {
        Event::RunCreated { workflow, version: first, by, .. } => {
            version(workflow, first, by, "the run began with it".to_owned(), None)
        }
        Event::Repinned(repin) => {
            version(&repin.workflow, &repin.version, &repin.by, differs(repin), repin.note.as_ref())
        }
        _ => None,
    }
}

fn differs(repin: &Repin) -> String {
    let moved = repin.moved.iter().map(|(new, old)| format!("{old} goes on as {new}"));
    let changed = repin.changed.iter().map(|step| format!("{step} begins again"));
    let told: Vec<String> = moved.chain(changed).collect();
    if told.is_empty() { "no step begins again".to_owned() } else { told.join("; ") }
}

/// `None` for `object`: the change is of a step that is no longer there.
pub(super) fn undos(state: &RunState, records: &[Record]) -> Vec<Undo> {
    let object = |entry: &UndoEntry| {
        let (_, one) = state.step(&entry.step)?;
        let change = one.changes.iter().find(|change| change.change.key == entry.key)?;
        Some(change.change.target.clone())
    };
    let undo = |record: &Record| match &record.event {
        Event::UndoStarted { by, digest, entries, scope, note } => Some(Undo {
            at: record.at,
            by: by.clone(),
            part: part(scope),
            digest: *digest,
            note: note.clone(),
            lines: entries
                .iter()
                .map(|entry| UndoLine {
                    step: entry.step.clone(),
                    key: entry.key.clone(),
                    object: object(entry),
                    decided: decided(entry, by),
                    choice: entry.choice,
                })
                .collect(),
        }),
        _ => None,
    };
    records.iter().filter_map(undo).collect()
}

fn decided(entry: &UndoEntry, by: &str) -> String {
    match (entry.choice, &entry.left) {
        (Some(Choice::Leave), _) => format!("left as it is, so {by} decided"),
        (Some(Choice::Overrule), _) => {
            format!("to be taken back over what someone changed since, so {by} decided")
        }
        (None, Some(why)) => format!("left: {why}"),
        (None, None) => "to be taken back".to_owned(),
    }
}
