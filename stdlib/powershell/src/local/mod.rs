//! The transport to a PowerShell on this machine: a child process in server mode.
//!
//! unconfirmed: the lines were tried with another implementation of the protocol, never with a real `powershell.exe`, and no
//! start-up script of a real Exchange was ever run through it.

mod link;
mod packet;
mod process;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;
use contracts::CallContext;
use uuid::Uuid;

use crate::call::{Refusal, RefusalKind};
use crate::message::split_stream;
use crate::settings::LocalSettings;
use crate::transport::{Received, Transport, TransportError};
use link::Link;
use packet::{Packet, What, ask, data};
use process::{Launched, Process, launch};

/// PowerShell's own limit for this transport.
const FRAGMENT_MAX: usize = 32 << 10;

/// What may wait here for somebody to receive it.
const INBOX_BYTES_MAX: usize = 64 << 20;

/// How often a wait looks whether the call was cancelled.
const LOOK: Duration = Duration::from_millis(250);

pub(crate) struct Local {
    program: String,
    launch: Box<dyn Fn() -> Result<Launched, Refusal> + Send + Sync>,
    running: Option<Running>,
    pool: Uuid,
}

struct Running {
    link: Link,
    process: Process,
    inbox: VecDeque<(Uuid, Vec<u8>)>,
    inbox_bytes: usize,
    /// Pipelines that were begun and not let go of: the process does not end while there are any.
    pipelines: Vec<Uuid>,
}

/// Why the process did not answer.
enum Trouble {
    Cancelled,
    Late,
    /// It is gone, or talks nonsense; nothing more will come.
    Ended(String),
}

impl Local {
    /// Starts nothing yet.
    pub(crate) fn new(settings: LocalSettings) -> Local {
        Local {
            program: settings.program.display().to_string(),
            launch: Box::new(move || launch(&settings)),
            running: None,
            pool: Uuid::nil(),
        }
    }

    fn running(&mut self) -> Result<&mut Running, TransportError> {
        self.running.as_mut().ok_or_else(|| TransportError::Gone {
            message: "the PowerShell process is not running".to_owned(),
        })
    }

    fn message(&self, why: &str) -> String {
        format!("talk to {}: {why}", self.program)
    }

    /// An exchange that changed nothing yet.
    fn harmless(&self, trouble: Trouble) -> TransportError {
        let refused = |kind, message| TransportError::Refused(Refusal { kind, message, advice: None });
        match trouble {
            Trouble::Cancelled => refused(RefusalKind::Cancelled, self.message("the call was cancelled")),
            Trouble::Late => refused(RefusalKind::Unreachable, self.message("no answer in time")),
            Trouble::Ended(why) => TransportError::Gone { message: self.message(&why) },
        }
    }
}

#[async_trait]
impl Transport for Local {
    async fn open(
        &mut self,
        pool: Uuid,
        opening: Vec<u8>,
        context: &dyn CallContext,
    ) -> Result<(), TransportError> {
        let Launched { input, output, process } = (self.launch)().map_err(TransportError::Refused)?;
        self.pool = pool;
        let running = self.running.insert(Running {
            link: Link::new(input, output),
            process,
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            pipelines: Vec::new(),
        });
        let mut opened = Ok(());
        for fragment in split_stream(&opening) {
            opened = running.exchange(data(Uuid::nil(), fragment), What::Data, Uuid::nil(), context).await;
            if opened.is_err() {
                break;
            }
        }
        opened.map_err(|trouble| match trouble {
            Trouble::Ended(why) => TransportError::Refused(Refusal {
                kind: RefusalKind::NotPowerShell,
                message: self.message(&why),
                advice: Some(
                    "check the program and its arguments in the target file: it must be a PowerShell in server mode (-s)"
                        .to_owned(),
                ),
            }),
            trouble => self.harmless(trouble),
        })
    }

    fn fragment_max(&self) -> usize {
        FRAGMENT_MAX
    }

    async fn start(
        &mut self,
        pipeline: Uuid,
        fragments: Vec<Vec<u8>>,
        context: &dyn CallContext,
    ) -> Result<(), TransportError> {
        let Some((last, others)) = fragments.split_last() else { return Ok(()) };
        let running = self.running()?;
        running.pipelines.push(pipeline);
        let mut started =
            running.exchange(ask(What::Command, pipeline), What::Command, pipeline, context).await;
        for fragment in others {
            if started.is_ok() {
                started = running.exchange(data(pipeline, fragment), What::Data, pipeline, context).await;
            }
        }
        // The last one is not waited for: from here on the command may run, and what it says is what counts.
        if started.is_ok() {
            started = running.link.send(data(pipeline, last)).map_err(Trouble::Ended);
        }
        started.map_err(|trouble| self.harmless(trouble))
    }

