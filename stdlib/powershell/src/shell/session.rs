//! One session: a transport, the pool that is open over it, and one command at a time in that.

use std::time::Duration;

use contracts::CallContext;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::overtime::Overtime;
use super::{Patience, ensure_time};
use crate::call::{Ended, ErrorRecord, Outcome, Refusal, RefusalKind, SessionFacts};
use crate::pipeline::Pipeline;
use crate::pool::{Pool, PoolState};
use crate::request::Statement;
use crate::transport::{Received, Transport, TransportError};

pub(super) struct Session {
    /// Taken out when it is closed.
    transport: Option<Box<dyn Transport>>,
    pool: Pool,
    startup_errors: Vec<ErrorRecord>,
    patience: Patience,
}

/// Why a command has no outcome.
#[derive(Debug)]
pub(super) enum RunError {
    /// Nothing ran.
    Refused(Refusal),
    /// Nothing ran, because the session is not there any more; another one may serve.
    Gone(String),
    /// It may have run.
    Unknown(String),
}

pub(super) struct Ran {
    pub(super) outcome: Outcome,
    /// Whether another command may be run in the same session.
    pub(super) reusable: bool,
}

/// One look for words of the server; in between, somebody may cancel.
const WAIT: Duration = Duration::from_secs(1);

/// How often a question for output is asked again that did not reach the server.
const ASK_AGAIN_MAX: u32 = 5;

impl Session {
    /// Opens the far end and waits until it is ready. Runs the start-up script, if there is one; a script that fails is
    /// a refusal, errors along its way are kept.
    pub(super) async fn open(
        mut transport: Box<dyn Transport>,
        startup: Option<&str>,
        context: &dyn CallContext,
        patience: &Patience,
    ) -> Result<Session, Refusal> {
        ensure_time(context)?;
        let mut pool = Pool::new(Uuid::new_v4());
        let opening = pool.opening();
        let opened = transport.open(pool.id(), opening, context).await;
        let mut session = Session {
            transport: Some(transport),
            pool,
            startup_errors: Vec::new(),
            patience: patience.clone(),
        };
        let ready = match opened {
            Ok(()) => session.become_ready(startup, context).await,
            Err(error) => Err(refusal(error)),
        };
        match ready {
            Ok(()) => Ok(session),
            Err(refusal) => {
                session.close().await;
                Err(refusal)
            }
        }
    }

    async fn become_ready(
        &mut self,
        startup: Option<&str>,
        context: &dyn CallContext,
    ) -> Result<(), Refusal> {
        while *self.pool.state() == PoolState::Opening {
            ensure_time(context)?;
            let bytes = match self.transport().receive(None, WAIT, context).await.map_err(refusal)? {
                Received::Bytes(bytes) | Received::Done(bytes) => bytes,
                Received::Nothing => {
                    tokio::task::yield_now().await;
                    continue;
                }
            };
            self.pool
                .receive(&bytes)
                .map_err(|error| protocol(format!("open a PowerShell session: {error}")))?;
        }
        if *self.pool.state() != PoolState::Opened {
            return Err(self.pool.refusal());
        }
        let Some(script) = startup else { return Ok(()) };
        let ran = match self.run(&Statement::Script(script), context).await {
            Ok(ran) => ran,
            Err(RunError::Refused(refusal)) => return Err(refusal),
            Err(RunError::Gone(message) | RunError::Unknown(message)) => {
                return Err(protocol(format!("run the start-up script: {message}")));
            }
        };
        self.startup_errors = ran.outcome.errors;
        match ran.outcome.ended {
            Ended::Completed if ran.reusable => Ok(()),
            Ended::Failed(record) => Err(Refusal {
                kind: RefusalKind::Settings,
                message: format!("run the start-up script: {}", record.message),
                advice: Some("run the script by hand in a new PowerShell window on this machine".to_owned()),
            }),
            Ended::Completed | Ended::Stopped => {
                Err(protocol("run the start-up script: it was stopped".to_owned()))
            }
        }
    }

    /// Runs one statement to its end.
    pub(super) async fn run(
        &mut self,
        statement: &Statement<'_>,
        context: &dyn CallContext,
    ) -> Result<Ran, RunError> {
        let mut pipeline = Pipeline::new(Uuid::new_v4());
        let fragment_max = self.transport().fragment_max();
        let fragments = self.pool.pipeline(pipeline.id(), statement, fragment_max).map_err(|error| {
            let message = format!("send {} with its parameters: {error}", statement.name());
            RunError::Refused(Refusal { kind: RefusalKind::Settings, message, advice: None })
        })?;
        ensure_time(context).map_err(RunError::Refused)?;
        match self.transport().start(pipeline.id(), fragments, context).await {
            Ok(()) => {}
            Err(TransportError::Refused(refusal)) => return Err(RunError::Refused(refusal)),
            Err(TransportError::Gone { message }) => return Err(RunError::Gone(message)),
            Err(TransportError::Lost { message }) => {
                return Err(RunError::Unknown(format!("send {}: {message}", statement.name())));
            }
        }
        let mut unheard = 0;
        let why = loop {
            if pipeline.has_ended() {
                break None;
            }
            if pipeline.asks() {
                break Some("it asked a question that nobody can answer");
            }
            if context.cancelled() {
                break Some("the call was cancelled");
            }
            if context.time_left().is_zero() {
                break Some("the time for this call is up");
            }
            self.listen(&mut pipeline, &mut unheard, context)
                .await
                .map_err(|error| RunError::Unknown(format!("wait for {}: {error}", statement.name())))?;
        };
        let Some(why) = why else {
            // A command that is not let go of costs the server a little memory, and us the session.
            let limit = self.patience.last_words;
            let overtime = Overtime { context, time: limit };
            let finished = tokio::time::timeout(limit, self.transport().finish(pipeline.id(), &overtime));
            let reusable = matches!(finished.await, Ok(Ok(())));
            return self.ran(pipeline, reusable).ok_or_else(|| RunError::Unknown(String::new()));
        };
        self.last_words(&mut pipeline, context).await.map_err(|error| {
            RunError::Unknown(format!("{why}; stop {}: {error}; what it did is not known", statement.name()))
        })?;
        self.ran(pipeline, false).ok_or_else(|| RunError::Unknown(why.to_owned()))
    }

