//! `footbridge check`: the manifest, scripts, expressions and layers, judged without running.

use serde_json::json;

use crate::Exit;
use crate::context::Context;
use crate::problem::Outcome;
use crate::resolve;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// A shipped workflow's id, or a folder
    workflow: String,
}

pub(crate) fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let workflow = match resolve::workflow(context, &arguments.workflow) {
        Ok(workflow) => workflow,
        Err(problem) => {
            if problem.count() > 1 && !context.output.json {
                context.output.note(&format!("{} mistakes:", problem.count()));
            }
            return Err(problem);
        }
    };
    let overruled: Vec<serde_json::Value> = workflow
        .steps
        .iter()
        .filter(|step| step.script.origin != "shipped")
        .map(|step| json!({ "step": step.path, "script": step.script.file, "origin": step.script.origin }))
        .collect();
    context.output.either(
        || {
            json!({
                "workflow": workflow.id, "version": workflow.version, "digest": workflow.digest(),
                "steps": workflow.steps.len(), "layers": workflow.layers, "overruled": overruled, "errors": [],
            })
        },
        |style| {
            format!(
                "{} {} is in order: {} steps, {} parameters, layers {}\ndigest {}\n",
                style.strong(&workflow.id),
                workflow.version,
                workflow.steps.len(),
                workflow.params.len(),
                workflow.layers.join(" < "),
                workflow.digest()
            )
        },
    );
    Ok(Exit::Ok)
}
