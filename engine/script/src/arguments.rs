//! The arguments of a host call as they stand in the source, against the function's spec.

use model::{Code, Failure, FunctionSpec};

use crate::bind::unknown_argument;
use crate::calls::{Call, Given};

/// `None` when nothing is wrong, or nothing can be known before running.
pub(crate) fn check(spec: &FunctionSpec, call: &Call) -> Option<Failure> {
    let refuse = |message: String| {
        Some(Failure::invalid(Code::Argument, message).hint(format!("the function is {}", spec.signature())))
    };
    let names = match &call.given {
        Given::Dynamic => return None,
        Given::Wrong => {
            return refuse(format!("{} takes one map of named arguments, or nothing", spec.path()));
        }
        Given::Named(names) => names,
    };
    if let Some(stray) = names.iter().find(|name| spec.arguments.iter().all(|known| &known.name != *name)) {
        return Some(unknown_argument(spec, stray));
    }
    let missing = spec.arguments.iter().find(|known| known.required && !names.contains(&known.name))?;
    refuse(format!("{} needs the argument '{}'", spec.path(), missing.name))
}
