//! A declared module as the engine calls it: one process, started when it is first needed, asked one thing at a time.

use std::any::Any;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contracts::{CallContext, HostCall, HostModule, HostReply, SecretText, WireRequest};
use model::value::Map;
use model::{Class, Code, Effect, Failure, FunctionSpec, OwnModule, Redactor, Value};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::Mutex;

use crate::child::{Child, Start};
use crate::outcome::{not_started, of_answer, of_broken};
use crate::pinned::unchanged;
use crate::talk::{Broken, Talk, limit_within};
use crate::wire::{Answer, Say};

/// How long a program may take to say hello.
const HELLO: Duration = Duration::from_secs(30);

/// What a program gets to see of the process that starts it.
#[derive(Clone)]
pub struct Surroundings {
    /// This process's environment, of which a program sees what its declaration names.
    pub variable: fn(&str) -> Option<OsString>,
    /// Given, the stand-in is started and never the program itself.
    pub world: Option<StandInWorld>,
}

/// Where a stand-in keeps its world.
#[derive(Clone)]
pub struct StandInWorld {
    pub folder: PathBuf,
    /// Whatever must live as long as the folder is used.
    pub keep: Option<Arc<dyn Any + Send + Sync>>,
}

pub struct ProcessModule {
    declared: OwnModule,
    functions: Vec<FunctionSpec>,
    /// Taken out for the length of a call: a call that is given up, whatever the reason, takes its process with it.
    running: Mutex<Option<Running>>,
    surroundings: Surroundings,
}

struct Running {
    talk: Talk<ChildStdin, ChildStdout>,
    child: Child,
    describes: bool,
}

impl ProcessModule {
    /// Starts nothing yet. Refused where a stand-in is wanted and none is declared: a simulation must reach nothing real.
    pub fn new(declared: OwnModule, surroundings: Surroundings) -> Result<ProcessModule, Failure> {
        let mut functions = declared.functions.clone();
        if surroundings.world.is_some() {
            if declared.simulate.is_empty() {
                let name = &declared.name;
                let message = format!("nothing stands in for module '{name}' on a simulated target");
                return Err(Failure::new(Code::OwnProgram, Class::Denied, message).hint(format!(
                    "declare it: [modules.{name}] simulate = [\"…\"]; docs/guides/your-own-functions.md shows one"
                )));
            }
            // A stand-in's writes have settled when it answers.
            for spec in &mut functions {
                spec.settle_ms = 0;
            }
        }
        Ok(ProcessModule { declared, functions, running: Mutex::default(), surroundings })
    }

    fn spec(&self, function: &str) -> Result<&FunctionSpec, Failure> {
        self.functions.iter().find(|spec| spec.name == function).ok_or_else(|| {
            let message = format!("there is no host function {}::{function}", self.declared.name);
            Failure::invalid(Code::FunctionUnknown, message)
        })
    }

    /// A process that runs and has been greeted: the one from before, or a new one.
    async fn running(&self, before: Option<Running>) -> Result<Running, Failure> {
        if let Some(mut running) = before
            && running.child.lives()
        {
            return Ok(running);
        }
        self.start().await
    }

    async fn start(&self) -> Result<Running, Failure> {
        let declared = self.declared.clone();
        tokio::task::spawn_blocking(move || unchanged(&declared))
            .await
            .map_err(|stopped| Failure::bug(format!("looking at pinned files stopped: {stopped}")))??;
        let world = self.surroundings.world.as_ref().map(|world| world.folder.to_string_lossy());
        let start = Start {
            words: if world.is_some() { &self.declared.simulate } else { &self.declared.program },
            folder: Path::new(&self.declared.folder),
            environment: &self.declared.environment,
            variable: self.surroundings.variable,
        };
        let name = &self.declared.name;
        let (input, output, child) = start.launch().map_err(|why| not_started(name, &why, None))?;
        let mut talk = Talk::new(input, output);
        match talk.greet(&self.declared, world.as_deref(), HELLO).await {
            Ok(describes) => Ok(Running { talk, child, describes }),
            Err(Broken::NotSent(why) | Broken::Lost(why) | Broken::Wrong(why)) => {
                Err(not_started(name, &why, child.kill().await))
            }
        }
    }

