//! A shell that is there when it is needed: opened at the first command, kept for the next, closed at the end.

mod overtime;
mod session;
#[cfg(test)]
mod tests;

use std::time::Duration;

use contracts::{CallContext, Check, CheckVerdict};
use model::Timestamp;
use tokio::sync::{Mutex, MutexGuard};

use crate::call::{CallError, Command, Outcome, Refusal, RefusalKind};
use crate::request::{Statement, check};
use crate::settings::Connection;
use crate::transport::Transport;
use session::{RunError, Session};

/// Runs one command after the other in one session at the far end. Sessions are limited: this holds at most one.
pub struct Shell {
    connection: Option<Connection>,
    connect: Box<dyn Fn() -> Box<dyn Transport> + Send + Sync>,
    startup: Option<String>,
    patience: Patience,
    session: Mutex<Option<Held>>,
}

/// An open session and when it was last used.
struct Held {
    session: Session,
    used: Timestamp,
}

/// How long the shell waits for what.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    /// Pauses between tries where the account has too many sessions, or the server is busy.
    pub(crate) pauses: Vec<Duration>,
    /// Before a question for output is asked again that did not reach the server.
    pub(crate) again: Duration,
    /// For the last words of a pipeline that was stopped.
    pub(crate) last_words: Duration,
    /// For closing a session.
    pub(crate) close: Duration,
    /// A session that was idle for longer is not trusted: servers end idle ones, and a command sent to one that is
    /// just ending could be lost.
    pub(crate) idle: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            pauses: [1, 2, 4].map(Duration::from_secs).to_vec(),
            again: Duration::from_millis(500),
            last_words: Duration::from_secs(10),
            close: Duration::from_secs(10),
            idle: Duration::from_mins(10),
        }
    }
}

/// How often somebody who waits looks whether the call was cancelled.
const LOOK: Duration = Duration::from_millis(250);

impl Shell {
    /// Opens nothing yet.
    pub fn new(connection: Connection) -> Shell {
        let startup = match &connection {
            Connection::Remote(_) => None,
            Connection::Local(settings) => settings.startup.clone(),
        };
        let settings = connection.clone();
        Shell {
            connection: Some(connection),
            connect: Box::new(move || crate::connect::transport(&settings)),
            startup,
            patience: Patience::default(),
            session: Mutex::new(None),
        }
    }

    /// A shell over a test's own transports, which does not rest between tries.
    #[cfg(test)]
    pub(crate) fn over(connect: impl Fn() -> Box<dyn Transport> + Send + Sync + 'static) -> Shell {
        let patience = Patience {
            pauses: vec![Duration::ZERO; 2],
            again: Duration::ZERO,
            close: Duration::from_millis(200),
            ..Patience::default()
        };
        let connect = Box::new(connect);
        Shell { connection: None, connect, startup: None, patience, session: Mutex::new(None) }
    }

    /// Runs one command and waits for its end, for as long as the context allows. A cancelled or late command is
    /// stopped, and its last words are waited for.
    pub async fn run(&self, command: &Command, context: &dyn CallContext) -> Result<Outcome, CallError> {
        let statement = Statement::Cmdlet(command);
        if let Err(error) = check(command) {
            let message = format!("send {} with its parameters: {error}", command.cmdlet);
            return Err(refused(RefusalKind::Settings, message));
        }
        let mut held = self.lock(context).await?;
        let mut pauses = self.patience.pauses.iter();
        let mut reopened = false;
        loop {
            let attempt = match self.session(&mut held, context).await {
                Ok(mut session) => match session.run(&statement, context).await {
                    Ok(ran) => {
                        if ran.reusable {
                            *held = Some(Held { session, used: context.now() });
                        } else {
                            session.close().await;
                        }
                        return Ok(ran.outcome);
                    }
                    Err(error) => {
                        session.close().await;
                        error
                    }
                },
                Err(refusal) => RunError::Refused(refusal),
            };
            let refusal = match attempt {
                RunError::Unknown(message) => return Err(CallError::Unknown { message }),
                RunError::Gone(_) if !reopened => {
                    reopened = true;
                    continue;
                }
                RunError::Gone(message) => Refusal { kind: RefusalKind::Unreachable, message, advice: None },
                RunError::Refused(refusal) => refusal,
            };
            let passing = matches!(refusal.kind, RefusalKind::Quota | RefusalKind::Busy);
            match pauses.next() {
                Some(pause) if passing && *pause < context.time_left() => rest(*pause, context).await?,
                _ => return Err(CallError::Refused(refusal)),
            }
        }
    }

