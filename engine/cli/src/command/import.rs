//! `footbridge import`: a run from the file that an export made, whole or not at all.

use std::io::Read;
use std::path::{Path, PathBuf};

use contracts::{Found, ImportRequest, Imported, TakeOver};
use model::{Code, Failure, Life};
use serde_json::json;

use crate::Exit;
use crate::context::Context;
use crate::holder;
use crate::load::Loaded;
use crate::problem::Outcome;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// What `footbridge export` wrote; `-` for standard input
    file: PathBuf,
    /// The run goes on here from now on, and nowhere else: the copy it came from stays at rest
    #[arg(long)]
    take_over: bool,
    /// Kept with the run where it is taken over
    #[arg(long, value_name = "TEXT", requires = "take_over")]
    note: Option<String>,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let whole = store::read_export(opened(&arguments.file)?)?;
    let run = whole.run;
    holder::with(context, async |engine| {
        let service = engine.service.as_ref();
        let take_over = if arguments.take_over { TakeOver::Yes } else { TakeOver::No };
        let by = context.settings.by.clone();
        let request = ImportRequest { whole: whole.clone(), by, take_over, note: arguments.note.clone() };
        let imported = service.import(request).await?;
        let loaded = Loaded::new(service, run).await?;
        let summary = loaded.summary();
        context.output.either(
            || {
                json!({ "run": run, "found": imported.found, "added": imported.added, "state": summary.state,
                    "head": imported.head, "target": loaded.state.target,
                    "target_missing": imported.target_missing })
            },
            |style| format!("{}\n{}", told(&imported), report::summary::text(&summary, style)),
        );
        for note in notes(&imported, &loaded.state.target) {
            context.output.note(&format!("note: {note}"));
        }
        Ok(Exit::Ok)
    })
    .await
}

fn opened(path: &Path) -> Result<Box<dyn Read>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let failed = |cause: &dyn std::fmt::Display| {
        Failure::invalid(Code::Settings, format!("the file '{}' cannot be read: {cause}", path.display()))
    };
    if path.is_dir() {
        return Err(failed(&"it is a folder"));
    }
    Ok(Box::new(std::fs::File::open(path).map_err(|cause| failed(&cause))?))
}

fn told(imported: &Imported) -> String {
    match imported.found {
        Found::Nothing => format!("imported, {} records", imported.added),
        Found::Same => "here already, the same to the last record; nothing was imported".to_owned(),
        Found::Further => "here already, and went on here since; nothing was imported".to_owned(),
        Found::Beginning => format!("here already, and taken over with {} more records", imported.added),
    }
}

/// What a person must know before the run goes on here.
fn notes(imported: &Imported, target: &str) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(why) = &imported.target_missing {
        notes.push(format!(
            "the run's target cannot be found from here ({why}); it can be looked at, and goes on once its target is there"
        ));
    }
    if target == "sim" || target.starts_with("sim:") {
        notes.push(format!(
            "the simulated world of '{target}' stays where it was; here another one stands under that name"
        ));
    }
    let goes_on = match imported.life {
        Life::Running | Life::Undoing if imported.live => Some("it goes on here by itself"),
        Life::Running | Life::Undoing => Some("`footbridge resume RUN` carries it on"),
        Life::Awaiting | Life::Paused | Life::Failed | Life::Stuck => Some("it can be carried on here"),
        Life::Succeeded | Life::Cancelled | Life::PartlyUndone | Life::Undone => None,
    };
    if let Some(goes_on) = goes_on.filter(|_| imported.added > 0) {
        notes.push(format!("{goes_on}; the copy where it came from must then stay at rest"));
    }
    notes
}
