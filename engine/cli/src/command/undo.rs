//! `footbridge undo`: planned from a fresh look, shown, then newest first.

use std::time::Duration;

use contracts::{UndoChoice, UndoPlan, UndoRequest, UndoWanted};
use model::undo::Conflicts;
use model::{Choice, Class, Code, Digest, Failure, RunId, StepPath, UndoScope};

use crate::Exit;
use crate::ask;
use crate::command::run::DIGEST_LENGTH_MIN;
use crate::context::Context;
use crate::follow::{conclude, follow};
use crate::holder::{self, Engine};
use crate::load::Loaded;
use crate::problem::{Outcome, Problem};
use crate::run_name;
use crate::undo_shown;

/// `--plan` alone.
const SHOW: &str = "show";

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Its id, the beginning or the end of it, or `latest`
    run: String,
    /// Take back everything that was done after this step was; the step itself stands
    #[arg(long, value_name = "STEP", conflicts_with = "only")]
    to: Option<String>,
    /// Take back this step alone; refused where a step that stands needs it
    #[arg(long, value_name = "STEP")]
    only: Option<String>,
    /// Undo whatever the plan is; it still refuses where someone changed an object since
    #[arg(long)]
    yes: bool,
    /// Alone: only show the plan. With its DIGEST: undo exactly that plan, also what a person must have seen
    #[arg(long, value_name = "DIGEST", num_args = 0..=1, default_missing_value = SHOW, conflicts_with = "yes")]
    plan: Option<String>,
    /// Only show the plan
    #[arg(long, visible_alias = "what-if", conflicts_with_all = ["yes", "plan"])]
    dry_run: bool,
    /// Where someone changed since what the run had changed: refuse, or ask about each at the terminal
    #[arg(long, value_enum, value_name = "HOW")]
    conflicts: Option<OnConflict>,
    /// Leave this change as it is and take back the rest (say why)
    #[arg(long, value_name = "STEP/KEY", requires = "note")]
    leave: Vec<String>,
    /// Take this change back although someone changed it since, which is lost (say why)
    #[arg(long, value_name = "STEP/KEY", requires = "note")]
    overrule: Vec<String>,
    /// Kept with the undo
    #[arg(long, value_name = "WHY")]
    note: Option<String>,
    /// Stay while something is due within this time
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = super::duration)]
    wait: Duration,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnConflict {
    Refuse,
    Ask,
}

/// How an undo is wanted; the default shows the whole plan and asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct How {
    pub(crate) scope: UndoScope,
    pub(crate) consent: Consent,
    /// Overrules the workflow's own word, where that says nothing.
    pub(crate) conflicts: Option<OnConflict>,
    /// As typed: `STEP/KEY`.
    pub(crate) leave: Vec<String>,
    pub(crate) overrule: Vec<String>,
    pub(crate) note: Option<String>,
    pub(crate) wait: Duration,
}

/// Who says that the undo may begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Consent {
    /// The person at the terminal, once the plan is shown.
    #[default]
    Asked,
    /// Nobody: it is only shown.
    Shown,
    /// Given beforehand, whatever the plan is.
    Yes,
    /// Given for the plan with this digest, or its beginning.
    Plan(String),
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let scope = match (arguments.to, arguments.only) {
        (Some(step), _) => UndoScope::To(StepPath::new(step)),
        (None, Some(step)) => UndoScope::Only(StepPath::new(step)),
        (None, None) => UndoScope::All,
    };
    let consent = match (arguments.plan, arguments.yes, arguments.dry_run) {
        (_, _, true) => Consent::Shown,
        (Some(digest), _, _) if digest == SHOW => Consent::Shown,
        (Some(digest), _, _) => Consent::Plan(digest),
        (None, true, false) => Consent::Yes,
        (None, false, false) => Consent::Asked,
    };
    let how = How {
        scope,
        consent,
        conflicts: arguments.conflicts,
        leave: arguments.leave,
        overrule: arguments.overrule,
        note: arguments.note,
        wait: arguments.wait,
    };
    holder::with_wait(context, how.wait, async |engine| {
        let run = run_name::find(engine.service.as_ref(), &arguments.run).await?;
        carry_out(context, engine, run, &how).await
    })
    .await
}

