//! How a run stands or ended, and what only a person can still check.

use model::Asker;
use model::run_state::{GivenFile, RunStatus};
use model::summary::{RunSummary, StepSummary};

use crate::values::{clean, counted};
use crate::{Paint, Style};

/// The word that `--json` and the tables use.
pub fn status_word(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed => "failed",
        RunStatus::Waiting => "waiting",
        RunStatus::InDoubt => "in-doubt",
        RunStatus::Stuck => "stuck",
        RunStatus::Cancelled => "cancelled",
        RunStatus::Undone => "undone",
        RunStatus::PartlyUndone => "partly-undone",
        RunStatus::Running => "running",
        RunStatus::Paused => "paused",
        RunStatus::Undoing => "undoing",
        RunStatus::Interrupted => "interrupted",
    }
}

pub(crate) fn painted(status: RunStatus, style: Style) -> String {
    let paint = match status {
        RunStatus::Succeeded | RunStatus::Undone | RunStatus::PartlyUndone => Paint::Good,
        RunStatus::Failed | RunStatus::Stuck | RunStatus::InDoubt => Paint::Conflict,
        RunStatus::Waiting | RunStatus::Paused | RunStatus::Interrupted | RunStatus::Cancelled => {
            Paint::Update
        }
        RunStatus::Running | RunStatus::Undoing => Paint::Strong,
    };
    style.paint(paint, status_word(status))
}

pub fn text(summary: &RunSummary, style: Style) -> String {
    let mut text = format!(
        "{} {} of {} {} on {}\n",
        style.strong(&summary.run.to_string()),
        painted(summary.state, style),
        summary.workflow,
        summary.version,
        clean(&summary.target)
    );
    if let Some(asker) = &summary.stopped_by {
        text.push_str(&format!("{}\n", stopped(summary.state, asker)));
    }
    let width = summary.steps.iter().map(|step| step.id.as_str().len()).max().unwrap_or(0);
    for step in &summary.steps {
        text.push_str(&step_line(step, width, style));
    }
    text.push_str(&crate::doubt::text(&summary.doubts, style));
    for given in &summary.files {
        text.push_str(&format!("  {}\n", given_line(given)));
    }
    text.push_str(&format!(
        "{} in effect; by {}, since {}, last event {}\n",
        counted(summary.changes, "change", "changes"),
        clean(&summary.by),
        summary.created,
        summary.updated
    ));
    text.push_str(&format!("{}\n", style.quiet(&format!("journal head {}", summary.head))));
    // Before the end nobody can have checked, and of what was taken back nothing is left to check.
    if matches!(summary.state, RunStatus::Succeeded | RunStatus::Failed) {
        text.push_str(&unchecked(summary, style));
    }
    text
}

/// `paused by ann: the window is over`
pub(crate) fn stopped(state: RunStatus, asker: &Asker) -> String {
    let asked = clean(&asker.told());
    match state {
        RunStatus::Paused => format!("paused by {asked}"),
        RunStatus::Cancelled => format!("cancelled by {asked}"),
        RunStatus::Succeeded
        | RunStatus::Failed
        | RunStatus::Waiting
        | RunStatus::InDoubt
        | RunStatus::Stuck
        | RunStatus::Undone
        | RunStatus::PartlyUndone
        | RunStatus::Running
        | RunStatus::Undoing
        | RunStatus::Interrupted => format!("asked to stop by {asked}"),
    }
}

/// A file that a person gave: what it is to show, its name, and enough of its digest to know it again.
pub(crate) fn given_line(given: &GivenFile) -> String {
    let (size, digest) = (counted(given.file.bytes as usize, "byte", "bytes"), given.file.digest.short());
    format!("{} of {}: file {} ({size}, {digest})", clean(&given.about), given.step, clean(&given.file.name))
}

fn step_line(step: &StepSummary, width: usize, style: Style) -> String {
    let (sign, paint) = match step.state.as_str() {
        "done" => ("✓", Paint::Good),
        "failed" => ("✗", Paint::Conflict),
        "skipped" | "blocked" | "pending" | "undone" => ("·", Paint::Quiet),
        _ => ("…", Paint::Update),
    };
    let mut line = format!("  {} {:width$}  {}", style.paint(paint, sign), step.id.as_str(), step.state);
    if let Some(by_hand) = &step.by_hand {
        line.push_str(&format!(" ({})", clean(&by_hand.told())));
    }
    if let Some(why) = &step.why {
        line.push_str(&format!(": {}", clean(why)));
    }
    line.push('\n');
    if let Some(failure) = &step.failure {
        line.push_str(&format!("      {} {}\n", failure.code, clean(&failure.message)));
        if let Some(place) = &failure.place {
            line.push_str(&format!("      at {}:{}:{}\n", place.file, place.line, place.column));
        }
        if let Some(hint) = &failure.hint {
            line.push_str(&format!("      {}\n", style.quiet(&clean(hint))));
        }
    }
    line
}

/// The questions nobody answered, each with the command that answers it. Empty when there is none.
pub fn unchecked(summary: &RunSummary, style: Style) -> String {
    if summary.unchecked.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", style.strong("only a person can check, and nobody has:"));
    for one in &summary.unchecked {
        text.push_str(&format!(
            "  {} {}\n      proves: {} ({})\n      {}\n",
            style.paint(Paint::Unknown, "?"),
            clean(&one.ask),
            clean(&one.proves),
            clean(&one.why),
            style.quiet(&format!(
                "footbridge approve {} {} --answer {}=yes|no|cannot-tell",
                summary.run, one.step, one.question
            )),
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{run, workflow};

    #[test]
    fn a_summary_lists_steps_and_what_nobody_checked() {
        let mut flow = workflow(&[("a", &[])]);
        flow.steps[0].gate = Some(model::Gate {
            form: vec![model::workflow::Question {
                id: "presence".into(),
                ask: "Is presence shown?".into(),
                proves: "presence".into(),
                required: false,
            }],
            ..model::Gate::default()
        });
        let mut summary = RunSummary::new(&run(flow, vec![]), false);
        let waiting = text(&summary, Style::Plain);
        let run = summary.run;
        assert!(
            waiting.starts_with(&format!("{run} waiting of w 1.0.0 on sim\n  · a  pending\n")),
            "{waiting}"
        );
        assert!(!waiting.contains("--answer"));
        let json = serde_json::to_value(&summary).expect("json");
        assert_eq!(json["state"], "waiting");
        summary.state = RunStatus::Succeeded;
        let text = text(&summary, Style::Plain);
        assert!(text.contains(&format!("footbridge approve {run} a --answer presence=yes|no|cannot-tell")));
        for state in [RunStatus::InDoubt, RunStatus::Interrupted] {
            assert_eq!(serde_json::json!(state), status_word(state));
        }
    }
}
