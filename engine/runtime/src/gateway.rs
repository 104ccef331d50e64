//! The one way out: what a script's call may do in this phase, and what is recorded of it.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use contracts::{
    CallContext, Clock, Durability, End, Gateway, HostCall, HostModule, SecretText, WireRequest,
};
use model::value::Map;
use model::workflow::{Phase, Step};
use model::{
    Class, Code, Effect, Event, Failure, FunctionSpec, Redactor, RunId, RunState, StepPath, Timestamp, Value,
};
use tokio::runtime::Handle;

use crate::bench::Bench;
use crate::limits::Limit;
use crate::log::RunLog;

/// What calls may do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mode {
    /// No call at all: `plan` and `outputs`.
    Think,
    /// Reads only.
    Look,
    /// Reads only, to settle a write whose answer was lost: goes on although the run is to stop.
    Settle,
    /// Reads, and one write that is sent.
    Write { key: String, attempt: u32, undo: bool },
    /// Reads, and one write that is written down instead.
    Describe,
}

/// What became of the phase's one write.
#[derive(Clone, Debug, Default)]
pub(crate) enum Sent {
    #[default]
    Nothing,
    Answered {
        value: Value,
        evidence: Map,
    },
    Refused(Failure),
    Lost(Failure),
    Described(Vec<WireRequest>),
}

pub(crate) struct PhaseGateway {
    modules: Vec<Arc<dyn HostModule>>,
    functions: Arc<Vec<FunctionSpec>>,
    step: StepPath,
    phase: Phase,
    mode: Mode,
    log: Option<Arc<RunLog>>,
    handle: Handle,
    context: Arc<Context>,
    /// The run's pins as the phase began.
    pins: Pins,
    limit: Arc<Limit>,
    inner: Mutex<Inner>,
}

/// By module and name.
type Pins = BTreeMap<(String, String), Value>;

#[derive(Default)]
struct Inner {
    end: Option<End>,
    sent: Sent,
}

impl PhaseGateway {
    pub(crate) fn new(
        bench: &Bench,
        step: &Step,
        phase: Phase,
        mode: Mode,
        timeout: Duration,
    ) -> PhaseGateway {
        let context = Context {
            module: Mutex::new(String::new()),
            run: bench.run,
            clock: Arc::clone(&bench.parts.clock),
            deadline: bench.parts.clock.steady() + timeout,
            pins: Arc::clone(&bench.pins),
            pinned: Mutex::default(),
            stop: bench.stop.clone(),
            target_secrets: bench.session.secrets.clone(),
            secrets: bench.parts.secrets.clone(),
            log: bench.log.clone(),
            writing: Mutex::default(),
            redactor: Arc::clone(&bench.redactor),
        };
        let pins = bench.pins.lock().expect("no holder of this lock panics").clone();
        PhaseGateway {
            pins,
            modules: bench.session.modules.clone(),
            functions: Arc::clone(&bench.functions),
            step: step.path.clone(),
            phase,
            mode,
            log: bench.log.clone(),
            handle: Handle::current(),
            context: Arc::new(context),
            limit: Arc::clone(&bench.limit),
            inner: Mutex::default(),
        }
    }

    pub(crate) fn sent(&self) -> Sent {
        self.lock().sent.clone()
    }

    /// The pins that are not journaled yet.
    pub(crate) fn pinned(&self) -> Vec<Event> {
        std::mem::take(&mut self.context.pinned.lock().expect("no holder of this lock panics"))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder of this lock panics")
    }

    fn end(&self, end: End) -> End {
        self.lock().end.get_or_insert(end).clone()
    }

    /// Why this phase must not write although it was told to: a pin was replaced under it, or was replaced before, and
    /// not every finished step was looked at through the new one. The decision to write may be older than either.
    fn not_now(&self, state: &RunState, now: &Pins, undo: bool) -> Option<String> {
        let replaced = |then: &Pins| {
            let other = then.iter().find(|(key, value)| now.get(*key).is_some_and(|now| now != *value));
            other.map(|((module, name), _)| format!("{module}'s {name} was replaced"))
        };
        // A pin may be replaced in memory before the phase that found out has journaled it.
        replaced(&self.pins).or_else(|| replaced(&state.pins)).or_else(|| {
            let unseen = flow::unseen_since_repin(state).next().filter(|_| !undo);
            unseen.map(|step| format!("'{step}' was not looked at since a pin was replaced"))
        })
    }

