//! `footbridge undo`: planned from a fresh look, shown, then newest first.

use std::time::Duration;

use contracts::{UndoItem, UndoPlan, UndoVerdict};
use model::{Class, Code, Digest, Failure, RunId};
use report::undo::{Fate, Item};
use serde_json::json;

use crate::Exit;
use crate::ask;
use crate::command::run::DIGEST_LENGTH_MIN;
use crate::context::Context;
use crate::follow::{conclude, follow};
use crate::holder::{self, Engine};
use crate::problem::{Outcome, Problem};
use crate::run_name;

#[derive(clap::Args, Debug, Default)]
pub(crate) struct Arguments {
    /// Its id, the beginning or the end of it, or `latest`
    run: String,
    /// Undo whatever the plan is; it still refuses where someone changed an object since
    #[arg(long)]
    yes: bool,
    /// Undo exactly the plan with this digest, as `footbridge undo RUN` shows it; also what is only presumed to be ours
    #[arg(long, value_name = "DIGEST", conflicts_with = "yes")]
    plan: Option<String>,
    /// Stay while something is due within this time
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = super::duration)]
    wait: Duration,
}

impl Arguments {
    /// All of a run, for whoever undoes it after something else.
    pub(crate) fn whole(yes: bool, wait: Duration) -> Arguments {
        Arguments { yes, wait, ..Arguments::default() }
    }
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    holder::with_wait(context, arguments.wait, async |engine| {
        let run = run_name::find(engine.service.as_ref(), &arguments.run).await?;
        take_back(context, engine, run, &arguments).await
    })
    .await
}

/// Plans the undo, shows it, has it approved, and carries it out; `arguments` name the run no more.
pub(crate) async fn take_back(
    context: &Context,
    engine: &Engine,
    run: RunId,
    arguments: &Arguments,
) -> Outcome {
    let service = engine.service.as_ref();
    let plan = service.undo_plan(run).await?;
    let show = |style| report::undo::text(plan.run, plan.digest, &items(&plan), style);
    let read = arguments.plan.as_deref().map(|typed| the_plan(typed, &plan)).transpose()?;
    if arguments.yes || read.is_some() || context.output.can_ask() {
        if !context.output.json {
            context.output.note(&show(context.output.note_style()));
        }
    } else {
        context.output.either(|| json!({ "run": run, "undo": plan }), show);
    }
    if !arguments.yes && read.is_none() {
        if !context.output.can_ask() {
            context
                .output
                .note("nothing was undone: nobody is here to ask; `--plan DIGEST` undoes what is shown");
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
}

/// The digest that was typed must be that of the plan as it is now; its beginning will do.
fn the_plan(typed: &str, plan: &UndoPlan) -> Result<Digest, Problem> {
    let typed = typed.to_lowercase();
    if typed.len() < DIGEST_LENGTH_MIN {
        return Err(Failure::invalid(Code::Settings, format!("'{typed}' is no undo plan's digest"))
            .hint("copy it from the last line of `footbridge undo RUN`")
            .into());
    }
    if plan.digest.to_string().starts_with(&typed) {
        return Ok(plan.digest);
    }
    let message = format!("the undo plan is {} now, not {typed}", plan.digest.short());
    Err(Failure::new(Code::PlanStale, Class::Conflict, message)
        .hint("`footbridge undo RUN` shows what would be taken back now")
        .into())
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
