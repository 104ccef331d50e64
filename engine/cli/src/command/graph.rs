//! `footbridge graph`: a workflow's steps drawn.

use clap::ValueEnum;

use crate::Exit;
use crate::context::Context;
use crate::problem::Outcome;
use crate::resolve;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Tree,
    Dot,
    Mermaid,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// A shipped workflow's id, or a folder
    workflow: String,
    #[arg(long, value_enum, default_value_t = Format::Tree)]
    format: Format,
}

pub(crate) fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let workflow = resolve::workflow(context, &arguments.workflow)?;
    context.output.either(
        || report::graph::json(&workflow),
        |style| match arguments.format {
            Format::Tree => report::graph::tree(&workflow, style),
            Format::Dot => report::graph::dot(&workflow),
            Format::Mermaid => report::graph::mermaid(&workflow),
        },
    );
    Ok(Exit::Ok)
}
