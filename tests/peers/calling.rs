//! Our shell against the remoting peer: how the tests make one, and what they call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use contracts::{CallContext, Clock as _, SecretText};
use model::value::Map;
use model::{Failure, RunId, Timestamp};
use powershell::clixml::Value;
use powershell::{
    CallError, Command, Connection, EXCHANGE_CONFIGURATION, Ended, Outcome, RefusalKind, RemoteAuth,
    RemoteSettings, Shell,
};

use runtime::SystemClock;
use tokio::time::Instant;

use crate::psrp_peer::{PASSWORD, PsrpPeer, USER};

/// The name under which the tests keep the password.
const SECRET: &str = "exchange.password";

/// How to reach the peer, the way a target file says it.
pub(crate) fn settings(peer: &PsrpPeer) -> RemoteSettings {
    RemoteSettings {
        uri: peer.url(),
        auth: RemoteAuth::Basic { user: USER.to_owned(), password: SECRET.to_owned() },
        configuration: EXCHANGE_CONFIGURATION.to_owned(),
        only_roots: None,
        allow_http: true,
        poll: Duration::from_secs(2),
    }
}

pub(crate) fn shell(peer: &PsrpPeer) -> Shell {
    Shell::new(Connection::Remote(settings(peer)))
}

/// Somebody who calls: knows the password, has a while, and may change their mind.
pub(crate) struct Call {
    password: &'static str,
    /// When the call must be over.
    end: Instant,
    pub(crate) stop: AtomicBool,
}

impl Call {
    fn new(password: &'static str, time_left: Duration) -> Call {
        Call { password, end: Instant::now() + time_left, stop: AtomicBool::new(false) }
    }
}

/// Somebody who knows the password and has half a minute for one call.
pub(crate) fn caller() -> Call {
    Call::new(PASSWORD, Duration::from_secs(30))
}

/// A caller who has less time, or more.
pub(crate) fn hurried(time_left: Duration) -> Call {
    Call::new(PASSWORD, time_left)
}

/// A caller with a wrong password.
pub(crate) fn stranger() -> Call {
    Call::new("guessed", Duration::from_secs(30))
}

#[async_trait]
impl CallContext for Call {
    fn run(&self) -> Option<RunId> {
        None
    }

    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn time_left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    fn pin(&self, _: &str) -> Option<model::Value> {
        None
    }

    fn set_pin(&self, _: &str, _: model::Value) -> Result<(), Failure> {
        Ok(())
    }

    fn secret(&self, name: &str) -> Result<SecretText, Failure> {
        assert_eq!(name, SECRET, "only the target's password is asked for");
        Ok(SecretText::new(self.password.to_owned()))
    }

    async fn sending(&self, _: &str, _: Map) -> Result<(), Failure> {
        Ok(())
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

pub(crate) fn command<const N: usize>(cmdlet: &str, parameters: [(&str, Value); N]) -> Command {
    Command {
        cmdlet: cmdlet.to_owned(),
        parameters: parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The outcome of a command that must have completed without an error.
#[track_caller]
pub(crate) fn completed(result: Result<Outcome, CallError>) -> Outcome {
    let outcome = result.unwrap_or_else(|error| panic!("no outcome: {error:?}"));
    assert_eq!(outcome.ended, Ended::Completed, "{outcome:?}");
    assert_eq!(outcome.errors, Vec::new());
    outcome
}

/// The kind of a refusal: nothing ran.
#[track_caller]
pub(crate) fn refused(result: Result<Outcome, CallError>) -> (RefusalKind, String) {
    match result {
        Err(CallError::Refused(refusal)) => {
            let advice = refusal.advice.unwrap_or_default();
            (refusal.kind, format!("{} | {advice}", refusal.message))
        }
        other => panic!("it was not refused: {other:?}"),
    }
}
