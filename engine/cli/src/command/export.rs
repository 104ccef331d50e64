//! `footbridge export`: a run in one file, to be kept or to be imported elsewhere.

use std::path::{Path, PathBuf};

use model::{Class, Code, Failure};
use serde_json::json;

use crate::Exit;
use crate::context::Context;
use crate::holder;
use crate::new_file::{self, Existing};
use crate::problem::Outcome;
use crate::run_name;
use crate::whole_run;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Its id, the beginning or the end of it, or `latest`
    run: String,
    /// Where to; `-` for standard output
    file: PathBuf,
    /// Replace the file where it is there already
    #[arg(long)]
    force: bool,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    holder::with(context, async |engine| {
        let service = engine.service.as_ref();
        let run = run_name::find(service, &arguments.run).await?;
        let (whole, loaded) = whole_run::gather(service, run).await?;
        let (records, files, head) = (whole.records.len(), whole.payloads.len(), whole.head());
        let told = |bytes: u64| {
            let kept = if files == 1 { "file" } else { "files" };
            format!("run {run}: {records} records, {files} kept {kept}, {bytes} bytes; head {head}")
        };
        let output = context.output;
        if arguments.file == Path::new("-") {
            let bytes = store::write_export(&whole, &mut std::io::stdout().lock()).map_err(|cause| {
                Failure::new(Code::FileWrite, Class::Denied, format!("standard output was closed: {cause}"))
            })?;
            output.note(&told(bytes));
        } else {
            let existing = if arguments.force { Existing::Replaced } else { Existing::Kept };
            let bytes = new_file::write(&arguments.file, existing, |out| store::write_export(&whole, out))?;
            let file = arguments.file.display().to_string();
            output.either(
                || json!({ "run": run, "file": file, "records": records, "kept_files": files, "bytes": bytes, "head": head }),
                |_| format!("{}\nwritten to {file}\n", told(bytes)),
            );
        }
        if !loaded.state.life.rests() {
            output.note(
                "note: the run is under way; the file holds what happened until now, and the run goes on here",
            );
        }
        Ok(Exit::Ok)
    })
    .await
}
