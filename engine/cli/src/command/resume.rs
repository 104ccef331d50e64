//! `footbridge resume`: carry a run on exactly where it stopped, or with other code.

use std::time::Duration;

use model::{Asker, Life, RunId};

use super::resume_with::{self, Other};
use crate::command::run::approved;
use crate::context::Context;
use crate::follow::{conclude, follow};
use crate::holder::{self, Engine};
use crate::load::Loaded;
use crate::problem::{Outcome, Problem};
use crate::run_name;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Its id, the beginning or the end of it, or `latest`
    run: String,
    #[command(flatten)]
    other: Other,
    /// Why; kept with the run
    #[arg(long, value_name = "WHY")]
    note: Option<String>,
    /// Stay while something is due within this time
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = super::duration)]
    wait: Duration,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    holder::with_wait(context, arguments.wait, async |engine| {
        let run = run_name::find(engine.service.as_ref(), &arguments.run).await?;
        match &arguments.other.with {
            None => carry_on(context, engine, run, arguments.note.as_deref()).await?,
            Some(with) => {
                let asker = Asker::new(&context.settings.by, arguments.note.as_deref());
                let shown = resume_with::perform(context, engine, run, with, &arguments.other, asker).await?;
                if let Some(exit) = shown {
                    return Ok(exit);
                }
            }
        }
        Ok(conclude(context, &follow(context, engine.service.as_ref(), run, arguments.wait).await?))
    })
    .await
}

async fn carry_on(context: &Context, engine: &Engine, run: RunId, note: Option<&str>) -> Result<(), Problem> {
    let loaded = Loaded::new(engine.service.as_ref(), run).await?;
    if loaded.state.life == Life::Awaiting {
        approved(context, engine, run).await?;
    } else if loaded.live {
        context.output.note("another process carries it on already; following");
    } else {
        engine.service.resume(run, Asker::new(&context.settings.by, note)).await?;
    }
    Ok(())
}
