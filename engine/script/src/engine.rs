//! The sandbox: a Rhai engine without files, clocks, output, `eval` or `switch`, and with every limit set.
//!
//! The library is built once and shared; an engine that uses it costs about a microsecond, so each call gets its own.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use rhai::module_resolvers::DummyModuleResolver;
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicBlobPackage, BasicFnPackage, BasicIteratorPackage,
    BasicMapPackage, BasicMathPackage, BasicStringPackage, BitFieldPackage, LogicPackage, MoreStringPackage,
    Package,
};
use rhai::{
    Array, Dynamic, Engine, EvalAltResult, FnPtr, Module, NativeCallContext, OptimizationLevel, Shared,
};

use crate::bind::Bound;
use crate::limits::Limits;
use crate::sticky::PhaseContext;
use crate::{prelude, unknown};

/// Keywords that would let a script look past its values (`type_of` of an unknown), print, or make code.
const DISABLED: [&str; 7] = ["eval", "switch", "print", "debug", "type_of", "is_shared", "Fn"];

/// The functions every script has: what of the standard library keeps the rules, and our own.
pub(crate) struct Base {
    standard: Shared<Module>,
    own: Shared<Module>,
}

impl Base {
    /// Takes some milliseconds; made once.
    ///
    /// Left out of the standard library: times, `sleep`, `exit`, tags and the reflection functions.
    pub(crate) fn new() -> Base {
        let mut standard = Module::new();
        ArithmeticPackage::init(&mut standard);
        LogicPackage::init(&mut standard);
        BasicMathPackage::init(&mut standard);
        BitFieldPackage::init(&mut standard);
        BasicStringPackage::init(&mut standard);
        MoreStringPackage::init(&mut standard);
        BasicIteratorPackage::init(&mut standard);
        BasicFnPackage::init(&mut standard);
        BasicArrayPackage::init(&mut standard);
        BasicBlobPackage::init(&mut standard);
        BasicMapPackage::init(&mut standard);
        standard.register_lazy_functions();
        standard.build_index();
        let standard: Shared<Module> = standard.into();
        let mut own = Module::new();
        unknown::register(&mut own, &names_of(&standard));
        prelude::register(&mut own);
        for name in ["sort", "sort_by"] {
            own.set_native_fn(name, sort);
        }
        own.build_index();
        Base { standard, own: own.into() }
    }

    /// An engine that runs or compiles scripts. Without a context, nothing in it can end a phase: for compiling.
    pub(crate) fn engine(
        &self,
        limits: &Limits,
        bound: &Bound,
        context: Option<Arc<PhaseContext>>,
    ) -> Engine {
        let mut engine = Engine::new_raw();
        engine.register_global_module(Shared::clone(&self.standard));
        engine.register_global_module(Shared::clone(&self.own));
        for (name, module) in bound {
            engine.register_static_module(name, Shared::clone(module));
        }
        engine
            .set_optimization_level(OptimizationLevel::None)
            .set_max_call_levels(limits.call_levels)
            .set_max_string_size(limits.string_size)
            .set_max_array_size(limits.array_size)
            .set_max_map_size(limits.map_size)
            .set_max_variables(limits.variables)
            .set_max_expr_depths(limits.expression_depth, limits.expression_depth)
            .set_strict_variables(true)
            .set_fail_on_invalid_map_property(true)
            .set_module_resolver(DummyModuleResolver::new());
        engine.set_allow_switch_expression(false);
        for symbol in DISABLED {
            engine.disable_symbol(symbol);
        }
        if let Some(context) = context {
            engine.on_progress(move |_| context.progress());
        }
        engine
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Base").finish_non_exhaustive()
    }
}

/// The functions of a module that scripts call by name, with their number of arguments, where there is any.
fn names_of(module: &Module) -> BTreeSet<(String, usize)> {
    let mut names = BTreeSet::new();
    #[expect(deprecated, reason = "the only listing of a module's functions that Rhai makes public")]
    for signature in module.gen_fn_signatures() {
        let Some((name, rest)) = signature.split_once('(') else { continue };
        let Some((arguments, _)) = rest.split_once(')') else { continue };
        let arity = arguments.split(',').filter(|one| !one.trim().is_empty()).count();
        if arity > 0 && rhai::is_valid_identifier(name.trim()) {
            names.insert((name.trim().to_owned(), arity));
        }
    }
    names
}

/// Sorts as Rhai's own, but an error of the comparer ends the sorting instead of counting as "equal".
fn sort(call: NativeCallContext, items: &mut Array, comparer: FnPtr) -> Result<(), Box<EvalAltResult>> {
    let mut failed = None;
    let mut sorted = items.clone();
    sorted.sort_by(|one, other| {
        if failed.is_some() {
            return std::cmp::Ordering::Equal;
        }
        match comparer.call_within_context::<Dynamic>(&call, (one.clone(), other.clone())) {
            Ok(answer) => match (answer.as_int(), answer.as_bool()) {
                (Ok(number), _) => number.cmp(&0),
                (_, Ok(true)) => std::cmp::Ordering::Less,
                (_, Ok(false)) => std::cmp::Ordering::Greater,
                (Err(kind), Err(_)) => {
                    failed = Some(Box::new(EvalAltResult::ErrorMismatchDataType(
                        "an integer or a bool".to_owned(),
                        call.engine().map_type_name(kind).to_owned(),
                        call.call_position(),
                    )));
                    std::cmp::Ordering::Equal
                }
            },
            Err(error) => {
                failed = Some(error);
                std::cmp::Ordering::Equal
            }
        }
    });
    match failed {
        Some(error) => Err(error),
        None => {
            *items = sorted;
            Ok(())
        }
    }
}
