//! Every mistake in scripts and expressions that can be found without running them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use contracts::Finding;
use model::reserved::is_reserved;
use model::workflow::{Expression, Phase, Script};
use model::{Code, Failure, FunctionSpec, Step, Workflow};
use rhai::{AST, ASTFlags, ASTNode, Expr, Stmt};

use crate::bind::{Access, Bound, forbidden};
use crate::calls::{Body, Call, bodies};
use crate::compile::Compiled;
use crate::expression::{self, Reading};
use crate::library::{FOLDER, Library};
use crate::names::nearest;
use crate::runner::Shared;
use crate::sticky::PhaseContext;
use crate::{arguments, prelude};

/// In the order of the steps; at most one syntax error a script, because nothing after it can be trusted.
pub(crate) fn check(shared: &Shared, workflow: &Workflow, functions: &[FunctionSpec]) -> Vec<Finding> {
    let mut lint = Lint { shared, workflow, functions, findings: Vec::new() };
    let bound = shared.bound(&Arc::new(functions.to_vec()), Access::Write);
    let library = lint.library(&bound);
    for step in &workflow.steps {
        lint.expressions(step);
        lint.step(step, &bound, &library);
    }
    lint.findings
}

struct Lint<'a> {
    shared: &'a Shared,
    workflow: &'a Workflow,
    functions: &'a [FunctionSpec],
    findings: Vec<Finding>,
}

