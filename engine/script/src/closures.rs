//! The functions of lists that ask a closure, made strict.
//!
//! Rhai's own take every answer that is no bool for `false`, and a comparer's error for "equal". A closure that answers
//! with an unknown would decide that way, so here such an answer ends the phase and every error goes on.

use std::cmp::Ordering;

use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Module, NativeCallContext};

use crate::unknown::{is_opaque, refusal};

type Answer<T> = Result<T, Box<EvalAltResult>>;

pub(crate) fn register(module: &mut Module) {
    module.set_native_fn(
        "filter",
        |call: NativeCallContext, items: &mut Array, test: FnPtr| -> Answer<Array> {
            Ok(split(&call, items, &test)?.0)
        },
    );
    module.set_native_fn(
        "retain",
        |call: NativeCallContext, items: &mut Array, test: FnPtr| -> Answer<Array> {
            let (kept, gone) = split(&call, items, &test)?;
            *items = kept;
            Ok(gone)
        },
    );
    module.set_native_fn(
        "drain",
        |call: NativeCallContext, items: &mut Array, test: FnPtr| -> Answer<Array> {
            let (gone, kept) = split(&call, items, &test)?;
            *items = kept;
            Ok(gone)
        },
    );
    module.set_native_fn("some", |call: NativeCallContext, items: &mut Array, test: FnPtr| -> Answer<bool> {
        Ok(first(&call, items, &test, 0, true)?.is_some())
    });
    module.set_native_fn("all", |call: NativeCallContext, items: &mut Array, test: FnPtr| -> Answer<bool> {
        Ok(first(&call, items, &test, 0, false)?.is_none())
    });
    module.set_native_fn(
        "find",
        |call: NativeCallContext, items: &mut Array, test: FnPtr| -> Answer<Dynamic> {
            let found = first(&call, items, &test, 0, true)?;
            Ok(found.map_or(Dynamic::UNIT, |index| items[index].clone()))
        },
    );
    for name in ["index_of", "find_index"] {
        module.set_native_fn(
            name,
            |call: NativeCallContext, items: &mut Array, test: FnPtr| -> Answer<i64> {
                Ok(first(&call, items, &test, 0, true)?.map_or(-1, |index| index as i64))
            },
        );
    }
    for name in ["sort", "sort_by"] {
        module.set_native_fn(name, sort);
    }
}

/// What passes the test, and what does not.
fn split(call: &NativeCallContext, items: &Array, test: &FnPtr) -> Answer<(Array, Array)> {
    let (mut passed, mut failed) = (Array::new(), Array::new());
    for (index, item) in items.iter().enumerate() {
        if truth(call, test, item, index)? { &mut passed } else { &mut failed }.push(item.clone());
    }
    Ok((passed, failed))
}

/// The first item from `start` that the test answers this way.
fn first(
    call: &NativeCallContext,
    items: &Array,
    test: &FnPtr,
    start: usize,
    wanted: bool,
) -> Answer<Option<usize>> {
    for (index, item) in items.iter().enumerate().skip(start) {
        if truth(call, test, item, index)? == wanted {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Closures take the item, or the item and its index.
fn truth(call: &NativeCallContext, test: &FnPtr, item: &Dynamic, index: usize) -> Answer<bool> {
    let answer = match test.call_within_context::<Dynamic>(call, (item.clone(),)) {
        Err(error) if is_missing(&error, test) => {
            test.call_within_context::<Dynamic>(call, (item.clone(), index as i64))?
        }
        answer => answer?,
    };
    if is_opaque(&answer) {
        return Err(refusal(call, &answer));
    }
    answer.as_bool().map_err(|kind| mismatch(call, "a bool", kind))
}

/// Whether the closure does not exist with that number of arguments.
fn is_missing(error: &EvalAltResult, function: &FnPtr) -> bool {
    matches!(error, EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.starts_with(function.fn_name()))
}

fn sort(call: NativeCallContext, items: &mut Array, comparer: FnPtr) -> Answer<()> {
    let mut failed = None;
    let mut sorted = items.clone();
    sorted.sort_by(|one, other| {
        if failed.is_some() {
            return Ordering::Equal;
        }
        compare(&call, &comparer, one, other).unwrap_or_else(|error| {
            failed = Some(error);
            Ordering::Equal
        })
    });
    if let Some(error) = failed {
        return Err(error);
    }
    *items = sorted;
    Ok(())
}

fn compare(call: &NativeCallContext, comparer: &FnPtr, one: &Dynamic, other: &Dynamic) -> Answer<Ordering> {
    let ask = |one: &Dynamic, other: &Dynamic| -> Answer<Dynamic> {
        let answer = comparer.call_within_context::<Dynamic>(call, (one.clone(), other.clone()))?;
        if is_opaque(&answer) { Err(refusal(call, &answer)) } else { Ok(answer) }
    };
    let answer = ask(one, other)?;
    match (answer.as_int(), answer.as_bool()) {
        (Ok(number), _) => Ok(number.cmp(&0)),
        (_, Ok(true)) => Ok(Ordering::Less),
        // "Not less" is "greater" only when the other way round is "less".
        (_, Ok(false)) if ask(other, one)?.as_bool() == Ok(true) => Ok(Ordering::Greater),
        (_, Ok(false)) => Ok(Ordering::Equal),
        (Err(kind), Err(_)) => Err(mismatch(call, "an integer or a bool", kind)),
    }
}

fn mismatch(call: &NativeCallContext, wanted: &str, kind: &str) -> Box<EvalAltResult> {
    EvalAltResult::ErrorMismatchDataType(wanted.to_owned(), kind.to_owned(), call.call_position()).into()
}
