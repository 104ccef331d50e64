//! `footbridge run`: plan, have it approved, carry it out, stay with it.

use std::time::Duration;

use contracts::{ApproveMode, ApproveRequest, PlanRequest, StartRequest};
use model::value::Map;
use model::{Asker, Class, Code, Digest, Failure, Life, RunId, Workflow};

use crate::Exit;
use crate::arguments::Given;
use crate::ask;
use crate::context::Context;
use crate::follow::{conclude, follow};
use crate::holder::{self, Engine};
use crate::load::Loaded;
use crate::problem::{Outcome, Problem};
use crate::resolve;

/// Fewer characters of a digest would name too many plans.
pub(crate) const DIGEST_LENGTH_MIN: usize = 8;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    given: Given,
    /// Which organisation and tenant: sim, sim:NAME, the NAME of a target file, or its path
    #[arg(long)]
    target: String,
    /// Approve exactly the plan with this digest (or its first 8 characters and more)
    #[arg(long, value_name = "DIGEST", conflicts_with = "yes")]
    plan: Option<String>,
    /// Approve whatever the plan is
    #[arg(long)]
    yes: bool,
    /// Stay while something is due within this time
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = super::duration)]
    wait: Duration,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let (workflow, params) = resolve::given(context, &arguments.given)?;
    let target = resolve::target(context, &arguments.target)?.reference;
    holder::with_wait(context, arguments.wait, async |engine| {
        let approve = match (&arguments.plan, arguments.yes) {
            (Some(digest), _) => {
                ApproveMode::Digest(wanted(engine, digest, &workflow, &target, &params).await?)
            }
            (None, true) => ApproveMode::Yes,
            (None, false) => ApproveMode::Wait,
        };
        let request = StartRequest {
            workflow: workflow.clone(),
            target: target.clone(),
            params: params.clone(),
            by: context.settings.by.clone(),
            approve,
        };
        let run = match engine.service.start(request).await {
            Ok(run) => run,
            Err(failure) => {
                if matches!(failure.code, Code::PlanConflict | Code::PlanStale) {
                    show_fresh_plan(context, engine, workflow, &target, params).await;
                }
                return Err(failure.into());
            }
        };
        context.output.note(&format!("run {run}"));
        if !approved(context, engine, run).await? {
            return declined(context, engine, run).await;
        }
        Ok(conclude(context, &follow(context, engine.service.as_ref(), run, arguments.wait).await?))
    })
    .await
}

/// Shows the plan and, where a person is there to ask, has it approved. `false`: the person said no.
/// Without a person the run goes on waiting, and that is `true`.
pub(crate) async fn approved(context: &Context, engine: &Engine, run: RunId) -> Result<bool, Problem> {
    let loaded = Loaded::new(engine.service.as_ref(), run).await?;
    let Some(plan) = &loaded.state.plan else { return Ok(true) };
    if !context.output.json {
        context.output.note(&report::plan::text(plan, context.output.note_style()));
    }
    if loaded.state.life != Life::Awaiting || !context.output.can_ask() {
        return Ok(true);
    }
    if !ask::yes("carry this plan out?").await {
        return Ok(false);
    }
    let request = ApproveRequest {
        by: context.settings.by.clone(),
        digest: Some(plan.digest),
        ..ApproveRequest::default()
    };
    engine.service.approve(run, request).await?;
    Ok(true)
}

async fn declined(context: &Context, engine: &Engine, run: RunId) -> Outcome {
    engine.service.cancel(run, Asker::new(&context.settings.by, Some("the plan was not approved"))).await?;
    let followed = follow(context, engine.service.as_ref(), run, Duration::ZERO).await?;
    conclude(context, &followed);
    context.output.note("not approved; nothing was written");
    Ok(Exit::Error)
}

/// A whole digest, or the beginning of the one that the plan has now.
async fn wanted(
    engine: &Engine,
    typed: &str,
    workflow: &Workflow,
    target: &str,
    params: &Map,
) -> Result<Digest, Problem> {
    let typed = typed.to_lowercase();
    if let Ok(digest) = typed.parse() {
        return Ok(digest);
    }
    if typed.len() < DIGEST_LENGTH_MIN
        || typed.len() > 64
        || !typed.bytes().all(|one| one.is_ascii_hexdigit())
    {
        let hint = "copy it from the last line of `footbridge plan`";
        return Err(Failure::invalid(Code::Settings, format!("'{typed}' is no plan's digest"))
            .hint(hint)
            .into());
    }
    let request = PlanRequest {
        workflow: workflow.clone(),
        target: target.to_owned(),
        params: params.clone(),
        commands: false,
    };
    let digest = engine.service.plan(request).await?.plan.digest;
    if digest.to_string().starts_with(&typed) {
        return Ok(digest);
    }
    let message = format!("the plan is {} now, not {typed}", digest.short());
    Err(Failure::new(Code::PlanStale, Class::Conflict, message)
        .hint("`footbridge plan` shows what would be done now")
        .into())
}

/// Best effort: the failure itself is told anyway.
async fn show_fresh_plan(context: &Context, engine: &Engine, workflow: Workflow, target: &str, params: Map) {
    let request = PlanRequest { workflow, target: target.to_owned(), params, commands: false };
    if let Ok(reply) = engine.service.plan(request).await
        && !context.output.json
    {
        context.output.note(&report::plan::text(&reply.plan, context.output.note_style()));
    }
}