    fn refuse(&self, code: Code, message: String) -> End {
        self.end(End::Failed { failure: Failure::invalid(code, message), catchable: false })
    }

    /// Names known, required ones there, kinds right; the arguments in their normal form.
    fn checked(spec: &FunctionSpec, arguments: &Map) -> Result<Map, String> {
        if let Some(stray) =
            arguments.keys().find(|name| !spec.arguments.iter().any(|one| &one.name == *name))
        {
            return Err(format!("{} has no argument '{stray}'; it is {}", spec.path(), spec.signature()));
        }
        let mut normal = Map::new();
        for argument in &spec.arguments {
            match arguments.get(&argument.name) {
                None | Some(Value::Null) if argument.required => {
                    return Err(format!("{} needs '{}': {}", spec.path(), argument.name, argument.doc));
                }
                None | Some(Value::Null) => {}
                Some(value) => {
                    let value = argument
                        .kind
                        .check(value)
                        .map_err(|why| format!("{}, argument '{}': {why}", spec.path(), argument.name))?;
                    normal.insert(argument.name.clone(), value);
                }
            }
        }
        Ok(normal)
    }

    fn host_call(&self, spec: &FunctionSpec, arguments: Map) -> HostCall {
        self.context.name(&spec.module);
        HostCall { function: spec.name.clone(), arguments, context: Arc::clone(&self.context) as _ }
    }

    fn read(&self, module: &dyn HostModule, spec: &FunctionSpec, arguments: Map) -> Result<Value, End> {
        let left = self.context.time_left();
        let call = self.host_call(spec, arguments);
        let answer = self.handle.block_on(async { tokio::time::timeout(left, module.call(call)).await });
        match answer {
            Ok(Ok(reply)) => Ok(reply.value),
            Ok(Err(failure)) => Err(End::Failed { failure, catchable: true }),
            Err(_) => Err(self.end(End::Failed { failure: timed_out(spec), catchable: false })),
        }
    }

    fn write(&self, module: &dyn HostModule, spec: &FunctionSpec, arguments: Map) -> Result<Value, End> {
        if !matches!(self.lock().sent, Sent::Nothing) {
            return Err(self.refuse(
                Code::WriteRefused,
                format!("{} would be the second write of one change; a change is one write", spec.path()),
            ));
        }
        match &self.mode {
            Mode::Think | Mode::Look | Mode::Settle => Err(self
                .refuse(Code::WriteRefused, format!("{} writes, and {} may not", spec.path(), self.phase))),
            Mode::Describe => self.describe(module, spec, arguments),
            Mode::Write { key, attempt, undo } => self.send(module, spec, arguments, key, *attempt, *undo),
        }
    }

    fn describe(&self, module: &dyn HostModule, spec: &FunctionSpec, arguments: Map) -> Result<Value, End> {
        let shown = arguments.iter().map(|(name, value)| (name.clone(), named(value))).collect();
        let call = self.host_call(spec, shown);
        match self.handle.block_on(module.describe(call)) {
            Ok(requests) => {
                self.lock().sent = Sent::Described(requests);
                Err(self.end(End::Recorded))
            }
            Err(failure) => Err(self.end(End::Failed { failure, catchable: false })),
        }
    }

