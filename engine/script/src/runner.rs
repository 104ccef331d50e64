//! The step runner: a phase on a thread of the pool, from its arguments to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use contracts::{Finding, Gateway, PhaseCall, PhaseEnd, StepRunner};
use model::value::Map;
use model::workflow::{Expression, Phase, Script};
use model::{Code, Failure, FunctionSpec, Step, Workflow};
use rhai::{CallFnOptions, Dynamic, Engine, EvalAltResult, Scope};

use crate::bind::{Access, Bound, bind, meet_unknowns};
use crate::cache::{Cache, key};
use crate::compile::Compiled;
use crate::convert::{to_dynamic, to_value};
use crate::engine::Base;
use crate::error::{Sources, phase_end};
use crate::library::Library;
use crate::limits::Limits;
use crate::pool::Pool;
use crate::sticky::{PhaseContext, placed};
use crate::{expression, lint};

/// How many sets of bound host functions are kept: targets times kinds of access.
const BOUND_MAX: usize = 24;

/// Runs scripts inside their limits; implements [`StepRunner`].
#[derive(Debug)]
pub struct ScriptRunner {
    pool: Pool,
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) limits: Limits,
    pub(crate) base: Base,
    compiled: Cache<Compiled>,
    expressions: Cache<expression::Parsed>,
    bound: Mutex<Vec<BoundFunctions>>,
}

struct BoundFunctions {
    functions: Arc<Vec<FunctionSpec>>,
    access: Access,
    bound: Arc<Bound>,
}

impl ScriptRunner {
    /// Starts no thread yet; takes some milliseconds.
    pub fn new(limits: Limits) -> ScriptRunner {
        let shared = Shared {
            base: Base::new(),
            compiled: Cache::new(limits.compiled),
            expressions: Cache::new(limits.compiled),
            bound: Mutex::default(),
            limits,
        };
        ScriptRunner {
            pool: Pool::new(shared.limits.threads, shared.limits.stack_size),
            shared: Arc::new(shared),
        }
    }
}

#[async_trait]
impl StepRunner for ScriptRunner {
    fn check(&self, workflow: &Workflow, functions: &[FunctionSpec]) -> Vec<Finding> {
        lint::check(&self.shared, workflow, functions)
    }

    fn phases(&self, _workflow: &Workflow, step: &Step) -> Result<BTreeSet<Phase>, Failure> {
        self.shared.phases(&step.script)
    }

    async fn run(&self, call: PhaseCall, gateway: Arc<dyn Gateway>) -> PhaseEnd {
        let shared = Arc::clone(&self.shared);
        let work = move || shared.run(&call, gateway);
        self.pool
            .run(work)
            .await
            .unwrap_or_else(|| PhaseEnd::Failed(Failure::bug("a script's thread could not finish its work")))
    }

    fn evaluate(&self, expression: &Expression, scope: &Map) -> PhaseEnd {
        let Shared { limits, base, expressions, .. } = self.shared.as_ref();
        expression::evaluate(base, limits, expressions, expression, scope)
    }
}

