//! `footbridge status`: every run, or one.

use crate::Exit;
use crate::context::Context;
use crate::holder;
use crate::load::Loaded;
use crate::problem::Outcome;
use crate::run_name;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Its id, the beginning or the end of it, or `latest`; without it all runs
    run: Option<String>,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    holder::with(context, async |engine| {
        let service = engine.service.as_ref();
        if let Some(typed) = &arguments.run {
            let run = run_name::find(service, typed).await?;
            let summary = Loaded::new(service, run).await?.summary();
            context.output.either(
                || report::status::json(std::slice::from_ref(&summary)),
                |style| report::summary::text(&summary, style),
            );
            return Ok(Exit::Ok);
        }
        let mut runs = Vec::new();
        let mut unreadable = None;
        for run in service.runs().await? {
            match Loaded::new(service, run).await {
                Ok(loaded) => runs.push(loaded.summary()),
                // One damaged run must not hide the others.
                Err(failure) => {
                    context.output.note(&format!("{run} cannot be read: {} {failure}", failure.code));
                    unreadable = Some(failure);
                }
            }
        }
        context.output.either(|| report::status::json(&runs), |style| report::status::text(&runs, style));
        unreadable.map_or(Ok(Exit::Ok), |failure| Err(failure.into()))
    })
    .await
}
