//! A module over a simulated world, and short ways to call it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use contracts::{CallContext, HostCall, HostModule, HostReply, SecretText};
use exchange::{Command, ExchangeModule, ExchangeShell, Reply, ShellError, ShellErrorKind};
use model::value::Map;
use model::{Failure, RunId, Timestamp, Value};
use serde_json::Value as Json;
use sim::{CmdletError, ErrorKind, World, WorldSpec};

pub(crate) const ACCOUNT: &str = "SfBOnline-ApplicationAccount";
pub(crate) const SKYPE: &str = "00000004-0000-0ff1-ce00-000000000000";

#[derive(Default)]
pub(crate) struct Context {
    pins: Mutex<BTreeMap<String, Value>>,
}

#[async_trait]
impl CallContext for Context {
    fn run(&self) -> Option<RunId> {
        None
    }

    fn now(&self) -> Timestamp {
        Timestamp::parse_rfc3339("2026-06-01T08:00:00Z").unwrap()
    }

    fn time_left(&self) -> Duration {
        Duration::from_secs(30)
    }

    fn pin(&self, name: &str) -> Option<Value> {
        self.pins.lock().unwrap().get(name).cloned()
    }

    fn set_pin(&self, name: &str, value: Value) -> Result<(), Failure> {
        self.pins.lock().unwrap().insert(name.to_owned(), value);
        Ok(())
    }

    fn secret(&self, name: &str) -> Result<SecretText, Failure> {
        Err(Failure::bug(format!("nobody asks for the secret '{name}' here")))
    }

    async fn sending(&self, _request: &str, _facts: Map) -> Result<(), Failure> {
        Ok(())
    }

    fn cancelled(&self) -> bool {
        false
    }
}

/// The world as a shell that writes down what it was sent.
pub(crate) struct Shell {
    pub(crate) world: World,
    sent: Mutex<Vec<Command>>,
}

#[async_trait]
impl ExchangeShell for Shell {
    async fn invoke(&self, command: Command, _context: &dyn CallContext) -> Result<Reply, ShellError> {
        self.sent.lock().unwrap().push(command.clone());
        match self.world.invoke(&command.cmdlet, &command.parameters) {
            Ok(reply) => Ok(Reply { objects: reply.objects, warnings: reply.warnings, evidence: Map::new() }),
            Err(error) => Err(shell_error(error)),
        }
    }
}

fn shell_error(error: CmdletError) -> ShellError {
    ShellError {
        exception_types: vec![error.exception_type],
        error_id: error.fully_qualified_error_id,
        category: error.category_number,
        target: error.target,
        ..ShellError::new(
            match error.kind {
                ErrorKind::RefusedBeforeItRan => ShellErrorKind::RefusedBeforeItRan,
                ErrorKind::Failed => ShellErrorKind::Failed,
                ErrorKind::OutcomeUnknown => ShellErrorKind::OutcomeUnknown,
            },
            error.message,
        )
    }
}

