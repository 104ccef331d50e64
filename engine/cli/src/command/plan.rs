//! `footbridge plan`: look, and say what a run would change. Nothing is written.

use contracts::{PlanReply, PlanRequest, StepCommands};
use model::{Failure, StepOutlook};
use report::commands::{Commands, Request};
use serde_json::json;

use crate::Exit;
use crate::arguments::Given;
use crate::context::Context;
use crate::holder;
use crate::problem::Outcome;
use crate::resolve;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    given: Given,
    /// Which organisation and tenant: sim, sim:NAME, the NAME of a target file, or its path
    #[arg(long)]
    target: String,
    /// Also show the exact cmdlets and HTTP requests
    #[arg(long)]
    commands: bool,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let (workflow, params) = resolve::given(context, &arguments.given)?;
    let target = resolve::target(context, &arguments.target)?.reference;
    let request = PlanRequest { workflow, target, params, commands: arguments.commands };
    holder::with(context, async |engine| {
        let reply = engine.service.plan(request).await?;
        let commands = commands(&reply);
        context.output.either(
            || {
                let mut document = report::plan::json(&reply.plan);
                if arguments.commands {
                    document["commands"] = json!(commands);
                }
                document
            },
            |style| {
                let mut text = report::plan::text(&reply.plan, style);
                if arguments.commands {
                    text.push('\n');
                    text.push_str(&report::commands::text(&commands, style));
                }
                text
            },
        );
        Ok(exit(&reply))
    })
    .await
}

/// Steps that stand in the way count before changes: such a plan cannot be run.
fn exit(reply: &PlanReply) -> Exit {
    let failed = reply.plan.steps.iter().find_map(|step| match &step.outlook {
        StepOutlook::Failed { failure } => Some(failure),
        StepOutlook::Changes
        | StepOutlook::AlreadySo
        | StepOutlook::Done
        | StepOutlook::Skipped
        | StepOutlook::KnownAfter { .. }
        | StepOutlook::Conflict
        | StepOutlook::CannotTell { .. } => None,
    });
    match failed {
        Some(Failure { code, .. }) => Exit::of_code(*code),
        None if !reply.plan.obstacles().is_empty() => Exit::Error,
        None if reply.plan.has_changes() => Exit::Changes,
        None => Exit::Ok,
    }
}

fn commands(reply: &PlanReply) -> Vec<Commands> {
    reply.commands.iter().map(command).collect()
}

fn command(one: &StepCommands) -> Commands {
    let request = |wire: &contracts::WireRequest| Request {
        channel: wire.channel.clone(),
        line: wire.line.clone(),
        body: wire.body.clone(),
    };
    Commands {
        step: one.step.to_string(),
        key: one.key.clone(),
        requests: one.requests.iter().map(request).collect(),
        unknown: one.unknown.clone(),
    }
}
