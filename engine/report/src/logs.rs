//! A run's history, one line a record.

use model::event::Event;
use model::{Applied, Attachment, Choice, Gate, Intervention, Ownership, Record};

use crate::Style;
use crate::values::{clean, counted, shown};

pub fn line(record: &Record, style: Style) -> String {
    format!("{} {:>4}  {}", style.quiet(&record.at.to_string()), record.sequence, clean(&told(&record.event)))
}

/// One line of JSON: the record as it is kept, its time also readable as `time`.
pub fn json_line(record: &Record) -> String {
    let mut row = serde_json::json!(record);
    row["time"] = record.at.to_string().into();
    row.to_string()
}

/// One event in a person's words.
pub fn told(event: &Event) -> String {
    let back = |undo: &bool| if *undo { "undo of " } else { "" };
    let noted = |note: &Option<String>| note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    match event {
        Event::RunCreated { workflow_id, version, target, by, .. } => {
            format!("run of {workflow_id} {version} on {target} created by {by}")
        }
        Event::Planned { plan } => {
            let writes =
                plan.steps.iter().flat_map(|step| &step.changes).filter(|change| change.writes()).count();
            format!("planned: {}, digest {}", counted(writes, "change", "changes"), plan.digest.short())
        }
        Event::Approved { digest, by, note } => {
            format!("plan {} approved by {by}{}", digest.short(), noted(note))
        }
        Event::StepReady { step, .. } => format!("{step}: ready"),
        Event::StepSkipped { step } => format!("{step}: skipped, its `when` is false"),
        Event::GatePassed { step, by, note } => match by {
            Some(by) => format!("{step}: gate passed by {by}{}", noted(note)),
            None => format!("{step}: gate passed"),
        },
        Event::FormAnswered { step, question, by, note, .. } if question == Gate::APPROVAL => {
            format!("{step}: approved by {by}{}", noted(note))
        }
        Event::FormAnswered { step, question, answer, by, note, files } => {
            let answer = match answer {
                model::Answer::So => "so".to_owned(),
                model::Answer::NotSo(why) => format!("not so: {why}"),
                model::Answer::CannotTell(why) => format!("cannot tell: {why}"),
            };
            format!("{step}: {by} answered {question}: {answer}{}{}", noted(note), with_files(files))
        }
        Event::StepPlanned { step, changes, already } => {
            format!("{step}: {}, {} already so", counted(changes.len(), "change", "changes"), already.len())
        }
        Event::StepHeld { step, why, digest, .. } => {
            format!("{step}: held, waits for an approval of {}: {why}", digest.short())
        }
        Event::StepApproved { step, digest, by, note } => {
            format!("{step}: {} approved by {by}{}", digest.short(), noted(note))
        }
        Event::Waits { step, until, why } => format!("{step}: waits until {until}: {why}"),
        Event::Retries { step, until, attempt, failure } => {
            format!(
                "{step}: attempt {attempt} failed, again at {until}: {} {}",
                failure.code, failure.message
            )
        }
        Event::Woke { step } => format!("{step}: woke"),
        Event::Refreshed { step } => format!("{step}: looked again, outputs still hold"),
        Event::Intent { step, key, function, attempt, undo, .. } => {
            let again = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
            format!("{step}: {}{key}: about to call {function}{again}", back(undo))
        }
        Event::Sending { step, key, request, undo, .. } => {
            format!("{step}: {}{key}: about to send {request}", back(undo))
        }
        Event::Outcome { step, key, applied, undo } => {
            format!("{step}: {}{key}: done{}", back(undo), owned(applied))
        }
        Event::NotDone { step, key, failure, undo } => {
            format!("{step}: {}{key}: not done: {} {}", back(undo), failure.code, failure.message)
        }
        Event::Doubted { step, key, why, undo } => format!("{step}: {}{key}: in doubt: {why}", back(undo)),
        Event::LookedInVain { step, key, until, undo } => {
            format!("{step}: {}{key}: looked, no effect seen so far; looks again at {until}", back(undo))
        }
        Event::Settled { step, key, took_effect, undo, .. } => {
            let verdict = if *took_effect { "it took effect" } else { "it did not take effect" };
            format!("{step}: {}{key}: settled by looking: {verdict}", back(undo))
        }
        Event::Asked { step, key, why, undo } => {
            format!("{step}: {}{key}: only a person can tell: {why}", back(undo))
        }
        Event::Decided { step, key, decision, by, note, files, undo } => {
            let decision = match decision {
                model::event::Decision::Retry => "send it again",
                model::event::Decision::Done => "it is done",
                model::event::Decision::Abort => "give it up",
            };
            format!(
                "{step}: {}{key}: {by} decided: {decision}{}{}",
                back(undo),
                noted(note),
                with_files(files)
            )
        }
        Event::StepDone { step, outputs, .. } => {
            let names: Vec<String> =
                outputs.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
            if names.is_empty() {
                format!("{step}: done")
            } else {
                format!("{step}: done, {}", names.join(", "))
            }
        }
        Event::StepFailed { step, failure } => {
            format!("{step}: failed: {} {}", failure.code, failure.message)
        }
        Event::PinSet { module, name, value } => format!("{module} pinned {name} to {}", shown(value)),
        Event::Resumed { by, retry_failed, note } => {
            let failed = if *retry_failed { "; failed steps start again" } else { "" };
            format!("taken up by {by}{failed}{}", noted(note))
        }
        Event::Repinned(repin) => {
            format!(
                "goes on with version {}, {}, by {}{}",
                repin.version,
                repin.workflow.short(),
                repin.by,
                noted(&repin.note)
            )
        }
        Event::TakenOver { by, note } => {
            format!("brought here by {by} from another store; the copy there must not go on{}", noted(note))
        }
        Event::Intervened { step, intervention, by, note, files } => {
            let what = match intervention {
                Intervention::Retry => "started again by",
                Intervention::Skip => "skipped by",
                Intervention::Done => "vouched for by",
            };
            format!("{step}: {what} {by}{}{}", noted(note), with_files(files))
        }
        Event::PauseAsked { by, note } => format!("{by} asked to pause{}", noted(note)),
        Event::Paused => "paused at a safe point".to_owned(),
        Event::CancelAsked { by, note } => format!("{by} asked to cancel{}", noted(note)),
        Event::Cancelled => "cancelled; nothing was undone".to_owned(),
        Event::Finished { succeeded: true } => "succeeded".to_owned(),
        Event::Finished { succeeded: false } => "failed; nothing was undone".to_owned(),
        Event::UndoStarted { by, digest, entries, scope, note } => {
            let count = entries.iter().filter(|entry| entry.left.is_none()).count();
            let decided: Vec<String> = entries
                .iter()
                .filter_map(|entry| {
                    let word = match entry.choice? {
                        Choice::Leave => "left as it is",
                        Choice::Overrule => "overruled",
                    };
                    Some(format!("; {}/{} {word}", entry.step, entry.key))
                })
                .collect();
            let why = note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
            format!(
                "undo{} of {} started by {by}, digest {}{}{why}",
                scope.flag(),
                counted(count, "change", "changes"),
                digest.short(),
                decided.concat()
            )
        }
        Event::UndoStuck { step, key, failure } => {
            format!("{step}: undo of {key} is stuck: {} {}", failure.code, failure.message)
        }
        Event::UndoFinished => "undone".to_owned(),
        Event::UndoneInPart => "undone in part; what stands can be taken back too".to_owned(),
    }
}

/// Each file with the beginning of its digest, so that it can be told from another of that name.
fn with_files(files: &[Attachment]) -> String {
    let mut text = String::new();
    for file in files {
        text.push_str(&format!(", with {} ({})", file.name, file.digest.short()));
    }
    text
}

fn owned(applied: &Applied) -> &'static str {
    match applied.ownership {
        Ownership::Ours => "",
        Ownership::Adopted => ", it was there before",
        Ownership::Presumed => ", presumed: its answer was lost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Digest, Timestamp};

    #[test]
    fn a_record_is_one_line_both_ways() {
        let event = Event::Waits { step: "a".into(), until: Timestamp(60_000), why: "two\nlines".into() };
        let record = Record::new(3, Timestamp(0), Digest::default(), event);
        let text = line(&record, Style::Plain);
        assert_eq!(text, "1970-01-01T00:00:00Z    3  a: waits until 1970-01-01T00:01:00Z: two\u{fffd}lines");
        let json = json_line(&record);
        assert!(!json.contains('\n') && json.contains("\"time\":\"1970-01-01T00:00:00Z\""));
    }
}