pub(crate) struct Bench {
    pub(crate) shell: Arc<Shell>,
    pub(crate) context: Arc<Context>,
    pub(crate) module: ExchangeModule,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut WorldSpec)) -> Bench {
        let mut spec = WorldSpec::default();
        change(&mut spec);
        let shell = Arc::new(Shell { world: World::new(&spec).unwrap(), sent: Mutex::default() });
        let module = ExchangeModule::new(Arc::clone(&shell) as Arc<dyn ExchangeShell>, None);
        Bench { shell, context: Arc::new(Context::default()), module }
    }

    pub(crate) async fn reply<const N: usize>(
        &self,
        function: &str,
        arguments: [(&str, Value); N],
    ) -> Result<HostReply, Failure> {
        self.module.call(self.call(function, arguments)).await
    }

    pub(crate) async fn get<const N: usize>(&self, function: &str, arguments: [(&str, Value); N]) -> Value {
        self.reply(function, arguments).await.unwrap().value
    }

    pub(crate) async fn fail<const N: usize>(
        &self,
        function: &str,
        arguments: [(&str, Value); N],
    ) -> Failure {
        self.reply(function, arguments).await.unwrap_err()
    }

    pub(crate) fn call<const N: usize>(&self, function: &str, arguments: [(&str, Value); N]) -> HostCall {
        HostCall {
            function: function.to_owned(),
            arguments: arguments.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            context: Arc::clone(&self.context) as Arc<dyn CallContext>,
        }
    }

    /// The account of the document; its GUID.
    pub(crate) async fn new_account(&self) -> Value {
        let address = Value::text(format!("{ACCOUNT}@contoso.com"));
        self.get("new_mail_user", [("name", ACCOUNT.into()), ("external_email_address", address)])
            .await
            .get("guid")
            .unwrap()
            .clone()
    }

    /// The commands sent so far; forgotten by asking.
    pub(crate) fn sent(&self) -> Vec<Command> {
        std::mem::take(&mut self.shell.sent.lock().unwrap())
    }
}

/// A shell that answers as a function says, and writes down what it was sent.
pub(crate) struct Scripted {
    answer: Box<dyn Fn(&Command) -> Result<Vec<Json>, ShellError> + Send + Sync>,
    account: Option<String>,
    sent: Mutex<Vec<Command>>,
}

#[async_trait]
impl ExchangeShell for Scripted {
    async fn invoke(&self, command: Command, _context: &dyn CallContext) -> Result<Reply, ShellError> {
        self.sent.lock().unwrap().push(command.clone());
        (self.answer)(&command).map(|objects| Reply { objects, ..Reply::default() })
    }

    fn account(&self) -> Option<String> {
        self.account.clone()
    }
}

impl Scripted {
    pub(crate) fn new(
        answer: impl Fn(&Command) -> Result<Vec<Json>, ShellError> + Send + Sync + 'static,
    ) -> Scripted {
        Scripted { answer: Box::new(answer), account: None, sent: Mutex::default() }
    }

    pub(crate) fn signed_in(self, account: &str) -> Scripted {
        Scripted { account: Some(account.to_owned()), ..self }
    }

    /// The lines of what was sent so far; forgotten by asking.
    pub(crate) fn sent(&self) -> Vec<Command> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

/// A module over a scripted shell.
pub(crate) struct Stage {
    pub(crate) shell: Arc<Scripted>,
    pub(crate) context: Arc<Context>,
    pub(crate) module: ExchangeModule,
}

impl Stage {
    pub(crate) fn new(shell: Scripted) -> Stage {
        let shell = Arc::new(shell);
        let module = ExchangeModule::new(Arc::clone(&shell) as Arc<dyn ExchangeShell>, None);
        Stage { shell, context: Arc::new(Context::default()), module }
    }

    pub(crate) async fn reply<const N: usize>(
        &self,
        function: &str,
        arguments: [(&str, Value); N],
    ) -> Result<HostReply, Failure> {
        let arguments = arguments.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let context = Arc::clone(&self.context) as Arc<dyn CallContext>;
        self.module.call(HostCall { function: function.to_owned(), arguments, context }).await
    }
}

/// The error record of an exception with its bases, in the language of a German server.
pub(crate) fn record(types: &[&str]) -> ShellError {
    ShellError {
        exception_types: types.iter().map(|name| (*name).to_owned()).collect(),
        ..ShellError::new(ShellErrorKind::Failed, "Der Vorgang konnte nicht ausgef\u{fc}hrt werden.")
    }
}

pub(crate) fn canned(answer: fn(&str) -> Vec<Json>) -> (ExchangeModule, Arc<Context>) {
    let shell = Scripted::new(move |command| Ok(answer(&command.cmdlet)));
    (ExchangeModule::new(Arc::new(shell), None), Arc::new(Context::default()))
}
