//! A runspace pool as its client sees it: a state machine over messages, without I/O.

use uuid::Uuid;

use crate::call::{ErrorRecord, Refusal, RefusalKind};
use crate::clixml::{self, Limits, Value, read};
use crate::error_record::decode;
use crate::message::{Defragmenter, Destination, FragmentError, Message, MessageError, MessageKind, split};
use crate::request::{Statement, create_pipeline, init_runspace_pool, session_capability};

/// The largest message that is put together.
pub(crate) const MESSAGE_BYTES_MAX: usize = 32 << 20;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PoolState {
    /// The first messages are sent, or about to be.
    Opening,
    Opened,
    /// It cannot be used (any more); the record says why, where the server gave one.
    Broken(Option<ErrorRecord>),
    Closed,
}

/// What the other side did wrong.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum ProtocolError {
    #[error(transparent)]
    Fragment(#[from] FragmentError),
    #[error(transparent)]
    Message(#[from] MessageError),
    #[error(transparent)]
    Clixml(#[from] clixml::Error),
    #[error("a message for the other side came back")]
    Direction,
    #[error("the server speaks version {0} of the remoting protocol, not 2")]
    Version(String),
    #[error("a message without its {0}")]
    Missing(&'static str),
    #[error("more than {max} {what} from one command")]
    Limit { what: &'static str, max: usize },
}

#[derive(Debug)]
pub(crate) struct Pool {
    id: Uuid,
    state: PoolState,
    stream: Defragmenter,
    next_object: u64,
    /// The minor version of the protocol that the server said.
    server_protocol: u32,
}

impl Pool {
    pub(crate) fn new(id: Uuid) -> Pool {
        Pool {
            id,
            state: PoolState::Opening,
            stream: Defragmenter::new(MESSAGE_BYTES_MAX),
            next_object: 1,
            // What the oldest server speaks, until this one has said more.
            server_protocol: 1,
        }
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    pub(crate) fn state(&self) -> &PoolState {
        &self.state
    }

    pub(crate) fn server_protocol(&self) -> u32 {
        self.server_protocol
    }

    /// The fragments that open the pool: who we are, and what we want.
    pub(crate) fn opening(&mut self) -> Vec<u8> {
        let capability =
            self.fragments(MessageKind::SessionCapability, None, session_capability(), usize::MAX);
        let pool = self.fragments(MessageKind::InitRunspacePool, None, init_runspace_pool(), usize::MAX);
        [capability.concat(), pool.concat()].concat()
    }

    /// The fragments that begin a pipeline.
    pub(crate) fn pipeline(
        &mut self,
        pipeline: Uuid,
        statement: &Statement<'_>,
        fragment_max: usize,
    ) -> Result<Vec<Vec<u8>>, clixml::Error> {
        let body = create_pipeline(statement, self.server_protocol)?;
        Ok(self.fragments(MessageKind::CreatePipeline, Some(pipeline), body, fragment_max))
    }

    /// Takes bytes of the pool's own stream.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        for message in self.stream.push(bytes)? {
            self.accept(&Message::read(&message)?)?;
        }
        Ok(())
    }

    /// Takes one message that concerns the pool, on whatever stream it came.
    pub(crate) fn accept(&mut self, message: &Message) -> Result<(), ProtocolError> {
        if message.destination != Destination::Client {
            return Err(ProtocolError::Direction);
        }
        match message.kind {
            MessageKind::SessionCapability => {
                let version = only_value(message)?
                    .get("protocolversion")
                    .and_then(Value::shown)
                    .ok_or(ProtocolError::Missing("protocolversion"))?;
                let mut parts = version.split('.');
                if parts.next() != Some("2") {
                    return Err(ProtocolError::Version(version.chars().take(40).collect()));
                }
                self.server_protocol = parts.next().and_then(|minor| minor.parse().ok()).unwrap_or_default();
            }
            MessageKind::RunspacePoolState => {
                let value = only_value(message)?;
                let number = value
                    .get("RunspaceState")
                    .and_then(Value::number)
                    .ok_or(ProtocolError::Missing("RunspaceState"))?;
                let reason = value.get("ExceptionAsErrorRecord").map(decode);
                // MS-PSRP 2.2.3.4: BeforeOpen, Opening, Opened, Closed, Closing, Broken, NegotiationSent,
                // NegotiationSucceeded, Connecting, Disconnected.
                match number {
                    2 => self.state = PoolState::Opened,
                    3 | 4 => self.state = PoolState::Closed,
                    5 => self.state = PoolState::Broken(reason),
                    _ => {}
                }
            }
            // Facts of the server, keys for secure strings and the like: nothing here needs them. A question to the
            // pool's host cannot be answered; servers ask none of a host that is not there.
            _ => {}
        }
        Ok(())
    }

    /// Why a pool that is not open cannot be used.
    pub(crate) fn refusal(&self) -> Refusal {
        let (kind, why) = match &self.state {
            PoolState::Broken(Some(record)) => (refusal_kind(record), record.message.clone()),
            PoolState::Broken(None) => (RefusalKind::Protocol, "the server gave no reason".to_owned()),
            PoolState::Closed => (RefusalKind::Protocol, "the server closed it".to_owned()),
            PoolState::Opening | PoolState::Opened => (RefusalKind::Protocol, "it did not open".to_owned()),
        };
        Refusal { kind, message: format!("open a PowerShell session: {why}"), advice: None }
    }

    fn fragments(
        &mut self,
        kind: MessageKind,
        pipeline: Option<Uuid>,
        body: String,
        fragment_max: usize,
    ) -> Vec<Vec<u8>> {
        let message = Message {
            destination: Destination::Server,
            kind,
            pool: self.id,
            pipeline,
            data: body.into_bytes(),
        };
        let object = self.next_object;
        self.next_object += 1;
        split(object, &message.write(), fragment_max)
    }
}

/// The one value of a message.
pub(crate) fn only_value(message: &Message) -> Result<Value, ProtocolError> {
    let mut values = read(&message.data, &Limits::default())?;
    match (values.pop(), values.is_empty()) {
        (Some(value), true) => Ok(value),
        _ => Err(ProtocolError::Missing("one value")),
    }
}

/// PowerShell's `ErrorCategory`: PermissionDenied, SecurityError, AuthenticationError; LimitsExceeded, QuotaExceeded.
fn refusal_kind(record: &ErrorRecord) -> RefusalKind {
    match record.category {
        18 | 25 | 28 => RefusalKind::Denied,
        29 | 30 => RefusalKind::Quota,
        _ => RefusalKind::Protocol,
    }
}
