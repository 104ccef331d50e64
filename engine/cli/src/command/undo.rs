//! `footbridge undo`: planned from a fresh look, shown, then newest first.

use std::time::Duration;

use contracts::{UndoItem, UndoPlan, UndoVerdict};
use report::undo::{Fate, Item};
use serde_json::json;

use crate::Exit;
use crate::ask;
use crate::context::Context;
use crate::follow::{conclude, follow};
use crate::holder;
use crate::problem::Outcome;
use crate::run_name;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Its id, the beginning or the end of it, or `latest`
    run: String,
    /// Undo whatever the plan is; it still refuses where someone changed an object since
    #[arg(long)]
    yes: bool,
    /// Stay while something is due within this time
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = super::duration)]
    wait: Duration,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    holder::with_wait(context, arguments.wait, async |engine| {
        let service = engine.service.as_ref();
        let run = run_name::find(service, &arguments.run).await?;
        let plan = service.undo_plan(run).await?;
        let show = |style| report::undo::text(plan.run, plan.digest, &items(&plan), style);
        if arguments.yes || context.output.can_ask() {
            if !context.output.json {
                context.output.note(&show(context.output.note_style()));
            }
        } else {
            context.output.either(|| json!({ "run": run, "undo": plan }), show);
        }
        if !arguments.yes {
            if !context.output.can_ask() {
                context
                    .output
                    .note("nothing was undone: nobody is here to ask; `--yes` undoes what is shown");
                return Ok(Exit::Waiting);
            }
            if !ask::yes("take these changes back?").await {
                context.output.note("nothing was undone");
                return Ok(Exit::Error);
            }
        }
        // `--yes` must not stand for the look that a presumed change needs from a person.
        let digest = (!arguments.yes).then_some(plan.digest);
        service.undo(run, &context.settings.by, digest).await?;
        Ok(conclude(context, &follow(context, service, run, arguments.wait).await?))
    })
    .await
}

fn items(plan: &UndoPlan) -> Vec<Item<'_>> {
    plan.items.iter().map(item).collect()
}

fn item(one: &UndoItem) -> Item<'_> {
    let fate = match &one.verdict {
        UndoVerdict::Undo => Fate::Undo,
        UndoVerdict::Covered { by } => Fate::Covered(by),
        UndoVerdict::AlreadySo => Fate::AlreadySo,
        UndoVerdict::Conflict { differences } => Fate::Conflict(differences),
        UndoVerdict::Irreversible { why } => Fate::Irreversible(why),
        UndoVerdict::Presumed => Fate::Presumed,
        UndoVerdict::CannotTell { why } => Fate::CannotTell(why),
    };
    Item { step: one.step.as_str(), target: &one.target, left: &one.left, before: &one.before, fate }
}
