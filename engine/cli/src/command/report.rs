//! `footbridge report`: a run told for people.

use std::io::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;
use report::dossier::Dossier;

use crate::Exit;
use crate::context::Context;
use crate::holder;
use crate::load::Loaded;
use crate::new_file::{self, Existing};
use crate::problem::Outcome;
use crate::run_name;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Html,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Its id, the beginning or the end of it, or `latest`
    run: String,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write it there instead of to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file where it is there already
    #[arg(long, requires = "output")]
    force: bool,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    holder::with(context, async |engine| {
        let service = engine.service.as_ref();
        let run = run_name::find(service, &arguments.run).await?;
        let loaded = Loaded::new(service, run).await?;
        let dossier = Dossier::new(&loaded.state, &loaded.records, loaded.live);
        let told = |style| {
            if context.output.json {
                return format!("{:#}\n", serde_json::json!(dossier));
            }
            match arguments.format {
                Format::Text => dossier.text(style),
                Format::Markdown => dossier.markdown(),
                Format::Html => dossier.html(),
            }
        };
        match &arguments.output {
            Some(path) => {
                let existing = if arguments.force { Existing::Replaced } else { Existing::Kept };
                let told = told(report::Style::Plain);
                new_file::write(path, existing, |out| out.write_all(told.as_bytes()))?;
                context.output.note(&format!("written to {}", path.display()));
            }
            None => context.output.data(&told(context.output.data_style())),
        }
        Ok(Exit::Ok)
    })
    .await
}
