//! `footbridge graph`: the steps of a workflow or a run drawn.

use clap::ValueEnum;
use model::Workflow;
use model::summary::RunSummary;

use crate::Exit;
use crate::context::Context;
use crate::holder;
use crate::load::Loaded;
use crate::problem::Outcome;
use crate::resolve;
use crate::run_name;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Tree,
    Dot,
    Mermaid,
    Svg,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// A shipped workflow's id, or a folder
    #[arg(required_unless_present = "run")]
    workflow: Option<String>,
    /// A run instead: the workflow pinned to it; in SVG each step with its state
    #[arg(long, value_name = "RUN", conflicts_with = "workflow")]
    run: Option<String>,
    #[arg(long, value_enum, default_value_t = Format::Tree)]
    format: Format,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    if let Some(typed) = &arguments.run {
        return holder::with(context, async |engine| {
            let service = engine.service.as_ref();
            let run = run_name::find(service, typed).await?;
            let loaded = Loaded::new(service, run).await?;
            show(context, arguments.format, &loaded.state.workflow, Some(&loaded.summary()));
            Ok(Exit::Ok)
        })
        .await;
    }
    let workflow = resolve::workflow(context, arguments.workflow.as_deref().unwrap_or_default())?;
    show(context, arguments.format, &workflow, None);
    Ok(Exit::Ok)
}

/// `run`: how its steps stand.
fn show(context: &Context, format: Format, workflow: &Workflow, run: Option<&RunSummary>) {
    context.output.either(
        || report::graph::json(workflow),
        |style| match (format, run) {
            (Format::Tree, _) => report::graph::tree(workflow, style),
            (Format::Dot, _) => report::graph::dot(workflow),
            (Format::Mermaid, _) => report::graph::mermaid(workflow),
            (Format::Svg, None) => report::picture::of_workflow(workflow),
            (Format::Svg, Some(run)) => report::picture::of_run(workflow, run),
        },
    );
}