    /// Stops the pipeline and hears it out, for a while.
    async fn last_words(&mut self, pipeline: &mut Pipeline, context: &dyn CallContext) -> Result<(), String> {
        let limit = self.patience.last_words;
        let overtime = Overtime { context, time: limit };
        let all = async {
            match self.transport().stop(pipeline.id(), &overtime).await {
                Ok(()) => {}
                Err(TransportError::Refused(refusal)) => return Err(refusal.message),
                Err(TransportError::Gone { message } | TransportError::Lost { message }) => {
                    return Err(message);
                }
            }
            let mut unheard = 0;
            while !pipeline.has_ended() {
                self.listen(pipeline, &mut unheard, &overtime).await?;
            }
            Ok(())
        };
        tokio::time::timeout(limit, all)
            .await
            .unwrap_or_else(|_| Err(format!("no answer for {} s", limit.as_secs())))
    }

    /// Takes what the server says next. An error means that nothing more will be known.
    async fn listen(
        &mut self,
        pipeline: &mut Pipeline,
        unheard: &mut u32,
        context: &dyn CallContext,
    ) -> Result<(), String> {
        let wait = WAIT.min(context.time_left().max(Duration::from_millis(50)));
        let (bytes, done) = match self.transport().receive(Some(pipeline.id()), wait, context).await {
            Ok(Received::Bytes(bytes)) => (bytes, false),
            Ok(Received::Done(bytes)) => (bytes, true),
            Ok(Received::Nothing) => {
                tokio::task::yield_now().await;
                return Ok(());
            }
            // A question for output that was not heard changes nothing and is asked again.
            Err(TransportError::Refused(refusal)) => {
                *unheard += 1;
                let passing =
                    matches!(refusal.kind, RefusalKind::Busy | RefusalKind::Quota | RefusalKind::Unreachable);
                if !passing || *unheard > ASK_AGAIN_MAX {
                    return Err(refusal.message);
                }
                tokio::time::sleep(self.patience.again).await;
                return Ok(());
            }
            Err(TransportError::Gone { message } | TransportError::Lost { message }) => return Err(message),
        };
        *unheard = 0;
        for message in pipeline.receive(&bytes).map_err(|error| error.to_string())? {
            self.pool.accept(&message).map_err(|error| error.to_string())?;
        }
        if done && !pipeline.has_ended() {
            return Err("the server says that it ended, and not how".to_owned());
        }
        Ok(())
    }

    fn ran(&self, pipeline: Pipeline, reusable: bool) -> Option<Ran> {
        let transport = self.transport.as_ref()?;
        let facts = SessionFacts {
            shell_id: transport.shell_id(),
            pipeline_id: pipeline.id().to_string(),
            server: transport.server(),
        };
        let reusable = reusable && *self.pool.state() == PoolState::Opened;
        Some(Ran { outcome: pipeline.outcome(facts)?, reusable })
    }

    pub(super) fn description(&self) -> String {
        let server = self.transport.as_ref().map(|transport| transport.server()).unwrap_or_default();
        format!("{server} opened a session, remoting protocol 2.{}", self.pool.server_protocol())
    }

    pub(super) fn startup_errors(&self) -> &[ErrorRecord] {
        &self.startup_errors
    }

    pub(super) async fn close(mut self) {
        if let Some(mut transport) = self.transport.take() {
            transport.close(self.patience.close).await;
        }
    }

    fn transport(&mut self) -> &mut dyn Transport {
        self.transport.as_deref_mut().expect("it is taken out only when the session is closed or dropped")
    }
}

impl Drop for Session {
    /// A call that was given up half-way leaves its session here. It is closed in the background: the account may have
    /// few of them.
    fn drop(&mut self) {
        if let Some(mut transport) = self.transport.take()
            && let Ok(runtime) = Handle::try_current()
        {
            let limit = self.patience.close;
            runtime.spawn(async move { transport.close(limit).await });
        }
    }
}

/// Where no command was sent yet, whatever went wrong means that nothing ran.
fn refusal(error: TransportError) -> Refusal {
    match error {
        TransportError::Refused(refusal) => refusal,
        TransportError::Gone { message } | TransportError::Lost { message } => {
            Refusal { kind: RefusalKind::Unreachable, message, advice: None }
        }
    }
}

fn protocol(message: String) -> Refusal {
    Refusal { kind: RefusalKind::Protocol, message, advice: None }
}