    /// The secrets that the declaration names, and what takes their values out of everything that comes back. A handle of
    /// any other secret among the arguments is refused: the program would get a name that it can do nothing with.
    fn secrets(&self, call: &HostCall) -> Result<(BTreeMap<&str, SecretText>, Redactor), Failure> {
        if let Some(stray) = call.arguments.values().find_map(|value| self.stray_secret(value)) {
            let message = format!("module '{}' may not have the secret '{stray}'", self.declared.name);
            return Err(Failure::new(Code::Argument, Class::Denied, message)
                .hint(format!("name it in {}: secrets = [\"{stray}\"]", self.declared.file)));
        }
        let mut redactor = Redactor::default();
        let mut secrets = BTreeMap::new();
        for name in &self.declared.secrets {
            let secret = call.context.secret(name)?;
            redactor.add(name, secret.spend());
            secrets.insert(name.as_str(), secret);
        }
        Ok((secrets, redactor))
    }

    fn stray_secret<'v>(&self, value: &'v Value) -> Option<&'v str> {
        match value {
            Value::Secret(name) => (!self.declared.secrets.contains(name)).then_some(name.as_str()),
            Value::List(items) => items.iter().find_map(|item| self.stray_secret(item)),
            Value::Map(map) => map.values().find_map(|item| self.stray_secret(item)),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Unknown(_)
            | Value::CannotTell(_) => None,
        }
    }

    fn limit(&self, context: &dyn CallContext) -> Duration {
        limit_within(context.time_left().min(Duration::from_millis(self.declared.timeout_ms)))
    }
}

#[async_trait]
impl HostModule for ProcessModule {
    fn name(&self) -> &str {
        &self.declared.name
    }

    fn functions(&self) -> &[FunctionSpec] {
        &self.functions
    }

    async fn call(&self, call: HostCall) -> Result<HostReply, Failure> {
        let spec = self.spec(&call.function)?;
        let (secrets, redactor) = self.secrets(&call)?;
        let mut slot = self.running.lock().await;
        let mut running = self.running(slot.take()).await?;
        if call.context.cancelled() {
            *slot = Some(running);
            let message = format!("the run was cancelled before {} was sent", spec.path());
            return Err(Failure::new(Code::Cancelled, Class::Denied, message));
        }
        let limit = self.limit(call.context.as_ref());
        let question = |id| Say::Call {
            id,
            function: &call.function,
            arguments: &call.arguments,
            run: call.context.run().map(|run| run.to_string()),
            mode: spec.effect,
            time_left_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
            secrets: secrets.iter().map(|(name, secret)| (*name, secret.spend())).collect(),
        };
        // A write that was sent is waited for: its outcome is worth more than the time.
        let unwanted = || spec.effect == Effect::Read && call.context.cancelled();
        match running.talk.ask(question, limit, &unwanted).await {
            Ok(answer) => {
                let said = running.child.said();
                *slot = Some(running);
                of_answer(spec, answer, said, &redactor)
            }
            Err(broken) => Err(of_broken(spec, broken, running.child.kill().await, &redactor)),
        }
    }

    /// A program that describes its calls is asked; else what is sent is the call itself.
    async fn describe(&self, call: HostCall) -> Result<Vec<WireRequest>, Failure> {
        let spec = self.spec(&call.function)?;
        let mut slot = self.running.lock().await;
        let mut running = self.running(slot.take()).await?;
        if !running.describes {
            *slot = Some(running);
            return Ok(vec![plainly(spec, &call.arguments)]);
        }
        let question = |id| Say::Describe { id, function: &call.function, arguments: &call.arguments };
        let asked = running.talk.ask(question, self.limit(call.context.as_ref()), &|| false).await;
        let (none, no_secrets) = (None, Redactor::default());
        // Nothing is written while a call is described, whatever the call would do.
        let harmless = FunctionSpec { effect: Effect::Read, ..spec.clone() };
        match asked {
            Ok(Answer::Described { requests, .. }) => {
                *slot = Some(running);
                Ok(requests)
            }
            Ok(answer) => {
                *slot = Some(running);
                let wrong = Broken::Wrong("it answered something that was not asked".to_owned());
                Err(of_answer(&harmless, answer, none, &no_secrets)
                    .err()
                    .unwrap_or_else(|| of_broken(&harmless, wrong, None, &no_secrets)))
            }
            Err(broken) => Err(of_broken(&harmless, broken, running.child.kill().await, &no_secrets)),
        }
    }

    async fn close(&self) {
        if let Some(Running { talk, child, .. }) = self.running.lock().await.take() {
            // Its input ends, and so does a program that keeps to the protocol.
            drop(talk);
            child.leave().await;
        }
    }
}

fn plainly(spec: &FunctionSpec, arguments: &Map) -> WireRequest {
    let body = serde_json::to_string_pretty(arguments).expect("arguments always have a JSON form");
    WireRequest { channel: "program".to_owned(), line: spec.path(), body }
}

impl std::fmt::Debug for ProcessModule {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ProcessModule").field("name", &self.declared.name).finish_non_exhaustive()
    }
}