/// Shows what undo would do, has it agreed to, and stays with it to its end.
pub(crate) async fn carry_out(context: &Context, engine: &Engine, run: RunId, how: &How) -> Outcome {
    let service = engine.service.as_ref();
    let loaded = Loaded::new(service, run).await?;
    let mut wanted = UndoWanted { scope: how.scope.clone(), choices: Vec::new() };
    let mut note = how.note.clone();
    let first = service.undo_plan(run, wanted.clone()).await?;
    wanted.choices = choices(&first, how)?;
    let mut plan =
        if wanted.choices.is_empty() { first } else { service.undo_plan(run, wanted.clone()).await? };
    if how.consent == Consent::Shown {
        return Ok(show_only(context, &plan));
    }
    let given = match &how.consent {
        Consent::Plan(typed) => Some(the_plan(typed, &plan)?),
        Consent::Asked | Consent::Shown | Consent::Yes => None,
    };
    let asks = context.output.can_ask() && how.consent == Consent::Asked;
    let about_conflicts = asks_about_conflicts(&loaded, how)?;
    if asks && about_conflicts {
        let Some(settled) = undo_shown::settle(context, service, plan, &mut wanted, &mut note).await? else {
            context.output.note("nothing was undone");
            return Ok(Exit::Error);
        };
        plan = settled;
    }
    if how.consent == Consent::Asked && !asks {
        context.output.either(|| undo_shown::json(&plan), |style| undo_shown::text(&plan, style));
        context
            .output
            .note("nothing was undone: nobody is here to ask; `--plan DIGEST` undoes what is shown");
        return Ok(Exit::Waiting);
    }
    if !context.output.json {
        context.output.note(&undo_shown::text(&plan, context.output.note_style()));
    }
    let refused = plan.items.iter().any(|item| item.verdict.refuses());
    if asks && !refused && !ask::yes("take these changes back?").await {
        context.output.note("nothing was undone");
        return Ok(Exit::Error);
    }
    // `--yes` must not stand for the look that some changes need from a person.
    let digest = given.or_else(|| asks.then_some(plan.digest));
    let request = UndoRequest { by: context.settings.by.clone(), wanted, digest, note };
    service.undo(run, request).await?;
    Ok(conclude(context, &follow(context, service, run, how.wait).await?))
}

fn show_only(context: &Context, plan: &UndoPlan) -> Exit {
    context.output.either(|| undo_shown::json(plan), |style| undo_shown::text(plan, style));
    if plan.has_work() { Exit::Changes } else { Exit::Ok }
}

/// What was typed as `STEP/KEY`, looked up in the plan: both may hold a stroke.
fn choices(plan: &UndoPlan, how: &How) -> Result<Vec<UndoChoice>, Problem> {
    let names: Vec<String> = plan.items.iter().map(|item| format!("{}/{}", item.step, item.key)).collect();
    let leave = how.leave.iter().map(|typed| (typed, Choice::Leave));
    let overrule = how.overrule.iter().map(|typed| (typed, Choice::Overrule));
    let mut choices = Vec::new();
    for (typed, choice) in leave.chain(overrule) {
        let Some(at) = names.iter().position(|name| name == typed) else {
            let hint = manifest::nearest(typed, names.iter().map(String::as_str)).map_or_else(
                || "`footbridge undo RUN --plan` shows each change as STEP/KEY".to_owned(),
                |near| format!("did you mean '{near}'?"),
            );
            let message = format!("this undo has no change '{typed}'");
            return Err(Failure::invalid(Code::Settings, message).hint(hint).into());
        };
        let item = &plan.items[at];
        choices.push(UndoChoice { step: item.step.clone(), key: item.key.clone(), choice });
    }
    Ok(choices)
}

/// The stricter of what the workflow and the command line say; what the workflow forbids cannot be asked for.
fn asks_about_conflicts(loaded: &Loaded, how: &How) -> Result<bool, Problem> {
    let policy = loaded.state.workflow.undo.as_ref();
    match (how.conflicts, policy.map(|policy| policy.conflicts)) {
        (Some(OnConflict::Refuse), _) | (None, Some(Conflicts::Refuse) | None) => Ok(false),
        (Some(OnConflict::Ask) | None, Some(Conflicts::Ask)) | (Some(OnConflict::Ask), None) => Ok(true),
        (Some(OnConflict::Ask), Some(Conflicts::Refuse)) => {
            let origin = policy.map_or("", |policy| policy.origin.as_str());
            let message = format!("conflicts are refused: [undo] conflicts = \"refuse\" in {origin}");
            Err(Failure::new(Code::UndoPolicy, Class::Denied, message)
                .hint("put the objects back by hand, or leave them as they are: --leave STEP/KEY --note WHY")
                .into())
        }
    }
}

/// The digest that was typed must be that of the plan as it is now; its beginning will do.
fn the_plan(typed: &str, plan: &UndoPlan) -> Result<Digest, Problem> {
    let typed = typed.to_lowercase();
    if typed.len() < DIGEST_LENGTH_MIN {
        return Err(Failure::invalid(Code::Settings, format!("'{typed}' is no undo plan's digest"))
            .hint("copy it from the last line of `footbridge undo RUN --plan`")
            .into());
    }
    if plan.digest.to_string().starts_with(&typed) {
        return Ok(plan.digest);
    }
    let message = format!("the undo plan is {} now, not {typed}", plan.digest.short());
    Err(Failure::new(Code::PlanStale, Class::Conflict, message)
        .hint("`footbridge undo RUN --plan` shows what would be taken back now")
        .into())
}
