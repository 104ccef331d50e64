//! `footbridge resume RUN --with FOLDER`: compared, shown, approved, and only then pinned and carried on.

use contracts::{ApproveMode, RepinRequest};
use model::value::Map;
use model::{Asker, RunId};

use crate::Exit;
use crate::ask;
use crate::context::Context;
use crate::holder::Engine;
use crate::problem::Problem;
use crate::resolve;

/// How a run is to go on with other code.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Other {
    /// Go on with this workflow instead of the one the run was started with: a folder, or a shipped workflow's id
    #[arg(long, value_name = "FOLDER")]
    pub(crate) with: Option<String>,
    /// The value of a parameter that is new in it
    #[arg(long = "var", value_name = "NAME=VALUE", requires = "with")]
    vars: Vec<String>,
    /// Go on with it, and approve the plan of what remains, whatever they are
    #[arg(long, requires = "with", conflicts_with = "dry_run")]
    yes: bool,
    /// Only show what it would mean; exits 2 where anything differs
    #[arg(long, visible_aliases = ["plan", "what-if"], requires = "with")]
    dry_run: bool,
}

/// Shows what the other code means for the run and, where that is approved, has it go on with it. `None`: it goes on, and
/// is to be followed.
pub(crate) async fn perform(
    context: &Context,
    engine: &Engine,
    run: RunId,
    with: &str,
    other: &Other,
    asker: Asker,
) -> Result<Option<Exit>, Problem> {
    let workflow = resolve::workflow(context, with)?;
    let params: Map = resolve::typed(&workflow, &other.vars)?;
    let mut request =
        RepinRequest { workflow, params, by: asker.by, note: asker.note, approve: ApproveMode::Wait };
    let service = engine.service.as_ref();
    let repin = service.repin_plan(run, request.clone()).await?;
    let show = |style| {
        let compared = report::repin::text(run, &repin.comparison, style);
        format!("{compared}\n{}", report::plan::text(&repin.plan, style))
    };
    let asks = context.output.can_ask() && !other.dry_run;
    if other.yes || asks {
        if !context.output.json {
            context.output.note(&show(context.output.note_style()));
        }
    } else {
        context.output.either(|| report::repin::json(run, &repin.comparison, &repin.plan), show);
    }
    if other.dry_run {
        return Ok(Some(if repin.comparison.is_empty() { Exit::Ok } else { Exit::Changes }));
    }
    if other.yes {
        request.approve = ApproveMode::Yes;
    } else if !asks {
        context.output.note("nothing was done: nobody is here to ask; `--yes` goes on as shown");
        return Ok(Some(Exit::Waiting));
    } else if ask::yes("go on with this code, and carry this plan out?").await {
        request.approve = ApproveMode::Digest(repin.plan.digest);
    } else {
        context.output.note("not approved; the run stays as it was");
        return Ok(Some(Exit::Error));
    }
    service.repin(run, request).await?;
    Ok(None)
}
