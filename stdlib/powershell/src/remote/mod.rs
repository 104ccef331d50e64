//! PowerShell far away: the fragments of a pool over WS-Management and HTTP.

mod basic;
pub(crate) mod channel;
mod examine;
mod judge;
#[cfg(any(feature = "kerberos", test))]
mod kerberos;
mod line;
mod patience;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use contracts::CallContext;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::call::{Refusal, RefusalKind};
use crate::settings::{RemoteAuth, RemoteSettings};
use crate::transport::{Received, Transport, TransportError};
use crate::wsman::{Answer, Body, CommandState, Requests, StopSignal};
use channel::HttpAnswer;
pub(crate) use examine::examine;
use judge::Trouble;
use line::Line;
use patience::unless_cancelled;

/// What the server may take to open a shell or to take in a fragment.
const OPERATION_MAX: Duration = Duration::from_mins(1);

/// One shell on a server. At most one question for output is open at a time.
pub(crate) struct Remote {
    settings: RemoteSettings,
    /// Made when the shell is opened.
    line: Option<Line>,
    requests: Requests,
    /// Whether the server has, or may have, a shell of ours.
    opened: bool,
    /// Who is behind the address, where it says so.
    back_end: String,
    asking: Option<Asking>,
}

/// A question for output that was not answered yet.
struct Asking {
    pipeline: Option<Uuid>,
    request: crate::wsman::Request,
    /// Absent where its answer was lost: the same question is asked again, and the server gives the same answer.
    going: Option<Going>,
}

/// An exchange in the background: a long poll outlasts many looks at it.
struct Going(JoinHandle<Result<Answer, Trouble>>);

impl Drop for Going {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Remote {
    /// Opens nothing yet.
    pub(crate) fn new(settings: RemoteSettings) -> Remote {
        let requests = Requests {
            address: settings.uri.clone(),
            configuration: settings.configuration.clone(),
            session: Uuid::new_v4(),
            selectors: Vec::new(),
        };
        Remote { settings, line: None, requests, opened: false, back_end: String::new(), asking: None }
    }

    fn line(&self) -> Result<Line, TransportError> {
        let message = || "the session is not open".to_owned();
        self.line.clone().ok_or_else(|| TransportError::Gone { message: message() })
    }

    /// Keeps a question without an answer for the next look.
    fn ask_again(&mut self, asking: Asking) {
        self.asking = Some(Asking { going: None, ..asking });
    }

    fn refused(&self, kind: RefusalKind, what: &str) -> Refusal {
        Refusal { kind, message: format!("POST {}: {what}", self.settings.uri), advice: None }
    }
}

#[async_trait]
impl Transport for Remote {
    async fn open(
        &mut self,
        pool: Uuid,
        opening: Vec<u8>,
        context: &dyn CallContext,
    ) -> Result<(), TransportError> {
        let line = Line::new(&self.settings, context).map_err(TransportError::Refused)?;
        self.line = Some(line.clone());
        let time = operation(context);
        let request = self.requests.create(pool, &opening, time);
        let id = request.message_id;
        // Until an answer says otherwise, there may be a shell, which would count against the account if nobody deleted
        // it. Servers keep the id that was asked for.
        self.requests.selectors = vec![("ShellId".to_owned(), pool.to_string().to_uppercase())];
        self.opened = true;
        let Some(sent) = unless_cancelled(context, line.send(request, time)).await else {
            let what = "the call was cancelled while the session was opened";
            return Err(TransportError::Refused(self.refused(RefusalKind::Cancelled, what)));
        };
        let read = sent.and_then(|reply| {
            self.back_end = back_end(&reply);
            line.read(id, &reply)
        });
        match read {
            Ok(Answer { body: Body::Created { selectors }, .. }) => {
                self.requests.selectors = selectors;
                Ok(())
            }
            Ok(_) => Err(TransportError::Refused(
                self.refused(RefusalKind::Protocol, "it answered without a shell"),
            )),
            Err(trouble) => {
                self.opened = trouble.may_have_happened();
                Err(TransportError::Refused(trouble.before_anything_ran()))
            }
        }
    }

    fn fragment_max(&self) -> usize {
        Requests::payload_max()
    }

    async fn start(
        &mut self,
        pipeline: Uuid,
        fragments: Vec<Vec<u8>>,
        context: &dyn CallContext,
    ) -> Result<(), TransportError> {
        let line = self.line()?;
        let count = fragments.len();
        for (index, fragment) in fragments.iter().enumerate() {
            let time = operation(context);
            let request = match index {
                0 => self.requests.command(pipeline, fragment, time),
                _ => self.requests.send(Some(pipeline), fragment, time),
            };
            let Some(exchanged) = unless_cancelled(context, line.exchange(request, time)).await else {
                let message = format!("POST {}: the call was cancelled before the answer", self.settings.uri);
                return Err(if index + 1 < count {
                    TransportError::Gone { message }
                } else {
                    TransportError::Lost { message }
                });
            };
            match exchanged {
                Ok(_) => {}
                // The server cannot run what it has not whole; but this session now holds half a message.
                Err(trouble) if index + 1 < count && trouble.may_have_happened() => {
                    return Err(TransportError::Gone { message: trouble.before_anything_ran().message });
                }
                Err(trouble) => return Err(trouble.into()),
            }
        }
        Ok(())
    }

