//! The parameters of a run: checked against the workflow, overlays and defaults filled in.

use model::value::Map;
use model::{Code, Failure, Workflow};

/// Every parameter of the workflow, checked, with overlays and defaults filled in.
pub(crate) fn complete(workflow: &Workflow, given: &Map) -> Result<Map, Failure> {
    if let Some(stray) = given.keys().find(|name| !workflow.params.iter().any(|param| &param.name == *name)) {
        return Err(Failure::invalid(
            Code::ParameterUnknown,
            format!("the workflow has no parameter '{stray}'"),
        ));
    }
    let mut params = Map::new();
    for param in &workflow.params {
        let overlaid = workflow.overlay.get(&param.name).map(|one| &one.value);
        // An optional parameter that nobody gave arrives as nothing.
        let given = given.get(&param.name).filter(|value| !value.is_null());
        let value = match given.or(overlaid).or(param.default.as_ref()) {
            Some(value) => param.check(value).map_err(|why| {
                Failure::invalid(Code::ParameterValue, format!("parameter '{}': {why}", param.name))
            })?,
            None if param.required => {
                return Err(Failure::invalid(
                    Code::ParameterMissing,
                    format!("parameter '{}' is missing: {}", param.name, param.help),
                )
                .hint(format!("give it with --var {}=…", param.name)));
            }
            None => model::Value::Null,
        };
        params.insert(param.name.clone(), value);
    }
    Ok(params)
}