impl Shared {
    fn run(&self, call: &PhaseCall, gateway: Arc<dyn Gateway>) -> PhaseEnd {
        let Some(step) = call.workflow.steps.get(call.step) else {
            return PhaseEnd::Failed(Failure::bug(format!("there is no step number {}", call.step)));
        };
        if call.arguments.len() != call.phase.arity() {
            return PhaseEnd::Failed(Failure::bug(format!(
                "{} takes {} arguments and was given {}",
                call.phase,
                call.phase.arity(),
                call.arguments.len()
            )));
        }
        let context = PhaseContext::new(
            step.path.as_str(),
            Some(call.phase),
            Some(gateway),
            self.limits.operations,
            call.timeout,
        );
        let bound = self.bound(&call.functions, Access::of(call.phase));
        let lib = call.workflow.lib_of(step);
        let (engine, mut sources) = match self.engine(&bound, lib, &context) {
            Ok(ready) => ready,
            Err(failure) => return PhaseEnd::Failed(failure),
        };
        let compiled = match self.compile(&engine, &step.script, &bound, lib) {
            Ok(compiled) => compiled,
            Err(failure) => return PhaseEnd::Failed(failure),
        };
        sources.add(Arc::clone(&compiled));
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            meet_unknowns(&context, argument);
            match to_dynamic(argument) {
                Ok(argument) => arguments.push(argument),
                Err(why) => {
                    let failure = Failure::bug(format!("{} was given {why}", call.phase));
                    return PhaseEnd::Failed(failure);
                }
            }
        }
        let options = CallFnOptions::new().with_tag(Arc::clone(&context));
        let result = engine.call_fn_with_options::<Dynamic>(
            options,
            &mut Scope::new(),
            &compiled.ast,
            call.phase.name(),
            arguments,
        );
        self.conclude(call.phase, result, &context, &sources, &compiled.file)
    }

    /// The sticky end first, whatever the script returned.
    fn conclude(
        &self,
        phase: Phase,
        result: Result<Dynamic, Box<EvalAltResult>>,
        context: &PhaseContext,
        sources: &Sources,
        file: &str,
    ) -> PhaseEnd {
        if let Some(ended) = context.ended() {
            return match ended.end {
                PhaseEnd::Failed(failure) => {
                    let position = match &result {
                        Err(error) if ended.position.is_none() => error.position(),
                        _ => ended.position,
                    };
                    let source = ended.source.as_deref().unwrap_or(file);
                    PhaseEnd::Failed(placed(failure, sources.place(Some(source), position)))
                }
                end => end,
            };
        }
        match result {
            Ok(value) => match to_value(&value) {
                Ok(value) => PhaseEnd::Returned(value),
                Err(why) => {
                    let place = sources.place(Some(file), rhai::Position::NONE);
                    let failure = Failure::invalid(Code::ScriptResult, format!("{phase} gave back {why}"));
                    PhaseEnd::Failed(placed(failure, place))
                }
            },
            Err(error) => phase_end(error, context, sources, file, &self.limits),
        }
    }

    /// An engine with the host modules and the shared functions that a step sees.
    pub(crate) fn engine(
        &self,
        bound: &Bound,
        lib: &BTreeMap<String, Script>,
        context: &Arc<PhaseContext>,
    ) -> Result<(Engine, Sources), Failure> {
        let mut engine = self.base.engine(&self.limits, bound, Some(Arc::clone(context)));
        engine.set_default_tag(Dynamic::from(Arc::clone(context)));
        let library = Library::new(lib);
        let mut sources = Sources::default();
        if !lib.is_empty() {
            engine.set_module_resolver(library.clone());
            for (name, module, compiled) in library.modules(&engine)? {
                engine.register_static_module(name, module);
                sources.add(compiled);
            }
        }
        Ok((engine, sources))
    }

    pub(crate) fn compile(
        &self,
        engine: &Engine,
        script: &Script,
        bound: &Bound,
        lib: &BTreeMap<String, Script>,
    ) -> Result<Arc<Compiled>, Failure> {
        let modules = bound.iter().map(|(name, _)| name.as_str());
        let library = lib.keys().map(String::as_str);
        let parts = [script.file.as_str(), script.source.as_str()];
        let key = key(parts.into_iter().chain(modules).chain(["lib"]).chain(library));
        self.compiled.get_or_make(key, || Compiled::new(engine, script))
    }

    /// Compiles without knowing any host module.
    fn phases(&self, script: &Script) -> Result<BTreeSet<Phase>, Failure> {
        let key = key([script.file.as_str(), script.source.as_str()]);
        let compiled = self.compiled.get_or_make(key, || {
            let mut engine = self.base.engine(&self.limits, &Vec::new(), None);
            engine.set_strict_variables(false);
            Compiled::new(&engine, script)
        })?;
        let defines = |phase: &Phase| {
            compiled
                .written
                .iter_functions()
                .any(|function| function.name == phase.name() && function.params.len() == phase.arity())
        };
        Ok(Phase::ALL.into_iter().filter(defines).collect())
    }

    pub(crate) fn bound(&self, functions: &Arc<Vec<FunctionSpec>>, access: Access) -> Arc<Bound> {
        let mut kept = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |one: &BoundFunctions| {
            one.access == access && (Arc::ptr_eq(&one.functions, functions) || one.functions == *functions)
        };
        if let Some(found) = kept.iter().find(|one| same(one)) {
            return Arc::clone(&found.bound);
        }
        let bound = Arc::new(bind(functions, access));
        if kept.len() >= BOUND_MAX {
            kept.remove(0);
        }
        kept.push(BoundFunctions { functions: Arc::clone(functions), access, bound: Arc::clone(&bound) });
        bound
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}