impl Lint<'_> {
    fn found(&mut self, failure: Failure, width: usize) {
        let finding = Finding { failure, width: width.max(1) };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// The functions of every shared script that compiles.
    fn library(&mut self, bound: &Bound) -> Vec<Body> {
        let mut found = Vec::new();
        for (name, script) in &self.workflow.lib {
            if self.functions.iter().any(|spec| &spec.module == name) {
                self.rule_at_top(script, format!("the shared script '{name}' has the name of a host module"));
            }
            let Some(compiled) = self.compile(script, bound) else { continue };
            self.top_level(&compiled);
            self.imports(&compiled);
            for mut body in bodies(&compiled.written) {
                self.calls(&compiled, &body);
                body.module = Some(name.clone());
                body.file.clone_from(&compiled.file);
                found.push(body);
            }
        }
        // An engine runs the top level of every shared script, so it is tried here as well.
        let context = PhaseContext::new("", None, None, 100_000, Duration::from_secs(2));
        if self.findings.is_empty()
            && let Err(failure) = self.shared.engine(bound, &self.workflow.lib, &context)
        {
            self.found(failure, 1);
        }
        found
    }

    fn step(&mut self, step: &Step, bound: &Bound, library: &[Body]) {
        let Some(compiled) = self.compile(&step.script, bound) else { return };
        self.top_level(&compiled);
        self.imports(&compiled);
        let own = bodies(&compiled.written);
        self.functions(&compiled, &own);
        for body in &own {
            self.calls(&compiled, body);
        }
        for phase in Phase::ALL {
            self.reach(&compiled, phase, &own, library);
        }
    }

    fn compile(&mut self, script: &Script, bound: &Bound) -> Option<Compiled> {
        let mut engine = self.shared.base.engine(&self.shared.limits, bound, None);
        engine.set_module_resolver(Library::new(&self.workflow.lib));
        for name in self.workflow.lib.keys() {
            let mut module = rhai::Module::new();
            module.build_index();
            engine.register_static_module(name, module.into());
        }
        match Compiled::new(&engine, script) {
            Ok(compiled) => Some(compiled),
            Err(failure) => {
                let failure = self.explain_module(failure);
                self.found(failure, 1);
                None
            }
        }
    }

    /// A call into a module that nobody has is a host function that does not exist.
    fn explain_module(&self, failure: Failure) -> Failure {
        let Some(name) = failure.message.strip_prefix("undefined module: ") else { return failure };
        let known = self.modules();
        let hint = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("there are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        };
        let message = format!("there is no host module or shared script '{name}'");
        Failure { place: failure.place, ..Failure::invalid(Code::FunctionUnknown, message).hint(hint) }
    }

    fn modules(&self) -> BTreeSet<String> {
        let host = self.functions.iter().map(|spec| spec.module.clone());
        host.chain(self.workflow.lib.keys().cloned()).collect()
    }

    /// Top-level code would run before every phase.
    fn top_level(&mut self, compiled: &Compiled) {
        let before = self.findings.len();
        for statement in compiled.written.statements() {
            let allowed = match statement {
                Stmt::Noop(_) | Stmt::Import(..) => true,
                Stmt::Var(_, flags, _) => flags.intersects(ASTFlags::CONSTANT),
                _ => false,
            };
            if !allowed {
                self.rule(
                    compiled,
                    statement.position(),
                    "code stands outside a function".to_owned(),
                    "the top level holds only const, import and fn",
                );
            }
        }
        for call in crate::calls::top_level(&compiled.written) {
            if call.module.is_some() && self.findings.len() == before {
                let text = format!("{} is called outside a function", call.path());
                self.rule(compiled, call.position, text, "call it in the phase that needs it");
            }
        }
    }

    fn imports(&mut self, compiled: &Compiled) {
        let mut found = Vec::new();
        compiled.written.walk(&mut |path: &[ASTNode]| {
            if let Some(ASTNode::Stmt(Stmt::Import(parts, position))) = path.last() {
                let target = match &parts.0 {
                    Expr::StringConstant(text, _) => Some(text.to_string()),
                    _ => None,
                };
                found.push((target, parts.1.name.to_string(), *position));
            }
            true
        });
        for (target, alias, position) in found {
            let name = target.as_deref().and_then(|target| target.strip_prefix(FOLDER));
            match name {
                Some(name) if self.workflow.lib.contains_key(name) => {}
                _ => {
                    let names: Vec<_> =
                        self.workflow.lib.keys().map(|name| format!("\"{FOLDER}{name}\"")).collect();
                    let hint = if names.is_empty() {
                        "this workflow has no shared scripts".to_owned()
                    } else {
                        format!("there are {}", names.join(", "))
                    };
                    let text = match &target {
                        Some(target) => format!("there is no shared script \"{target}\" to import"),
                        None => "an import must name its script as plain text".to_owned(),
                    };
                    self.rule(compiled, position, text, &hint);
                }
            }
            if self.modules().contains(&alias) && name != Some(alias.as_str()) {
                let text = format!("the import's name '{alias}' would hide the module '{alias}'");
                self.rule(compiled, position, text, "choose another name after 'as'");
            }
        }
    }

    /// The functions of a step: phases with the right number of arguments, nothing that hides ours, no near misses.
    fn functions(&mut self, compiled: &Compiled, own: &[Body]) {
        let mut phases = 0;
        for body in own.iter().filter(|body| !body.anonymous()) {
            let phase = Phase::ALL.into_iter().find(|phase| phase.name() == body.name);
            match phase {
                Some(phase) if phase.arity() == body.arity => phases += 1,
                Some(phase) => {
                    let parameters = if phase == Phase::Probe {
                        "(ctx)"
                    } else if phase == Phase::Undo {
                        "(ctx, change, outcome)"
                    } else if phase == Phase::Apply {
                        "(ctx, change)"
                    } else {
                        "(ctx, seen)"
                    };
                    let text = format!("{phase} takes {} arguments, not {}", phase.arity(), body.arity);
                    self.rule(compiled, body.position, text, &format!("write fn {phase}{parameters}"));
                }
                None if prelude::NAMES.contains(&body.name.as_str()) => {
                    let text = format!("the function '{}' would hide footbridge's own", body.name);
                    self.rule(compiled, body.position, text, "give it another name");
                }
                None => {
                    let called = own.iter().any(|other| other.mentions(&body.name));
                    if !called && let Some(near) = nearest(&body.name, Phase::ALL.map(Phase::name)) {
                        let text = format!("nothing calls the function '{}', and it is no phase", body.name);
                        self.rule(compiled, body.position, text, &format!("did you mean '{near}'?"));
                    }
                }
            }
        }
        if phases == 0 {
            let failure = Failure::invalid(Code::ScriptRule, "the script defines no phase")
                .hint("a step defines some of probe, plan, apply, verify, outputs and undo")
                .at(compiled.place(rhai::Position::new(1, 1)));
            self.found(failure, 1);
        }
    }

    /// Each host call of a function by itself: does it exist, do its arguments fit.
    fn calls(&mut self, compiled: &Compiled, body: &Body) {
        for call in &body.calls {
            let Some(module) = &call.module else { continue };
            let of_module: Vec<_> = self.functions.iter().filter(|spec| &spec.module == module).collect();
            if of_module.is_empty() {
                continue;
            }
            let found = of_module.iter().find(|spec| spec.name == call.name).map_or_else(
                || Some(unknown_function(&of_module, call)),
                |spec| arguments::check(spec, call),
            );
            if let Some(failure) = found {
                self.found(failure.at(compiled.place(call.position)), call.path().chars().count());
            }
        }
    }

    /// What a phase reaches through any number of functions: effects it may not have, and two writes in a row.
    fn reach(&mut self, compiled: &Compiled, phase: Phase, own: &[Body], library: &[Body]) {
        let all: Vec<&Body> = own.iter().chain(library).collect();
        let is_entry =
            |body: &&Body| body.module.is_none() && body.name == phase.name() && body.arity == phase.arity();
        let Some(entry) = own.iter().find(is_entry) else { return };
        let mut seen = BTreeSet::from([entry.key()]);
        let mut open = vec![entry];
        while let Some(body) = open.pop() {
            for call in &body.calls {
                if let Some(spec) = self.spec(call) {
                    let access = Access::of(phase);
                    if !access.allows(spec.effect) {
                        let place = if body.module.is_some() { entry.position } else { call.position };
                        let failure = forbidden(spec, phase).at(compiled.place(place));
                        self.found(failure, call.path().chars().count());
                    }
                }
            }
            for next in &all {
                if body.reaches(next) && seen.insert(next.key()) {
                    open.push(next);
                }
            }
        }
        let writes = |call: &&Call| {
            call.always && self.spec(call).is_some_and(|spec| spec.effect == model::Effect::Write)
        };
        if phase.may_write()
            && let Some(second) = entry.calls.iter().filter(writes).nth(1)
        {
            let (path, position) = (second.path(), second.position);
            let text = format!("{phase} always writes a second time, with {path}");
            self.rule(
                compiled,
                position,
                text,
                "make it a change of its own: one change is at most one write",
            );
        }
    }

    fn spec(&self, call: &Call) -> Option<&FunctionSpec> {
        let module = call.module.as_ref()?;
        self.functions.iter().find(|spec| &spec.module == module && spec.name == call.name)
    }

    fn expressions(&mut self, step: &Step) {
        let gate = step.gate.as_ref().and_then(|gate| gate.not_before.as_ref());
        for name in step.with.keys().filter(|name| is_reserved(name)) {
            let failure = Failure::invalid(
                Code::ManifestReserved,
                format!("the step '{}' cannot have an input named '{name}'", step.path),
            );
            let failure = failure.hint("it is a word of the script language; choose another");
            let place = step.with.get(name).map(expression::place);
            self.found(Failure { place, ..failure }, 1);
        }
        for one in step.with.values().chain(&step.when).chain(gate) {
            match expression::parse(&self.shared.base, &self.shared.limits, one) {
                Ok(ast) => self.readings(step, one, &ast),
                Err(failure) => self.found(failure, one.text.chars().count()),
            }
        }
    }

    /// What an expression reads must exist: a parameter, or an output of a step that comes before.
    fn readings(&mut self, step: &Step, one: &Expression, ast: &AST) {
        for Reading { root, name, optional, .. } in expression::readings(ast) {
            let refuse = |message: String, hint: String| {
                Failure::invalid(Code::ManifestExpression, message).hint(hint).at(expression::place(one))
            };
            let width = one.text.chars().count();
            if root == "params" {
                let known: Vec<_> = self.workflow.params.iter().map(|param| param.name.as_str()).collect();
                if !known.contains(&name.as_str()) {
                    let hint = match nearest(&name, known) {
                        Some(near) => format!("did you mean 'params.{near}'?"),
                        None => "declare it under [params]".to_owned(),
                    };
                    self.found(refuse(format!("there is no parameter '{name}'"), hint), width);
                }
                continue;
            }
            let ancestors = ancestors(self.workflow, step);
            match self.workflow.steps.iter().find(|other| other.path.as_str() == name) {
                Some(other) if ancestors.contains(other.path.as_str()) => {
                    if other.when.is_some() && !optional {
                        self.found(
                            refuse(
                                format!("the step '{name}' may be skipped and then has no outputs"),
                                format!("write 'steps.{name}?.…', which gives () then"),
                            ),
                            width,
                        );
                    }
                }
                Some(_) => self.found(
                    refuse(
                        format!(
                            "the step '{}' does not need '{name}', so it cannot read its outputs",
                            step.path
                        ),
                        format!("add '{name}' to its 'needs'"),
                    ),
                    width,
                ),
                None => {
                    let known = ancestors.iter().copied();
                    let hint = match nearest(&name, known) {
                        Some(near) => format!("did you mean 'steps.{near}'?"),
                        None => "an expression reads the steps it needs".to_owned(),
                    };
                    self.found(refuse(format!("there is no step '{name}'"), hint), width);
                }
            }
        }
    }

    fn rule(&mut self, compiled: &Compiled, position: rhai::Position, text: String, hint: &str) {
        self.found(Failure::invalid(Code::ScriptRule, text).hint(hint).at(compiled.place(position)), 1);
    }

    fn rule_at_top(&mut self, script: &Script, text: String) {
        let place = crate::error::place_in(&script.file, &script.source, rhai::Position::new(1, 1));
        self.found(Failure::invalid(Code::ScriptRule, text).hint("give the file another name").at(place), 1);
    }
}

fn unknown_function(of_module: &[&FunctionSpec], call: &Call) -> Failure {
    let names = of_module.iter().map(|spec| spec.name.as_str());
    let module = call.module.as_deref().unwrap_or_default();
    let hint = match nearest(&call.name, names.clone()) {
        Some(near) => format!("did you mean {module}::{near}?"),
        None => format!("{module} has {}", names.collect::<Vec<_>>().join(", ")),
    };
    Failure::invalid(Code::FunctionUnknown, format!("there is no host function {}", call.path())).hint(hint)
}

/// Everything the step needs, directly or not.
fn ancestors<'a>(workflow: &'a Workflow, step: &'a Step) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = step.needs.iter().map(model::StepPath::as_str).collect();
    while let Some(path) = open.pop() {
        if found.insert(path)
            && let Some(step) = workflow.steps.iter().find(|step| step.path.as_str() == path)
        {
            open.extend(step.needs.iter().map(model::StepPath::as_str));
        }
    }
    found
}