    /// Intent on disk, then the call, then what became of it.
    fn send(
        &self,
        module: &dyn HostModule,
        spec: &FunctionSpec,
        arguments: Map,
        key: &str,
        attempt: u32,
        undo: bool,
    ) -> Result<Value, End> {
        let Some(log) = &self.log else {
            return Err(
                self.refuse(Code::WriteRefused, format!("{} writes, and there is no run", spec.path()))
            );
        };
        if arguments.values().any(|value| value.first_unknown().is_some()) {
            return Err(
                self.refuse(Code::Argument, format!("{} was given a value that is not known", spec.path()))
            );
        }
        let _turn = self.handle.block_on(self.limit.write.lock());
        let intent = Event::Intent {
            step: self.step.clone(),
            key: key.to_owned(),
            attempt,
            function: spec.path(),
            arguments: arguments.clone(),
            settle_ms: spec.settle_ms,
            undo,
        };
        let pinned = self.pinned();
        let events = pinned.iter().cloned().chain([intent]).collect();
        let mut pins = Pins::new();
        let forbids = |state: &RunState| {
            pins = self.context.pins.lock().expect("no holder of this lock panics").clone();
            self.not_now(state, &pins, undo)
        };
        match self.handle.block_on(log.append_unless(forbids, events, Durability::Awaited)) {
            Ok(None) => {}
            Ok(Some(why)) => {
                // What this phase pinned itself is journaled at its end.
                *self.context.pinned.lock().expect("no holder of this lock panics") = pinned;
                let why = format!("{why}; nothing was written");
                let failure = Failure::new(Code::PlanStale, Class::Transient, why)
                    .hint("what is finished is looked at again first, then this");
                return Err(self.end(End::Failed { failure, catchable: false }));
            }
            Err(failure) => return Err(self.end(End::Failed { failure, catchable: false })),
        }
        let left = self.context.time_left();
        let call = self.host_call(spec, arguments);
        self.context.writes(Some(Writing { step: self.step.clone(), key: key.to_owned(), undo, pins }));
        let answer = self.handle.block_on(async { tokio::time::timeout(left, module.call(call)).await });
        self.context.writes(None);
        match answer {
            Ok(Ok(reply)) => {
                self.lock().sent = Sent::Answered { value: reply.value.clone(), evidence: reply.evidence };
                Ok(reply.value)
            }
            Ok(Err(failure)) => {
                let lost = failure.class == Class::InDoubt;
                self.lock().sent =
                    if lost { Sent::Lost(failure.clone()) } else { Sent::Refused(failure.clone()) };
                Err(self.end(End::Failed { failure, catchable: false }))
            }
            Err(_) => {
                let failure = Failure { class: Class::InDoubt, ..timed_out(spec) };
                self.lock().sent = Sent::Lost(failure.clone());
                Err(self.end(End::Failed { failure, catchable: false }))
            }
        }
    }
}

impl Gateway for PhaseGateway {
    fn call(&self, module: &str, function: &str, arguments: Map) -> Result<Value, End> {
        if let Some(end) = self.ended() {
            return Err(end);
        }
        let found = self.functions.iter().find(|spec| spec.module == module && spec.name == function);
        let host = self.modules.iter().find(|host| host.name() == module);
        let (Some(spec), Some(host)) = (found, host) else {
            return Err(
                self.refuse(Code::FunctionUnknown, format!("there is no host function {module}::{function}"))
            );
        };
        if self.mode == Mode::Think {
            return Err(self.refuse(
                Code::WriteRefused,
                format!("{} reaches the target, and {} may not", spec.path(), self.phase),
            ));
        }
        let arguments = match Self::checked(spec, &arguments) {
            Ok(arguments) => arguments,
            Err(why) => return Err(self.refuse(Code::Argument, why)),
        };
        match spec.effect {
            Effect::Read => match arguments.values().find_map(Value::first_unknown) {
                Some(origin) => Ok(Value::Unknown(origin.to_owned())),
                None => self.read(host.as_ref(), spec, arguments),
            },
            Effect::Write => self.write(host.as_ref(), spec, arguments),
        }
    }

    fn ended(&self) -> Option<End> {
        let inner = self.lock();
        if inner.end.is_some() {
            return inner.end.clone();
        }
        // Once a write was sent, its phase goes on to the end: the outcome is worth more than the time.
        let halting = self.log.as_ref().is_some_and(|log| log.halting.load(Ordering::SeqCst));
        let halting = halting && self.mode != Mode::Settle;
        let untouched = matches!(inner.sent, Sent::Nothing);
        drop(inner);
        (untouched && (halting || self.context.cancelled())).then(|| self.end(End::Cancelled))
    }
}

fn timed_out(spec: &FunctionSpec) -> Failure {
    Failure::new(
        Code::Timeout,
        Class::Transient,
        format!("{} did not answer in the time the phase had left", spec.path()),
    )
}

