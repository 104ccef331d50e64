//! Host functions as functions of a script: one module of Rhai for each host module, made from the specs alone.

use std::sync::Arc;

use contracts::End;
use model::value::Map;
use model::workflow::Phase;
use model::{Code, Effect, Failure, FunctionSpec, Value};
use rhai::{Dynamic, EvalAltResult, Module, NativeCallContext, Shared};

use crate::convert::{to_dynamic, to_value};
use crate::error::throw;
use crate::names::nearest;
use crate::sticky::{PhaseContext, phase_end};

/// What a phase may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Nothing,
    Read,
    Write,
}

/// A host module ready for an engine.
pub(crate) type Bound = Vec<(String, Shared<Module>)>;

impl Access {
    pub(crate) fn of(phase: Phase) -> Access {
        match (phase.may_read(), phase.may_write()) {
            (false, _) => Access::Nothing,
            (true, false) => Access::Read,
            (true, true) => Access::Write,
        }
    }

    pub(crate) fn allows(self, effect: Effect) -> bool {
        match effect {
            Effect::Read => self != Access::Nothing,
            Effect::Write => self == Access::Write,
        }
    }
}

/// Functions that the access does not allow are bound to an error that names the rule: the gateway never sees them.
pub(crate) fn bind(functions: &[FunctionSpec], access: Access) -> Bound {
    let mut modules: Vec<(String, Module)> = Vec::new();
    for spec in functions {
        let at = modules.iter().position(|(name, _)| name == &spec.module).unwrap_or_else(|| {
            let mut module = Module::new();
            module.set_id(spec.module.as_str());
            modules.push((spec.module.clone(), module));
            modules.len() - 1
        });
        let module = &mut modules[at].1;
        let spec = Arc::new(spec.clone());
        let allowed = access.allows(spec.effect);
        let bare = Arc::clone(&spec);
        module.set_native_fn(spec.name.as_str(), move |call: NativeCallContext| {
            invoke(&call, &bare, allowed, None)
        });
        let name = spec.name.clone();
        module.set_native_fn(name.as_str(), move |call: NativeCallContext, arguments: Dynamic| {
            invoke(&call, &spec, allowed, Some(&arguments))
        });
    }
    modules
        .into_iter()
        .map(|(name, mut module)| {
            module.build_index();
            (name, Shared::new(module))
        })
        .collect()
}

/// The rule that forbids a function of this effect in this phase.
pub(crate) fn forbidden(spec: &FunctionSpec, phase: Phase) -> Failure {
    match spec.effect {
        Effect::Write => {
            Failure::invalid(Code::WriteRefused, format!("{phase} calls {}, which writes", spec.path()))
                .hint("only apply and undo may write")
        }
        Effect::Read => Failure::invalid(
            Code::ScriptRule,
            format!("{phase} calls {}, which reads the target", spec.path()),
        )
        .hint("plan and outputs work on what probe saw; read it in probe"),
    }
}

/// Arguments as the gateway takes them: known names only, required ones there, each of its kind and normal form.
pub(crate) fn check_arguments(spec: &FunctionSpec, given: Map) -> Result<Map, Failure> {
    let refuse = |message: String| {
        Failure::invalid(Code::Argument, message).hint(format!("the function is {}", spec.signature()))
    };
    if let Some(stray) = given.keys().find(|name| spec.arguments.iter().all(|known| &known.name != *name)) {
        return Err(unknown_argument(spec, stray));
    }
    let mut checked = Map::new();
    for argument in &spec.arguments {
        match given.get(&argument.name) {
            None | Some(Value::Null) if argument.required => {
                return Err(refuse(format!("{} needs the argument '{}'", spec.path(), argument.name)));
            }
            None | Some(Value::Null) => {}
            Some(value) => {
                let value = argument.kind.check(value).map_err(|why| {
                    refuse(format!("the argument '{}' of {} is wrong: {why}", argument.name, spec.path()))
                })?;
                checked.insert(argument.name.clone(), value);
            }
        }
    }
    Ok(checked)
}

pub(crate) fn unknown_argument(spec: &FunctionSpec, name: &str) -> Failure {
    let known = spec.arguments.iter().map(|argument| argument.name.as_str());
    let hint = match nearest(name, known) {
        Some(near) => format!("did you mean '{near}'? the function is {}", spec.signature()),
        None => format!("the function is {}", spec.signature()),
    };
    Failure::invalid(Code::Argument, format!("{} has no argument '{name}'", spec.path())).hint(hint)
}

fn invoke(
    call: &NativeCallContext,
    spec: &FunctionSpec,
    allowed: bool,
    arguments: Option<&Dynamic>,
) -> Result<Dynamic, Box<EvalAltResult>> {
    let Some(context) = PhaseContext::of(call) else {
        return Err("host functions cannot be called outside a phase".into());
    };
    context.check(call)?;
    let (Some(phase), Some(gateway)) = (context.phase, context.gateway.as_ref()) else {
        let failure = Failure::invalid(Code::ScriptRule, format!("{} cannot be called here", spec.path()));
        return Err(throw(call, failure));
    };
    if !allowed {
        // Not catchable: a script that breaks the contract must not go on as if it had kept it.
        return Err(context.end(contracts::PhaseEnd::Failed(forbidden(spec, phase)), call));
    }
    let given = given(spec, arguments).map_err(|failure| throw(call, failure))?;
    let checked = check_arguments(spec, given).map_err(|failure| throw(call, failure))?;
    match gateway.call(&spec.module, &spec.name, checked) {
        Ok(value) => {
            meet_unknowns(&context, &value);
            to_dynamic(&value)
                .map_err(|why| throw(call, Failure::bug(format!("{} answered with {why}", spec.path()))))
        }
        Err(End::Failed { failure, catchable: true }) => Err(throw(call, failure)),
        Err(end) => Err(context.end(phase_end(end), call)),
    }
}

fn given(spec: &FunctionSpec, arguments: Option<&Dynamic>) -> Result<Map, Failure> {
    let refuse = |what: &str| {
        Failure::invalid(Code::Argument, format!("{} was called with {what}", spec.path()))
            .hint(format!("the function is {}", spec.signature()))
    };
    match arguments.map(to_value) {
        None => Ok(Map::new()),
        Some(Ok(Value::Map(map))) => Ok(map),
        Some(Ok(other)) => Err(refuse(&format!("{} instead of a map of arguments", other.kind_name()))),
        Some(Err(why)) => Err(refuse(&why)),
    }
}

/// Remembers every unknown inside, so that an error of Rhai that names none can be explained.
pub(crate) fn meet_unknowns(context: &PhaseContext, value: &Value) {
    match value {
        Value::Unknown(origin) => context.met_unknown(origin),
        Value::List(items) => items.iter().for_each(|item| meet_unknowns(context, item)),
        Value::Map(map) => map.values().for_each(|item| meet_unknowns(context, item)),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::CannotTell(_)
        | Value::Secret(_) => {}
    }
}