    async fn receive(
        &mut self,
        pipeline: Option<Uuid>,
        wait: Duration,
        _context: &dyn CallContext,
    ) -> Result<Received, TransportError> {
        let line = self.line()?;
        let poll = self.settings.poll;
        let mut asking = match self.asking.take() {
            Some(asking) if asking.pipeline == pipeline => asking,
            _ => Asking { pipeline, request: self.requests.receive(pipeline, poll), going: None },
        };
        let going = asking.going.get_or_insert_with(|| {
            let request = asking.request.clone();
            Going(tokio::spawn(async move { line.exchange(request, poll).await }))
        });
        let Ok(joined) = tokio::time::timeout(wait, &mut going.0).await else {
            self.asking = Some(asking);
            return Ok(Received::Nothing);
        };
        let answer = joined.unwrap_or_else(|stopped| Err(Trouble::lost(stopped.to_string())));
        match answer {
            Ok(Answer { body: Body::Received { streams, state }, .. }) => {
                let bytes = streams.into_iter().flat_map(|stream| stream.bytes).collect();
                let of_this = |of: &Option<Uuid>| of.is_none() || *of == pipeline;
                let done = state.is_some_and(|(of, state)| of_this(&of) && state == CommandState::Done);
                Ok(if done { Received::Done(bytes) } else { Received::Bytes(bytes) })
            }
            Ok(_) => Err(TransportError::Lost {
                message: self.refused(RefusalKind::Protocol, "no output").message,
            }),
            Err(Trouble::NothingYet(_)) => Ok(Received::Nothing),
            // A question changes nothing. Whoever lost its answer asks the same one again, under the same id, and gets
            // the same answer.
            Err(Trouble::Lost(refusal)) => {
                self.ask_again(asking);
                Err(TransportError::Refused(Refusal { kind: RefusalKind::Unreachable, ..refusal }))
            }
            Err(Trouble::Refused(refusal)) => {
                self.ask_again(asking);
                Err(TransportError::Refused(refusal))
            }
            Err(trouble @ Trouble::Gone(_)) => Err(trouble.into()),
        }
    }

    async fn stop(&mut self, pipeline: Uuid, context: &dyn CallContext) -> Result<(), TransportError> {
        let time = operation(context);
        let request = self.requests.signal(pipeline, StopSignal::Stop, time);
        self.line()?.exchange(request, time).await.map(drop).map_err(TransportError::from)
    }

    async fn finish(&mut self, pipeline: Uuid, context: &dyn CallContext) -> Result<(), TransportError> {
        self.asking = None;
        let time = operation(context);
        let request = self.requests.signal(pipeline, StopSignal::Terminate, time);
        self.line()?.exchange(request, time).await.map(drop).map_err(TransportError::from)
    }

    async fn close(&mut self, limit: Duration) {
        self.asking = None;
        if !std::mem::take(&mut self.opened) {
            return;
        }
        if let Some(line) = self.line.take() {
            let request = self.requests.delete(limit);
            // What cannot be deleted ends with the server's idle time-out.
            let _ = tokio::time::timeout(limit, line.exchange(request, limit)).await;
        }
    }

    fn shell_id(&self) -> String {
        let id = self.requests.selectors.iter().find(|(name, _)| name == "ShellId");
        id.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    fn server(&self) -> String {
        match self.back_end.as_str() {
            "" => self.settings.uri.clone(),
            name => format!("{} ({name})", self.settings.uri),
        }
    }
}

/// The server that did the work, where the one in front names it, or itself.
// unconfirmed: that Exchange names its servers in these headers also for remote PowerShell. Evidence only.
fn back_end(reply: &HttpAnswer) -> String {
    let named = ["x-calculatedbetarget", "x-beserver", "x-feserver"];
    let name = named.iter().map(|name| reply.header(name)).find(|name| !name.is_empty()).unwrap_or_default();
    name.chars().filter(|one| one.is_ascii_alphanumeric() || matches!(one, '.' | '-')).take(120).collect()
}

/// How long an operation may take at the server: as long as the call may, within reason.
fn operation(context: &dyn CallContext) -> Duration {
    context.time_left().clamp(Duration::from_secs(1), OPERATION_MAX)
}

/// The address, checked: a password travels over TLS, or stays on this machine where that was allowed.
fn address(settings: &RemoteSettings) -> Result<reqwest::Url, Refusal> {
    let advice = "correct the uri in the target file";
    let text = settings.uri.trim();
    // Kerberos sends no password and seals every message, so there plain http is good for any machine.
    let sealed = settings.auth == RemoteAuth::Kerberos;
    let judged = match text.strip_prefix("http://").filter(|_| sealed) {
        Some(rest) => format!("https://{rest}"),
        None => text.to_owned(),
    };
    http::address(&judged).map_err(|error| wrong(settings, &error.to_string(), advice))?;
    let url = reqwest::Url::parse(text).map_err(|error| wrong(settings, &error.to_string(), advice))?;
    if url.scheme() == "http" && !settings.allow_http && !sealed {
        let advice = "use https, or allow_http = true on this machine";
        return Err(wrong(settings, "plain http was not allowed", advice));
    }
    Ok(url)
}

/// A refusal for what is wrong on our side.
pub(crate) fn wrong(settings: &RemoteSettings, what: &str, advice: &str) -> Refusal {
    Refusal {
        kind: RefusalKind::Settings,
        message: format!("open a session at {}: {what}", settings.uri),
        advice: Some(advice.to_owned()),
    }
}
