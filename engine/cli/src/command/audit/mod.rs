//! `footbridge audit secrets`: whether a secret is in anything that is kept or shown of runs.

mod found;
mod searched;
mod sources;

use audit::Scanner;
use contracts::{SecretText, Service};
use model::RunId;

use crate::Exit;
use crate::context::Context;
use crate::holder;
use crate::problem::Outcome;
use crate::run_name;
use crate::whole_run;
use found::Audit;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Look for the values of secrets, and for what is shaped like one, in everything that is kept or shown of runs
    Secrets(Secrets),
}

#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
struct Secrets {
    /// A run: its id, the beginning or the end of it, or `latest`; the store's files are looked at too
    run: Option<String>,
    /// Every run
    #[arg(long)]
    all: bool,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let What::Secrets(asked) = arguments.what;
    let files = context.opened()?.target_files;
    holder::with(context, async |engine| {
        let service = engine.service.as_ref();
        let runs = match &asked.run {
            Some(typed) => vec![run_name::find(service, typed).await?],
            None => service.runs().await?,
        };
        let mut audit = Audit::default();
        let wholes = gathered(service, &runs, &mut audit).await;
        let mut values: Vec<(String, SecretText)> = Vec::new();
        for (whole, loaded) in &wholes {
            for searched in searched::of_run(context, files.as_ref(), whole, &loaded.state) {
                audit.searched(searched, &mut values);
            }
        }
        let scanner = Scanner::new(values.iter().map(|(name, value)| (name.as_str(), value.spend())));
        for (whole, loaded) in &wholes {
            sources::run(&scanner, whole, loaded, &mut audit);
        }
        sources::folder(&scanner, &context.settings.state, &mut audit);
        context.output.either(|| audit.document(), |style| audit.text(style));
        Ok(match audit.verdict() {
            found::Verdict::Clean => Exit::Ok,
            // Not to know is no success.
            found::Verdict::Found | found::Verdict::CannotTell => Exit::Error,
        })
    })
    .await
}

/// Every run that can be read; of the others nobody can tell more than their files do.
async fn gathered(
    service: &dyn Service,
    runs: &[RunId],
    audit: &mut Audit,
) -> Vec<(contracts::WholeRun, crate::load::Loaded)> {
    let mut wholes = Vec::new();
    for run in runs {
        match whole_run::gather(service, *run).await {
            Ok(whole) => wholes.push(whole),
            Err(failure) => audit.unread(format!("run {run}"), format!("{} {failure}", failure.code)),
        }
    }
    wholes
}
