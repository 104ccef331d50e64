//! Parameter values: what was given, what layers set, and the defaults, in that order; each with where it came from.

use std::collections::BTreeMap;

use model::value::Map;
use model::{Code, Failure, Param, Value, Workflow};

use crate::nearest::{listed, suggestion};

/// Name, text, and where it was given (`--var`, the name of a file): what [`parameters`] takes, weakest first.
pub type Given = (String, String, String);

/// Every parameter with its value; `()` for those that were neither given nor have a default.
///
/// Errors: all names that are not known, texts of the wrong kind and required parameters that are missing.
pub fn parameters(workflow: &Workflow, given: &[Given]) -> Result<Map, Vec<Failure>> {
    let mut failures = unknown_names(workflow, given);
    let mut map = Map::new();
    for param in &workflow.params {
        let settled = settle(workflow, given, param);
        match settled.value {
            Ok(value) if value.is_null() && param.required => failures.push(missing(param)),
            Ok(value) => {
                map.insert(param.name.clone(), value);
            }
            Err(why) => failures.push(wrong(param, &why, &settled.origin)),
        }
    }
    if failures.is_empty() { Ok(map) } else { Err(failures) }
}

/// Only what was given, read as its parameter's kind.
///
/// Errors: all names that are not known and texts of the wrong kind.
pub fn typed(workflow: &Workflow, given: &[Given]) -> Result<Map, Vec<Failure>> {
    let mut failures = unknown_names(workflow, given);
    let mut map = Map::new();
    for param in workflow.params.iter().filter(|param| given.iter().any(|(name, ..)| *name == param.name)) {
        let settled = settle(workflow, given, param);
        match settled.value {
            Ok(value) => {
                map.insert(param.name.clone(), value);
            }
            Err(why) => failures.push(wrong(param, &why, &settled.origin)),
        }
    }
    if failures.is_empty() { Ok(map) } else { Err(failures) }
}

/// Every parameter in the order of the manifest with its value and where that came from: `default`, a layer, the origin
/// it was given with, or `not given`. A text of the wrong kind is shown as it was typed.
pub fn origins(workflow: &Workflow, given: &[Given]) -> Vec<(String, Value, String)> {
    workflow
        .params
        .iter()
        .map(|param| {
            let settled = settle(workflow, given, param);
            let value = settled.value.unwrap_or_else(|_| Value::text(settled.typed));
            (param.name.clone(), value, settled.origin)
        })
        .collect()
}

struct Settled {
    value: Result<Value, String>,
    /// What was typed, for values that were given as text.
    typed: String,
    origin: String,
}

fn settle(workflow: &Workflow, given: &[Given], param: &Param) -> Settled {
    let known = |value: &Value, origin: &str| Settled {
        value: Ok(value.clone()),
        typed: String::new(),
        origin: origin.to_owned(),
    };
    if let Some((_, text, origin)) = given.iter().rev().find(|(name, _, _)| *name == param.name) {
        let value = param.kind.parse(text).and_then(|value| param.check(&value));
        return Settled { value, typed: text.clone(), origin: origin.clone() };
    }
    match (workflow.overlay.get(&param.name), &param.default) {
        (Some(overlaid), _) => known(&overlaid.value, &overlaid.origin),
        (None, Some(default)) => known(default, "default"),
        (None, None) => known(&Value::Null, "not given"),
    }
}

fn unknown_names(workflow: &Workflow, given: &[Given]) -> Vec<Failure> {
    let known = || workflow.params.iter().map(|param| param.name.as_str());
    let unknown: BTreeMap<&str, &str> = given
        .iter()
        .filter(|(name, _, _)| known().all(|other| other != name))
        .map(|(name, _, origin)| (name.as_str(), origin.as_str()))
        .collect();
    let failure = |(name, origin): (&str, &str)| {
        let hint = suggestion(name, known(), || {
            if workflow.params.is_empty() {
                "this workflow has no parameters".to_owned()
            } else {
                format!("its parameters are {}", listed(known()))
            }
        });
        let message = format!("workflow '{}' has no parameter '{name}' (given by {origin})", workflow.id);
        Failure::invalid(Code::ParameterUnknown, message).hint(hint)
    };
    unknown.into_iter().map(failure).collect()
}

fn wrong(param: &Param, why: &str, origin: &str) -> Failure {
    let message = format!("parameter '{}' (given by {origin}): {why}", param.name);
    let hint = if param.help.is_empty() {
        format!("write {}", param.kind)
    } else {
        format!("write {}: {}", param.kind, param.help)
    };
    Failure::invalid(Code::ParameterValue, message).hint(hint)
}

fn missing(param: &Param) -> Failure {
    let name = &param.name;
    let about = if param.help.is_empty() { String::new() } else { format!(" ({})", param.help) };
    let message = format!("parameter '{name}'{about} is required and was not given: {}", param.kind);
    Failure::invalid(Code::ParameterMissing, message).hint(format!(
        "give it with --var {name}=VALUE, as a line {name} = VALUE in a --var-file, or under [params] in a layer's overlay.toml"
    ))
}
