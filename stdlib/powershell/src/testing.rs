//! What tests share: a call's context, what servers say, and a transport that says it from a script.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use contracts::{CallContext, SecretText};
use model::value::Map;
use model::{Failure, RunId, Timestamp, Value};
use uuid::Uuid;

use crate::message::{Defragmenter, Destination, Message, MessageKind, split};
use crate::transport::{Received, Transport, TransportError};

/// A call with plenty of time, unless a test says otherwise.
pub(crate) struct Call {
    pub(crate) now: AtomicU64,
    pub(crate) time_left: Duration,
    /// How often the call is asked whether it was cancelled before it says yes.
    pub(crate) looks_left: AtomicU32,
}

impl Default for Call {
    fn default() -> Call {
        Call {
            now: AtomicU64::new(1_000_000),
            time_left: Duration::from_mins(1),
            looks_left: AtomicU32::new(u32::MAX),
        }
    }
}

#[async_trait]
impl CallContext for Call {
    fn run(&self) -> Option<RunId> {
        None
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn time_left(&self) -> Duration {
        self.time_left
    }

    fn pin(&self, _: &str) -> Option<Value> {
        None
    }

    fn set_pin(&self, _: &str, _: Value) -> Result<(), Failure> {
        Ok(())
    }

    fn secret(&self, name: &str) -> Result<SecretText, Failure> {
        Ok(SecretText::new(format!("value of {name}")))
    }

    async fn sending(&self, _: &str, _: Map) -> Result<(), Failure> {
        Ok(())
    }

    fn cancelled(&self) -> bool {
        self.looks_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
                0 => None,
                u32::MAX => Some(u32::MAX),
                left => Some(left - 1),
            })
            .is_err()
    }
}

/// One message of a server in fragments of `fragment_max` bytes.
pub(crate) fn said(
    pool: Uuid,
    pipeline: Option<Uuid>,
    kind: MessageKind,
    body: &str,
    fragment_max: usize,
) -> Vec<u8> {
    let message = Message { destination: Destination::Client, kind, pool, pipeline, data: body.into() };
    split(1, &message.write(), fragment_max).concat()
}

pub(crate) const CAPABILITY: &str = "<Obj RefId=\"0\"><MS><Version N=\"protocolversion\">2.3</Version>\
    <Version N=\"PSVersion\">2.0</Version><Version N=\"SerializationVersion\">1.1.0.1</Version></MS></Obj>";

pub(crate) fn pool_state(number: i32) -> String {
    format!("<Obj RefId=\"0\"><MS><I32 N=\"RunspaceState\">{number}</I32></MS></Obj>")
}

pub(crate) fn pipeline_state(number: i32) -> String {
    format!("<Obj RefId=\"0\"><MS><I32 N=\"PipelineState\">{number}</I32></MS></Obj>")
}

/// An error record with a German text, as the value of an element `name`, or as a document.
pub(crate) fn error_record(name: Option<&str>, exception: &str, id: &str) -> String {
    let name = name.map(|name| format!(" N=\"{name}\"")).unwrap_or_default();
    format!(
        "<Obj RefId=\"7\"{name}><TN RefId=\"7\"><T>System.Management.Automation.ErrorRecord</T></TN>\
         <ToString>Unm\u{f6}glich</ToString><MS><Obj N=\"Exception\" RefId=\"8\"><TN RefId=\"8\"><T>{exception}</T>\
         <T>System.Exception</T></TN><Props><S N=\"Message\">Der Parameter wurde nicht gefunden.</S></Props></Obj>\
         <S N=\"FullyQualifiedErrorId\">{id}</S><I32 N=\"ErrorCategory_Category\">5</I32></MS></Obj>"
    )
}

pub(crate) fn failed(exception: &str, id: &str) -> String {
    let record = error_record(Some("ExceptionAsErrorRecord"), exception, id);
    format!("<Obj RefId=\"0\"><MS><I32 N=\"PipelineState\">5</I32>{record}</MS></Obj>")
}

/// What a scripted server does when it is asked for more of a pipeline.
pub(crate) enum Say {
    Messages(Vec<(MessageKind, String)>),
    /// The same, and the far end says that the pipeline is done.
    Last(Vec<(MessageKind, String)>),
    /// Bytes that are no fragment of anything.
    Bytes(Vec<u8>),
    Nothing,
    Trouble(TransportError),
}

/// The far end of every transport that a test's shell makes.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) opens: VecDeque<TransportError>,
    /// Instead of a pool that opens.
    pub(crate) pool: Option<Vec<(MessageKind, String)>>,
    pub(crate) starts: VecDeque<TransportError>,
    pub(crate) says: VecDeque<Say>,
    /// What is said after a stop; without any, nothing ever is.
    pub(crate) last_words: VecDeque<Say>,
    pub(crate) finish: Option<TransportError>,
    pub(crate) fragment_max: Option<usize>,
    /// What was done to the far end, in order.
    pub(crate) log: Vec<String>,
    /// The messages that began pipelines, whole.
    pub(crate) started: Vec<Message>,
}

