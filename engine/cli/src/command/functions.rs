//! `footbridge functions`: the host functions that scripts may call.

use model::{Code, Failure, FunctionSpec};

use crate::Exit;
use crate::context::Context;
use crate::problem::Outcome;
use crate::resolve;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Only this module, or this one function (`exchange`, `exchange::mail_user`)
    only: Option<String>,
    /// With the functions that this workflow declares: a shipped workflow's id, or a folder
    #[arg(long, value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// As a page of documentation
    #[arg(long)]
    markdown: bool,
}

pub(crate) fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let mut functions = context.opened()?.targets.functions();
    if let Some(workflow) = &arguments.workflow {
        let own = resolve::workflow(context, workflow)?.own;
        functions.extend(own.into_values().flat_map(|module| module.functions));
    }
    if let Some(only) = &arguments.only {
        let all = functions.clone();
        functions.retain(|one| one.module == *only || one.path() == *only);
        if functions.is_empty() {
            return Err(unknown(only, &all).into());
        }
    }
    if arguments.markdown {
        context.output.data(&report::functions::markdown(&functions));
        return Ok(Exit::Ok);
    }
    context
        .output
        .either(|| report::functions::json(&functions), |style| report::functions::text(&functions, style));
    Ok(Exit::Ok)
}

fn unknown(only: &str, all: &[FunctionSpec]) -> Failure {
    let mut names: Vec<String> = all.iter().flat_map(|one| [one.module.clone(), one.path()]).collect();
    names.sort();
    names.dedup();
    let hint = match manifest::nearest(only, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean '{near}'?"),
        None => "`footbridge functions` lists all".to_owned(),
    };
    Failure::invalid(Code::Settings, format!("there is no module or host function '{only}'")).hint(hint)
}