    async fn receive(
        &mut self,
        pipeline: Option<Uuid>,
        wait: Duration,
        _context: &dyn CallContext,
    ) -> Result<Received, TransportError> {
        let id = pipeline.unwrap_or_default();
        let running = self.running()?;
        let heard = tokio::time::timeout(wait, async {
            loop {
                let bytes = running.taken(id);
                if !bytes.is_empty() {
                    return Ok::<_, String>(bytes);
                }
                running.hear().await?;
            }
        });
        match heard.await {
            Ok(Ok(bytes)) => Ok(Received::Bytes(bytes)),
            Ok(Err(why)) => {
                let why = running.with_epitaph(&why).await;
                Err(TransportError::Lost { message: self.message(&why) })
            }
            Err(_) => Ok(Received::Nothing),
        }
    }

    async fn stop(&mut self, pipeline: Uuid, context: &dyn CallContext) -> Result<(), TransportError> {
        let running = self.running()?;
        let stopped = running.exchange(ask(What::Signal, pipeline), What::Signal, pipeline, context).await;
        stopped.map_err(|trouble| self.harmless(trouble))
    }

    async fn finish(&mut self, pipeline: Uuid, context: &dyn CallContext) -> Result<(), TransportError> {
        let running = self.running()?;
        let finished = running.exchange(ask(What::Close, pipeline), What::Close, pipeline, context).await;
        running.pipelines.retain(|own| *own != pipeline);
        running.taken(pipeline);
        finished.map_err(|trouble| self.harmless(trouble))
    }

    async fn close(&mut self, limit: Duration) {
        let Some(Running { mut link, mut process, pipelines, .. }) = self.running.take() else { return };
        let goodbye = async {
            for id in pipelines.into_iter().chain([Uuid::nil()]) {
                link.send(ask(What::Close, id)).ok()?;
            }
            while link.next().await.ok()?? != Packet::Acknowledged(What::Close, Uuid::nil()) {}
            Some(())
        };
        // A process that does not say goodbye is ended all the same.
        let _ = tokio::time::timeout(limit / 2, goodbye).await;
        // Without a writer its input ends, and it with it.
        drop(link);
        process.end(limit / 2).await;
    }

    fn shell_id(&self) -> String {
        self.pool.to_string()
    }

    fn server(&self) -> String {
        match self.running.as_ref().and_then(|running| running.process.id()) {
            Some(id) => format!("{} (process {id})", self.program),
            None => self.program.clone(),
        }
    }
}

impl Running {
    /// Sends one line and waits until it is acknowledged. What the process says meanwhile is kept.
    async fn exchange(
        &mut self,
        line: String,
        what: What,
        id: Uuid,
        context: &dyn CallContext,
    ) -> Result<(), Trouble> {
        if let Err(why) = self.link.send(line) {
            return Err(Trouble::Ended(self.with_epitaph(&why).await));
        }
        loop {
            match tokio::time::timeout(LOOK, self.hear()).await {
                Ok(Ok(Some(acknowledged))) if acknowledged == (what, id) => return Ok(()),
                Ok(Ok(_)) => {}
                Ok(Err(why)) => return Err(Trouble::Ended(self.with_epitaph(&why).await)),
                Err(_) if context.cancelled() => return Err(Trouble::Cancelled),
                Err(_) if context.time_left().is_zero() => return Err(Trouble::Late),
                Err(_) => {}
            }
        }
    }

    /// Takes one packet: data into the inbox; an acknowledgement is given back. May be given up and called again.
    async fn hear(&mut self) -> Result<Option<(What, Uuid)>, String> {
        match self.link.next().await {
            Ok(Some(Packet::Acknowledged(what, id))) => Ok(Some((what, id))),
            Ok(Some(Packet::Data { id, bytes })) => {
                self.inbox_bytes += bytes.len();
                if self.inbox_bytes > INBOX_BYTES_MAX {
                    return Err(format!("more than {INBOX_BYTES_MAX} bytes that nobody asked for"));
                }
                self.inbox.push_back((id, bytes));
                Ok(None)
            }
            Ok(None) => Err(String::new()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Everything that waits for one receiver, in order.
    fn taken(&mut self, id: Uuid) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.inbox.retain(|(own, part)| {
            let takes = *own == id;
            if takes {
                bytes.extend_from_slice(part);
            }
            !takes
        });
        self.inbox_bytes -= bytes.len();
        bytes
    }

    async fn with_epitaph(&mut self, why: &str) -> String {
        let epitaph = self.process.epitaph().await;
        let noise = self.link.noise();
        [why, &epitaph, &noise].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
    }
}