/// Holes by their names, for reading.
fn named(value: &Value) -> Value {
    match value {
        Value::Unknown(origin) => Value::text(format!("<known after {origin}>")),
        Value::List(items) => Value::List(items.iter().map(named).collect()),
        Value::Map(map) => Value::Map(map.iter().map(|(key, item)| (key.clone(), named(item))).collect()),
        other => other.clone(),
    }
}

struct Context {
    /// The module being called: pins are its own.
    module: Mutex<String>,
    run: Option<RunId>,
    clock: Arc<dyn Clock>,
    /// By the clock that nobody can set.
    deadline: Duration,
    pins: Arc<Mutex<Pins>>,
    /// Pins made in this phase and not journaled yet: they go before the next intent, or at the phase's end.
    pinned: Mutex<Vec<Event>>,
    stop: tokio::sync::watch::Receiver<bool>,
    target_secrets: Option<Arc<dyn contracts::SecretSource>>,
    secrets: Option<Arc<dyn contracts::SecretSource>>,
    log: Option<Arc<RunLog>>,
    /// The write under way, whose requests the module may journal.
    writing: Mutex<Option<Writing>>,
    redactor: Arc<Mutex<Redactor>>,
}

#[derive(Clone)]
struct Writing {
    step: StepPath,
    key: String,
    undo: bool,
    /// The pins as the write was allowed with them; whoever replaces one meanwhile does not move this write.
    pins: Pins,
}

impl Context {
    fn name(&self, module: &str) {
        module.clone_into(&mut self.module.lock().expect("no holder of this lock panics"));
    }

    fn writes(&self, writing: Option<Writing>) {
        *self.writing.lock().expect("no holder of this lock panics") = writing;
    }

    fn key(&self, name: &str) -> (String, String) {
        (self.module.lock().expect("no holder of this lock panics").clone(), name.to_owned())
    }
}

#[async_trait]
impl CallContext for Context {
    fn run(&self) -> Option<RunId> {
        self.run
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn time_left(&self) -> Duration {
        self.deadline.saturating_sub(self.clock.steady())
    }

    fn pin(&self, name: &str) -> Option<Value> {
        let key = self.key(name);
        if let Some(writing) = &*self.writing.lock().expect("no holder of this lock panics")
            && let Some(value) = writing.pins.get(&key)
        {
            return Some(value.clone());
        }
        self.pins.lock().expect("no holder of this lock panics").get(&key).cloned()
    }

    fn set_pin(&self, name: &str, value: Value) -> Result<(), Failure> {
        let (module, name) = self.key(name);
        if let Some(writing) = &mut *self.writing.lock().expect("no holder of this lock panics") {
            writing.pins.insert((module.clone(), name.clone()), value.clone());
        }
        self.pins
            .lock()
            .expect("no holder of this lock panics")
            .insert((module.clone(), name.clone()), value.clone());
        if self.run.is_some() {
            let event = Event::PinSet { module, name, value };
            self.pinned.lock().expect("no holder of this lock panics").push(event);
        }
        Ok(())
    }

    fn secret(&self, name: &str) -> Result<SecretText, Failure> {
        // The target names its own; only what it does not name is the engine's to find.
        let Some(secrets) = self.target_secrets.as_ref().or(self.secrets.as_ref()) else {
            return Err(Failure::invalid(Code::Settings, format!("no secret '{name}' is configured")));
        };
        let secret = secrets.find(name)?;
        self.redactor.lock().expect("no holder of this lock panics").add(name, secret.spend());
        Ok(secret)
    }

    async fn sending(&self, request: &str, facts: Map) -> Result<(), Failure> {
        let writing = self.writing.lock().expect("no holder of this lock panics").clone();
        let (Some(log), Some(Writing { step, key, undo, .. })) = (&self.log, writing) else {
            return Err(Failure::bug(format!("{request} would write outside of a change")));
        };
        let event = Event::Sending { step, key, request: request.to_owned(), facts, undo };
        log.append(vec![event], Durability::Awaited).await
    }

    fn cancelled(&self) -> bool {
        *self.stop.borrow()
    }
}
