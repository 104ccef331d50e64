//! `footbridge cancel`: stop a run for good at the next safe point; nothing is undone.

use std::time::Duration;

use crate::Exit;
use crate::context::Context;
use crate::follow::follow;
use crate::holder;
use crate::problem::Outcome;
use crate::run_name;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Its id, the beginning or the end of it, or `latest`
    run: String,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    holder::with(context, async |engine| {
        let service = engine.service.as_ref();
        let run = run_name::find(service, &arguments.run).await?;
        service.cancel(run, &context.settings.by).await?;
        let followed = follow(context, service, run, Duration::ZERO).await?;
        let summary = followed.loaded.summary();
        context.output.either(|| serde_json::json!(summary), |style| report::summary::text(&summary, style));
        Ok(if followed.interrupted { Exit::Interrupted } else { Exit::Ok })
    })
    .await
}
