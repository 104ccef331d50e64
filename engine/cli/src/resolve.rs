//! From what was typed to a checked workflow with its parameters.

use std::path::Path;

use model::value::Map;
use model::{Code, Failure, Workflow};

use crate::arguments::Given;
use crate::context::Context;
use crate::files;
use crate::own;
use crate::problem::Problem;
use crate::wiring::Named;

/// The workflow with its layers, every mistake found by looking told at once.
pub(crate) fn workflow(context: &Context, name: &str) -> Result<Workflow, Problem> {
    let mut layers = if is_path(name) {
        let layer =
            files::folder(Path::new(name)).map_err(|failure| no_workflow(context, name, Some(failure)))?;
        if !layer.files.contains_key("workflow.toml") {
            return Err(no_workflow(context, name, None));
        }
        vec![files::shared(context.wiring.workflows), layer]
    } else if files::shipped_ids(context.wiring.workflows).contains(&name) {
        files::shipped(context.wiring.workflows, name)
    } else {
        return Err(no_workflow(context, name, None));
    };
    for layer in &context.settings.layers {
        layers.push(files::folder(layer)?);
    }
    let mut workflow = manifest::resolve(&layers).map_err(|findings| {
        Problem::judged(findings.into_iter().map(|finding| (finding.failure, finding.width)))
    })?;
    let runner = context.runner();
    let mut functions = context.opened()?.targets.functions();
    own::pin(&mut workflow.own, &functions)
        .map_err(|findings| Problem::judged(findings.into_iter().map(|one| (one.failure, one.width))))?;
    functions.extend(workflow.own.values().flat_map(|module| module.functions.clone()));
    let findings = runner.check(&workflow, &functions);
    if !findings.is_empty() {
        return Err(Problem::judged(findings.into_iter().map(|finding| (finding.failure, finding.width))));
    }
    for at in 0..workflow.steps.len() {
        let phases = runner.phases(&workflow, &workflow.steps[at])?;
        workflow.steps[at].phases = phases;
    }
    Ok(workflow)
}

/// The workflow and its parameters' values.
pub(crate) fn given(context: &Context, given: &Given) -> Result<(Workflow, Map), Problem> {
    let workflow = workflow(context, &given.workflow)?;
    let mut values: Vec<manifest::Given> = Vec::new();
    for path in &given.var_files {
        values.extend(var_file(path)?);
    }
    values.extend(split(&given.vars)?);
    let params = manifest::parameters(&workflow, &values).map_err(all)?;
    Ok((workflow, params))
}

/// The values of `--var` alone, none filled in.
pub(crate) fn typed(workflow: &Workflow, vars: &[String]) -> Result<Map, Problem> {
    manifest::typed(workflow, &split(vars)?).map_err(all)
}

fn split(vars: &[String]) -> Result<Vec<manifest::Given>, Problem> {
    let one = |var: &String| {
        let (name, value) = var.split_once('=').ok_or_else(|| {
            Problem::from(
                Failure::invalid(Code::Settings, format!("'--var {var}' has no '='"))
                    .hint("write --var name=value"),
            )
        })?;
        Ok((name.trim().to_owned(), value.to_owned(), "--var".to_owned()))
    };
    vars.iter().map(one).collect()
}

fn all(failures: Vec<Failure>) -> Problem {
    Problem::findings(failures.into_iter().map(|failure| (failure, 1)))
}

/// What `--target` means; every mistake in its file is told at once.
pub(crate) fn target(context: &Context, typed: &str) -> Result<Named, Problem> {
    context.opened()?.target_files.find(typed).map_err(|findings| {
        Problem::findings(findings.into_iter().map(|finding| (finding.failure, finding.width)))
    })
}

/// A name with a separator or a dot in front is a folder; a workflow's id never has either.
pub(crate) fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.starts_with('.')
}

fn no_workflow(context: &Context, name: &str, cause: Option<Failure>) -> Problem {
    if is_path(name) {
        let why = cause.map_or_else(|| "it has no workflow.toml".to_owned(), |failure| failure.message);
        return Failure::invalid(Code::WorkflowUnknown, format!("'{name}' is no workflow's folder: {why}"))
            .hint("a workflow is a folder with a workflow.toml and steps/*.rhai")
            .into();
    }
    let ids = files::shipped_ids(context.wiring.workflows);
    let hint = if Path::new(name).join("workflow.toml").is_file() {
        format!("there is a folder of that name: write ./{name}")
    } else {
        match manifest::nearest(name, ids.iter().copied()) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!(
                "shipped are: {}; a folder of your own is written with its path: ./{name}",
                ids.join(", ")
            ),
        }
    };
    Failure::invalid(Code::WorkflowUnknown, format!("there is no workflow '{name}'")).hint(hint).into()
}

/// One value a line: `name = value`; lists of simple values too.
fn var_file(path: &Path) -> Result<Vec<manifest::Given>, Problem> {
    let shown = path.display().to_string();
    let wrong = |why: String| {
        Problem::from(
            Failure::invalid(Code::Settings, format!("the file of parameters {shown} {why}"))
                .hint("it is TOML, one `name = value` a line"),
        )
    };
    let text = std::fs::read_to_string(path).map_err(|cause| wrong(format!("cannot be read: {cause}")))?;
    let table: toml::Table = text.parse().map_err(|cause: toml::de::Error| {
        let line = cause.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        wrong(format!("is not TOML: line {line}: {}", cause.message()))
    })?;
    table
        .into_iter()
        .map(|(name, value)| {
            let text = plain(&value).ok_or_else(|| {
                wrong(format!(
                    "gives '{name}' {}, which is no text, number, bool or list of these",
                    value.type_str()
                ))
            })?;
            Ok((name, text, shown.clone()))
        })
        .collect()
}

/// As it would be typed after `--var name=`.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Datetime(moment) => Some(moment.to_string()),
        toml::Value::Array(items) => {
            let items: Option<Vec<String>> = items
                .iter()
                .map(|item| match item {
                    toml::Value::Array(_) => None,
                    other => plain(other).filter(|text| !text.contains(',')),
                })
                .collect();
            items.map(|items| items.join(","))
        }
        toml::Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_var_file_gives_texts_and_refuses_tables() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let path = scratch.path().join("vars.toml");
        std::fs::write(&path, "a = 'x'\nb = [1, 2]\nc = true\n").expect("written");
        let given = var_file(&path).expect("good");
        let pairs: Vec<(&str, &str)> =
            given.iter().map(|(name, text, _)| (name.as_str(), text.as_str())).collect();
        assert_eq!(pairs, [("a", "x"), ("b", "1,2"), ("c", "true")]);
        for (text, part) in [("a = {x = 1}", "gives 'a'"), ("a = ", "line 1"), ("a = [[1]]", "gives 'a'")] {
            std::fs::write(&path, text).expect("written");
            assert!(
                var_file(&path).expect_err("refused").text(report::Style::Plain).contains(part),
                "{text}"
            );
        }
    }

    #[test]
    fn a_path_is_told_from_a_name() {
        for (name, expected) in
            [("sfb-online", false), ("./x", true), ("a/b", true), (r"a\b", true), (".", true)]
        {
            assert_eq!(is_path(name), expected, "{name}");
        }
    }
}
