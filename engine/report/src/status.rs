//! Every run, one line each.

use model::summary::RunSummary;
use serde_json::json;

use crate::summary::painted;
use crate::values::clean;
use crate::{Paint, Style, summary::status_word};

/// Newest first, as given. Says so when there is none.
pub fn text(runs: &[RunSummary], style: Style) -> String {
    if runs.is_empty() {
        return "no runs yet; `footbridge run sfb-online --target sim` makes one\n".to_owned();
    }
    let workflow_width = runs.iter().map(|run| run.workflow.len()).max().unwrap_or(0).max("workflow".len());
    let target_width =
        runs.iter().map(|run| clean(&run.target).chars().count()).max().unwrap_or(0).max("target".len());
    let head = format!(
        "{:26}  {:13}  {:workflow_width$}  {:target_width$}  {:20}  steps",
        "run", "state", "workflow", "target", "last event"
    );
    let mut text = format!("{}\n", style.quiet(&head));
    for run in runs {
        let done = run.steps.iter().filter(|step| matches!(step.state.as_str(), "done" | "skipped")).count();
        let padding = " ".repeat(13_usize.saturating_sub(status_word(run.state).len()));
        text.push_str(&format!(
            "{:26}  {}{padding}  {:workflow_width$}  {:target_width$}  {:20}  {done}/{}\n",
            run.run.to_string(),
            painted(run.state, style),
            run.workflow,
            clean(&run.target),
            run.updated.to_string(),
            run.steps.len()
        ));
        for doubt in &run.doubts {
            text.push_str(&format!("  {}\n", style.paint(Paint::Conflict, &crate::doubt::line(doubt))));
        }
    }
    text
}

/// `{"runs": [...]}`, each as `run` ends with.
pub fn json(runs: &[RunSummary]) -> serde_json::Value {
    json!({ "runs": runs })
}
