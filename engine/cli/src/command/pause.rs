//! `footbridge pause`: stop a run at the next safe point, to be resumed.

use std::time::Duration;

use model::Asker;

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
    /// Why; kept with the run
    #[arg(long, value_name = "WHY")]
    note: Option<String>,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    holder::with(context, async |engine| {
        let service = engine.service.as_ref();
        let run = run_name::find(service, &arguments.run).await?;
        service.pause(run, Asker::new(&context.settings.by, arguments.note.as_deref())).await?;
        let followed = follow(context, service, run, Duration::ZERO).await?;
        let summary = followed.loaded.summary();
        context.output.either(|| serde_json::json!(summary), |style| report::summary::text(&summary, style));
        Ok(if followed.interrupted { Exit::Interrupted } else { Exit::Ok })
    })
    .await
}
