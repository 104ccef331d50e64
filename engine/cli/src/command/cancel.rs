//! `footbridge cancel`: stop a run for good at the next safe point; nothing is undone unless `--undo` asks for it.

use std::time::Duration;

use model::Asker;

use crate::Exit;
use crate::command::undo::{self, Consent, How};
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
    /// Then take its changes back, as `footbridge undo` does: shown, and asked for
    #[arg(long)]
    undo: bool,
    /// Undo without being asked; it still refuses where someone changed an object since
    #[arg(long, requires = "undo")]
    yes: bool,
    /// With --undo: stay while something is due within this time
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = super::duration, requires = "undo")]
    wait: Duration,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let wait = if arguments.undo { arguments.wait } else { Duration::ZERO };
    holder::with_wait(context, wait, async |engine| {
        let service = engine.service.as_ref();
        let run = run_name::find(service, &arguments.run).await?;
        service.cancel(run, Asker::new(&context.settings.by, arguments.note.as_deref())).await?;
        let followed = follow(context, service, run, Duration::ZERO).await?;
        if arguments.undo && !followed.interrupted {
            context.output.note(&format!("{run} is cancelled"));
            let consent = if arguments.yes { Consent::Yes } else { Consent::Asked };
            let how = How { consent, wait, ..How::default() };
            return undo::carry_out(context, engine, run, &how).await;
        }
        let summary = followed.loaded.summary();
        context.output.either(|| serde_json::json!(summary), |style| report::summary::text(&summary, style));
        Ok(if followed.interrupted { Exit::Interrupted } else { Exit::Ok })
    })
    .await
}
