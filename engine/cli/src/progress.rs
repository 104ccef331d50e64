//! A run as it goes on: a line a step that is redrawn on a terminal, a line an event elsewhere. On stderr.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::summary::RunSummary;
use model::time::format_duration;
use model::{Event, Record, Timestamp};

use crate::load::Loaded;
use crate::output::Output;

pub(crate) enum Progress {
    Lines(Output),
    Bars { bars: Vec<ProgressBar>, all: MultiProgress, output: Output },
}

impl Progress {
    pub(crate) fn new(output: Output, loaded: &Loaded) -> Progress {
        if !output.can_redraw() || output.json {
            return Progress::Lines(output);
        }
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let bars = loaded
            .state
            .workflow
            .steps
            .iter()
            .map(|step| {
                let bar = all.add(ProgressBar::new_spinner());
                bar.set_style(working());
                bar.set_prefix(step.path.to_string());
                bar
            })
            .collect();
        Progress::Bars { bars, all, output }
    }

    pub(crate) fn events(&self, records: &[Record]) {
        match self {
            Progress::Lines(output) => {
                for record in records {
                    output.note(&report::logs::line(record, output.note_style()));
                }
            }
            Progress::Bars { .. } => {}
        }
        // Whoever approves may want to keep what an evidence file is verified with later.
        for record in records {
            if matches!(record.event, Event::Approved { .. } | Event::StepApproved { .. }) {
                self.say(&format!("journal head with this approval: {}", record.hash));
            }
        }
    }

    pub(crate) fn state(&self, summary: &RunSummary, now: Timestamp) {
        let Progress::Bars { bars, .. } = self else { return };
        for (bar, step) in bars.iter().zip(&summary.steps) {
            if bar.is_finished() && step.state != "failed" {
                continue;
            }
            let since = format_duration(Duration::from_secs(now.since(step.since).as_secs()));
            let why = step.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            match step.state.as_str() {
                "done" | "skipped" => finish(bar, "✓", &step.state),
                "failed" => {
                    let failure = step.failure.as_ref().map(|one| format!("failed: {}", one.message));
                    finish(bar, "✗", &failure.unwrap_or_else(|| step.state.clone()));
                }
                "pending" | "blocked" => bar.set_message(step.state.clone()),
                word => {
                    bar.enable_steady_tick(Duration::from_millis(120));
                    bar.set_message(format!("{word} since {since}{why}"));
                }
            }
        }
    }

    /// Says something above the bars.
    pub(crate) fn say(&self, text: &str) {
        match self {
            Progress::Lines(output) => output.note(text),
            Progress::Bars { all, output, .. } => {
                if all.println(text).is_err() {
                    output.note(text);
                }
            }
        }
    }

    /// Leaves the last picture; the summary that follows says the same with more words, so it is wiped.
    pub(crate) fn end(&self) {
        if let Progress::Bars { bars, all, .. } = self {
            for bar in bars {
                bar.disable_steady_tick();
            }
            // A terminal that cannot be cleared keeps its lines; nothing is lost.
            let _ = all.clear();
        }
    }
}

fn finish(bar: &ProgressBar, sign: &str, message: &str) {
    bar.set_style(ended(sign));
    bar.disable_steady_tick();
    bar.finish_with_message(message.to_owned());
}

fn working() -> ProgressStyle {
    ProgressStyle::with_template("  {spinner} {prefix:22} {wide_msg}").expect("the template is written here")
}

fn ended(sign: &str) -> ProgressStyle {
    ProgressStyle::with_template(&format!("  {sign} {{prefix:22}} {{wide_msg}}"))
        .expect("the template is written here")
}