    /// Closes the session, if one is open; a later command opens another.
    pub async fn close(&self) {
        if let Some(held) = self.session.lock().await.take() {
            held.session.close().await;
        }
    }

    /// Checks the connection from its name to an open session, in a session of its own, and runs no command.
    pub async fn examine(&self, context: &dyn CallContext) -> Vec<Check> {
        let mut checks = match &self.connection {
            Some(connection) => crate::connect::examine(connection, context).await,
            None => Vec::new(),
        };
        // A clock that is wrong need not stop a session; whatever else is not so does.
        let stops = |check: &Check| check.verdict == CheckVerdict::NotSo && check.name != "clock";
        if checks.iter().any(stops) {
            return checks;
        }
        match self.open(context).await {
            Ok(session) => {
                checks.push(Check::so("exchange", "session", session.description()));
                if let Some(error) = session.startup_errors().first() {
                    checks.push(Check::not_so(
                        "exchange",
                        "start-up",
                        format!("the start-up script says: {}", error.message),
                        "run the script by hand in a new PowerShell window on this machine, as the same account",
                    ));
                } else if self.startup.is_some() {
                    checks.push(Check::so(
                        "exchange",
                        "start-up",
                        "the start-up script ran without an error",
                    ));
                }
                session.close().await;
            }
            Err(refusal) => {
                let name = if refusal.kind == RefusalKind::SignIn { "sign-in" } else { "session" };
                let mut check = Check::cannot_tell("exchange", name, refusal.message);
                check.verdict = CheckVerdict::NotSo;
                check.advice = refusal.advice.or_else(|| advice(refusal.kind).map(str::to_owned));
                checks.push(check);
            }
        }
        checks
    }

    /// The session that is open and fresh, or a new one. It is out of the shell while a command runs in it, so that a
    /// call which is given up half-way leaves no session behind that is in the middle of something.
    async fn session(&self, held: &mut Option<Held>, context: &dyn CallContext) -> Result<Session, Refusal> {
        if context.cancelled() {
            return Err(cancelled());
        }
        if let Some(Held { session, used }) = held.take() {
            if context.now().since(used) <= self.patience.idle {
                return Ok(session);
            }
            session.close().await;
        }
        self.open(context).await
    }

    async fn open(&self, context: &dyn CallContext) -> Result<Session, Refusal> {
        Session::open((self.connect)(), self.startup.as_deref(), context, &self.patience).await
    }

    async fn lock(&self, context: &dyn CallContext) -> Result<MutexGuard<'_, Option<Held>>, CallError> {
        loop {
            if let Ok(guard) = tokio::time::timeout(LOOK, self.session.lock()).await {
                return Ok(guard);
            }
            ensure_time(context).map_err(CallError::Refused)?;
        }
    }
}

/// An error where the call has no time left or was cancelled. Only asked before something is sent.
pub(crate) fn ensure_time(context: &dyn CallContext) -> Result<(), Refusal> {
    if context.cancelled() {
        return Err(cancelled());
    }
    if context.time_left().is_zero() {
        let message = "the time for this call is up before the command was sent".to_owned();
        return Err(Refusal { kind: RefusalKind::Unreachable, message, advice: None });
    }
    Ok(())
}

async fn rest(pause: Duration, context: &dyn CallContext) -> Result<(), CallError> {
    let mut left = pause;
    while !left.is_zero() {
        ensure_time(context).map_err(CallError::Refused)?;
        let part = left.min(LOOK);
        tokio::time::sleep(part).await;
        left -= part;
    }
    Ok(())
}

fn cancelled() -> Refusal {
    let message = "the call was cancelled before the command was sent".to_owned();
    Refusal { kind: RefusalKind::Cancelled, message, advice: None }
}

fn refused(kind: RefusalKind, message: String) -> CallError {
    CallError::Refused(Refusal { kind, message, advice: None })
}

fn advice(kind: RefusalKind) -> Option<&'static str> {
    match kind {
        RefusalKind::Quota => {
            Some("close PowerShell sessions of this account, or wait until idle ones end by themselves")
        }
        RefusalKind::Busy => Some("wait a minute and try again"),
        RefusalKind::Denied => {
            Some("let the account use remote PowerShell: Set-User -RemotePowerShellEnabled $true")
        }
        RefusalKind::Unreachable
        | RefusalKind::Tls
        | RefusalKind::SignIn
        | RefusalKind::NotPowerShell
        | RefusalKind::Protocol
        | RefusalKind::Settings
        | RefusalKind::Cancelled => None,
    }
}
