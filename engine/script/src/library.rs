//! The workflow's shared functions (`lib/NAME.rhai`) as modules: `NAME::function(…)`, or `import "lib/NAME" as x`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::workflow::Script;
use model::{Code, Failure};
use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use crate::compile::Compiled;

/// What an import path must begin with.
pub(crate) const FOLDER: &str = "lib/";

/// Modules made so far, by name, with the scripts they came from.
#[derive(Clone, Default)]
pub(crate) struct Library(Arc<Inner>);

#[derive(Default)]
struct Inner {
    scripts: BTreeMap<String, Script>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    made: BTreeMap<String, (Shared<Module>, Arc<Compiled>)>,
    /// Being made: an import of one of these goes in a circle.
    open: Vec<String>,
}

impl Library {
    pub(crate) fn new(scripts: &BTreeMap<String, Script>) -> Library {
        Library(Arc::new(Inner { scripts: scripts.clone(), state: Mutex::default() }))
    }

    /// All modules with their scripts. `engine` makes them; it must resolve through this library and know the host
    /// modules.
    pub(crate) fn modules(
        &self,
        engine: &Engine,
    ) -> Result<Vec<(String, Shared<Module>, Arc<Compiled>)>, Failure> {
        self.0
            .scripts
            .keys()
            .map(|name| {
                let (module, compiled) = self.module(engine, name)?;
                Ok((name.clone(), module, compiled))
            })
            .collect()
    }

    fn module(&self, engine: &Engine, name: &str) -> Result<(Shared<Module>, Arc<Compiled>), Failure> {
        let script = self.0.scripts.get(name).ok_or_else(|| {
            Failure::invalid(Code::ScriptRule, format!("there is no shared script '{FOLDER}{name}.rhai'"))
        })?;
        {
            let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((module, compiled)) = state.made.get(name) {
                return Ok((Shared::clone(module), Arc::clone(compiled)));
            }
            if state.open.iter().any(|open| open == name) {
                let circle = format!("{} -> {name}", state.open.join(" -> "));
                return Err(Failure::invalid(
                    Code::ScriptRule,
                    format!("shared scripts import each other in a circle: {circle}"),
                ));
            }
            state.open.push(name.to_owned());
        }
        let made = make(engine, script, name);
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.open.retain(|open| open != name);
        let made = made?;
        state.made.insert(name.to_owned(), made.clone());
        Ok(made)
    }
}

impl ModuleResolver for Library {
    fn resolve(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let Some(name) = path.strip_prefix(FOLDER) else {
            return Err(EvalAltResult::ErrorModuleNotFound(path.to_owned(), position).into());
        };
        self.module(engine, name)
            .map(|(module, _)| module)
            .map_err(|failure| EvalAltResult::ErrorRuntime(failure.message.into(), position).into())
    }
}

fn make(engine: &Engine, script: &Script, name: &str) -> Result<(Shared<Module>, Arc<Compiled>), Failure> {
    let compiled = Compiled::new(engine, script)?;
    let mut module = Module::eval_ast_as_new(Scope::new(), &compiled.ast, engine).map_err(|error| {
        let text = error.unwrap_inner().to_string();
        Failure::invalid(Code::ScriptError, text).at(compiled.place(error.position()))
    })?;
    module.set_id(name);
    module.build_index();
    Ok((Shared::new(module), Arc::new(compiled)))
}
