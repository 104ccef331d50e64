//! What a script may do with an unknown: store it, put it in a list or map, hand it to a host function, ask
//! `is_unknown`. Every other use ends the phase with [`PhaseEnd::Needs`].
//!
//! Rhai answers an operator on mixed types silently (`==` is false) when nothing is registered for them, so every
//! operator and every function of the standard library is registered here for unknowns. "Cannot tell" and secret
//! handles are registered alike and fail: an answer computed from either would be a guess.

use std::any::TypeId;
use std::collections::BTreeSet;

use contracts::PhaseEnd;
use model::{Class, Code, Failure};
use rhai::{
    Array, Blob, Dynamic, EvalAltResult, FnPtr, FuncRegistration, ImmutableString, Map, Module,
    NativeCallContext, RhaiFunc, Shared,
};

use crate::opaque::{CANNOT_TELL_NAME, CannotTell, SECRET_NAME, SecretHandle, UNKNOWN_NAME, Unknown};
use crate::sticky::PhaseContext;

const UNARY: [&str; 3] = ["-", "+", "!"];
const BINARY: [&str; 20] = [
    "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "**", "<<", ">>", "&", "|", "^", "..", "..=",
    "contains",
];
const ASSIGNING: [&str; 11] = ["+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", "&=", "|=", "^="];
const INDEX_GET: &str = "index$get$";
const INDEX_SET: &str = "index$set$";

/// `standard` names the functions of the standard library with their number of arguments.
pub(crate) fn register(module: &mut Module, standard: &BTreeSet<(String, usize)>) {
    let opaque = [TypeId::of::<Unknown>(), TypeId::of::<CannotTell>(), TypeId::of::<SecretHandle>()];
    let plain = [
        TypeId::of::<Dynamic>(),
        TypeId::of::<()>(),
        TypeId::of::<bool>(),
        TypeId::of::<i64>(),
        TypeId::of::<f64>(),
        TypeId::of::<char>(),
        TypeId::of::<ImmutableString>(),
        TypeId::of::<Array>(),
        TypeId::of::<Map>(),
        TypeId::of::<Blob>(),
        TypeId::of::<FnPtr>(),
    ];
    let any = TypeId::of::<Dynamic>();
    for one in opaque {
        for name in UNARY {
            refuse(module, name, &[one]);
        }
        for name in BINARY.iter().chain(&ASSIGNING) {
            for other in plain.iter().chain(&opaque) {
                refuse(module, name, &[one, *other]);
                refuse(module, name, &[*other, one]);
            }
        }
        refuse(module, INDEX_GET, &[one, any]);
        refuse(module, INDEX_SET, &[one, any, any]);
        for (name, arity) in standard {
            let mut arguments = vec![any; *arity];
            arguments[0] = one;
            refuse(module, name, &arguments);
            if *arity == 2 {
                for first in [
                    TypeId::of::<ImmutableString>(),
                    TypeId::of::<i64>(),
                    TypeId::of::<f64>(),
                    TypeId::of::<bool>(),
                    TypeId::of::<char>(),
                ] {
                    refuse(module, name, &[first, one]);
                }
            }
        }
        // A loop over one: the iterator cannot reach the phase, its error is recognised by the type's name.
        module.set_iter_result(one, |value: Dynamic| {
            let error = EvalAltResult::ErrorMismatchDataType(
                "a list".to_owned(),
                opaque_name(&value).to_owned(),
                rhai::Position::NONE,
            );
            Box::new(std::iter::once(Err(error.into())))
        });
    }
    for name in ["to_string", "to_debug", "to_json"] {
        show_whole(module, name, TypeId::of::<Array>());
        show_whole(module, name, TypeId::of::<Map>());
    }
}

fn refuse(module: &mut Module, name: &str, arguments: &[TypeId]) {
    set(module, name, arguments, |call, arguments| {
        let used = arguments.iter().find(|one| is_opaque(one)).map(|one| one.flatten_clone());
        Err(refusal(call, &used.unwrap_or_default()))
    });
}

/// Lists and maps are shown as text only when nothing in them is opaque.
fn show_whole(module: &mut Module, name: &'static str, argument: TypeId) {
    set(module, name, &[argument], move |call, arguments| {
        let value = &*arguments[0];
        if let Some(opaque) = first_opaque(value, 0) {
            return Err(refusal(call, &opaque));
        }
        match value.read_lock::<Map>() {
            Some(map) if name == "to_json" => Ok(rhai::format_map_as_json(&map).into()),
            _ => Ok(value.to_string().into()),
        }
    });
}

fn set(
    module: &mut Module,
    name: &str,
    arguments: &[TypeId],
    function: impl Fn(&NativeCallContext, &mut [&mut Dynamic]) -> Result<Dynamic, Box<EvalAltResult>>
    + Send
    + Sync
    + 'static,
) {
    let function = move |call: Option<NativeCallContext>, arguments: &mut [&mut Dynamic]| {
        function(&call.expect("registered as needing its context"), arguments)
    };
    FuncRegistration::new(name).in_internal_namespace().set_into_module_raw(
        module,
        arguments,
        RhaiFunc::Method { func: Shared::new(function), has_context: true, is_pure: true, is_volatile: true },
    );
}

pub(crate) fn refusal(call: &NativeCallContext, used: &Dynamic) -> Box<EvalAltResult> {
    let end = if let Some(unknown) = used.read_lock::<Unknown>() {
        PhaseEnd::Needs { origin: unknown.0.clone() }
    } else if let Some(cannot_tell) = used.read_lock::<CannotTell>() {
        PhaseEnd::Failed(cannot_tell_used(&cannot_tell.0))
    } else {
        PhaseEnd::Failed(secret_used())
    };
    match PhaseContext::of(call) {
        Some(context) => context.end(end, call),
        None => "an unknown cannot be used outside a phase".into(),
    }
}

/// The failure of a script that computed with what nobody could tell.
pub(crate) fn cannot_tell_used(why: &str) -> Failure {
    Failure::new(Code::CannotTell, Class::Conflict, format!("needed a value that could not be told: {why}"))
        .hint("ask is_cannot_tell(value) before using it")
}

pub(crate) fn secret_used() -> Failure {
    Failure::invalid(Code::ScriptError, "a secret handle can only be handed to a host function")
}

pub(crate) fn is_opaque(value: &Dynamic) -> bool {
    value.is::<Unknown>() || value.is::<CannotTell>() || value.is::<SecretHandle>()
}

fn opaque_name(value: &Dynamic) -> &'static str {
    if value.is::<Unknown>() {
        UNKNOWN_NAME
    } else if value.is::<CannotTell>() {
        CANNOT_TELL_NAME
    } else {
        SECRET_NAME
    }
}

/// Values deeper than any that can leave a script are taken as they are: showing them is bounded by the string size.
fn first_opaque(value: &Dynamic, depth: usize) -> Option<Dynamic> {
    if is_opaque(value) {
        return Some(value.flatten_clone());
    }
    if depth > model::value::DEPTH_MAX {
        return None;
    }
    if let Some(items) = value.read_lock::<Array>() {
        return items.iter().find_map(|item| first_opaque(item, depth + 1));
    }
    let map = value.read_lock::<Map>()?;
    map.values().find_map(|item| first_opaque(item, depth + 1))
}
