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
use rhai::{Engine, Module, OptimizationLevel, Shared};

use crate::bind::Bound;
use crate::limits::Limits;
use crate::opaque::{CANNOT_TELL_NAME, CannotTell, SECRET_NAME, SecretHandle, UNKNOWN_NAME, Unknown};
use crate::sticky::PhaseContext;
use crate::{closures, prelude, unknown};

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
        closures::register(&mut own);
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
        engine
            .register_type_with_name::<Unknown>(UNKNOWN_NAME)
            .register_type_with_name::<CannotTell>(CANNOT_TELL_NAME)
            .register_type_with_name::<SecretHandle>(SECRET_NAME);
        disable(&mut engine);
        if let Some(context) = context {
            engine.on_progress(move |_| context.progress());
        }
        engine
    }
}

/// Takes words out of the language.
pub(crate) fn disable(engine: &mut Engine) {
    engine.set_allow_switch_expression(false);
    for symbol in DISABLED {
        engine.disable_symbol(symbol);
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