pub(crate) struct Scripted {
    world: Arc<Mutex<World>>,
    pool: Uuid,
    pool_said: bool,
    stopped: bool,
}

impl Scripted {
    pub(crate) fn new(world: Arc<Mutex<World>>) -> Scripted {
        Scripted { world, pool: Uuid::nil(), pool_said: false, stopped: false }
    }

    fn log(&self, what: &str) {
        self.world.lock().unwrap().log.push(what.to_owned());
    }

    fn bytes(&self, pipeline: Option<Uuid>, messages: &[(MessageKind, String)]) -> Vec<u8> {
        let fragment_max = self.fragment_max();
        messages
            .iter()
            .flat_map(|(kind, body)| said(self.pool, pipeline, *kind, body, fragment_max))
            .collect()
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn open(
        &mut self,
        pool: Uuid,
        opening: Vec<u8>,
        _: &dyn CallContext,
    ) -> Result<(), TransportError> {
        self.log("open");
        let kinds: Vec<MessageKind> = Defragmenter::new(1 << 20)
            .push(&opening)
            .unwrap()
            .iter()
            .map(|message| Message::read(message).unwrap().kind)
            .collect();
        assert_eq!(kinds, [MessageKind::SessionCapability, MessageKind::InitRunspacePool]);
        self.pool = pool;
        match self.world.lock().unwrap().opens.pop_front() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn fragment_max(&self) -> usize {
        self.world.lock().unwrap().fragment_max.unwrap_or(1000)
    }

    async fn start(
        &mut self,
        pipeline: Uuid,
        fragments: Vec<Vec<u8>>,
        _: &dyn CallContext,
    ) -> Result<(), TransportError> {
        self.log("start");
        let limit = self.fragment_max();
        assert!(fragments.iter().all(|fragment| fragment.len() <= limit));
        let mut world = self.world.lock().unwrap();
        let messages = Defragmenter::new(1 << 20).push(&fragments.concat()).unwrap();
        let [message] = messages.as_slice() else { panic!("one message begins a pipeline") };
        let message = Message::read(message).unwrap();
        assert_eq!((message.kind, message.pipeline), (MessageKind::CreatePipeline, Some(pipeline)));
        world.started.push(message);
        match world.starts.pop_front() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    async fn receive(
        &mut self,
        pipeline: Option<Uuid>,
        _: Duration,
        _: &dyn CallContext,
    ) -> Result<Received, TransportError> {
        let Some(id) = pipeline else {
            if std::mem::replace(&mut self.pool_said, true) {
                return std::future::pending().await;
            }
            let opens = vec![
                (MessageKind::SessionCapability, CAPABILITY.to_owned()),
                (MessageKind::RunspacePoolState, pool_state(2)),
            ];
            let messages = self.world.lock().unwrap().pool.clone().unwrap_or(opens);
            return Ok(Received::Bytes(self.bytes(None, &messages)));
        };
        let say = {
            let mut world = self.world.lock().unwrap();
            if self.stopped { world.last_words.pop_front() } else { world.says.pop_front() }
        };
        match say {
            Some(Say::Messages(messages)) => Ok(Received::Bytes(self.bytes(Some(id), &messages))),
            Some(Say::Last(messages)) => Ok(Received::Done(self.bytes(Some(id), &messages))),
            Some(Say::Bytes(bytes)) => Ok(Received::Bytes(bytes)),
            Some(Say::Nothing) => Ok(Received::Nothing),
            Some(Say::Trouble(error)) => Err(error),
            None if self.stopped => std::future::pending().await,
            None => Ok(Received::Nothing),
        }
    }

    async fn stop(&mut self, _: Uuid, context: &dyn CallContext) -> Result<(), TransportError> {
        self.log("stop");
        assert!(!context.cancelled() && !context.time_left().is_zero(), "a stop has time of its own");
        self.stopped = true;
        Ok(())
    }

    async fn finish(&mut self, _: Uuid, context: &dyn CallContext) -> Result<(), TransportError> {
        self.log("finish");
        assert!(!context.cancelled() && !context.time_left().is_zero(), "clearing up has time of its own");
        self.world.lock().unwrap().finish.clone().map_or(Ok(()), Err)
    }

    async fn close(&mut self, _: Duration) {
        self.log("close");
    }

    fn shell_id(&self) -> String {
        self.pool.to_string()
    }

    fn server(&self) -> String {
        "scripted".to_owned()
    }
}
