//! `footbridge logs`: what happened in a run, and with `-f` what goes on happening.

use model::{Code, Doubt};
use report::standing::{Standing, standing};

use crate::Exit;
use crate::context::Context;
use crate::holder;
use crate::load::Loaded;
use crate::problem::Outcome;
use crate::run_name;

/// How long one question waits for news.
const NEWS_MS: u64 = 10_000;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Its id, the beginning or the end of it, or `latest`
    run: String,
    /// Stay until the run rests
    #[arg(short, long)]
    follow: bool,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    holder::with(context, async |engine| {
        let service = engine.service.as_ref();
        let run = run_name::find(service, &arguments.run).await?;
        let mut loaded = Loaded::new(service, run).await?;
        print(context, &loaded.records);
        while arguments.follow && loaded.live && standing(&loaded.state) != Standing::Rests {
            match loaded.update(service, NEWS_MS).await {
                Err(failure) if failure.code == Code::Holder => {
                    let seen = loaded.records.len();
                    loaded = holder::look_again(context, run).await?;
                    print(context, &loaded.records[seen.min(loaded.records.len())..]);
                }
                news => print(context, &news?),
            }
        }
        // The lines tell what happened; what is still to be decided is said where it does not mix with them.
        let doubts = Doubt::all(&loaded.state, loaded.live);
        if !context.output.json && !doubts.is_empty() {
            context.output.note(&report::doubt::text(&doubts, context.output.note_style()));
        }
        Ok(Exit::Ok)
    })
    .await
}

fn print(context: &Context, records: &[model::Record]) {
    let output = context.output;
    for record in records {
        if output.json {
            output.data(&format!("{}\n", report::logs::json_line(record)));
        } else {
            output.data(&format!("{}\n", report::logs::line(record, output.data_style())));
        }
    }
}
