//! Sends the requests of one host call: reads again and again for seconds, writes once.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use contracts::CallContext;
use model::value::Map;
use model::{Class, Code, Effect, Failure, Value};
use reqwest::{Method, RequestBuilder};
use serde_json::Value as Json;

use crate::attempt::{Answer, Attempt, Body, MARGIN, Outcome, send};
use crate::classify::{classify, error_code, is_absent};
use crate::settings::GraphSettings;
use crate::sign_in::{SignIns, Slot, Token};
use crate::waits::{Waits, cancelled, pause};

/// A read is sent so often at most.
const ATTEMPTS_MAX: u32 = 4;
/// A longer wait is the engine's, not ours.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(2);
/// All waits of one call together.
pub(crate) const WAITS_MAX: Duration = Duration::from_secs(5);
/// The first wait where the service names none; doubled each time.
pub(crate) const WAIT_FIRST: Duration = Duration::from_millis(200);

/// Who signs a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Reader,
    Writer,
}

/// What all calls of a module share: connections and tokens.
pub(crate) struct Shared {
    settings: GraphSettings,
    http: Result<reqwest::Client, String>,
    /// For services on this machine or link; few sign in through one.
    near: OnceLock<Result<reqwest::Client, String>>,
    reader: Arc<Slot>,
    writer: Option<Arc<Slot>>,
    waits: Arc<dyn Waits>,
}

impl Shared {
    pub(crate) fn new(settings: GraphSettings, waits: Arc<dyn Waits>, sign_ins: &SignIns) -> Shared {
        let http = http::client(&http::ClientOptions::default()).map_err(|error| error.to_string());
        let reader = sign_ins.slot(&settings, &settings.read);
        let writer = settings.write.as_ref().map(|writer| sign_ins.slot(&settings, writer));
        Shared { settings, http, near: OnceLock::new(), reader, writer, waits }
    }
}

/// One host call's way to the tenant.
pub(crate) struct Client<'a> {
    shared: &'a Shared,
    http: &'a reqwest::Client,
    requests: Mutex<Vec<Value>>,
}

/// A write that the service definitely refused, or whose fate is not known.
pub(crate) struct Refusal {
    pub(crate) failure: Failure,
    pub(crate) status: u16,
    pub(crate) error_code: String,
}

/// A request that may be sent again.
pub(crate) struct Read<'a> {
    pub(crate) method: Method,
    /// The whole address.
    pub(crate) url: &'a str,
    /// Sent as `ConsistencyLevel`.
    pub(crate) consistency: Option<&'a str>,
    pub(crate) body: Option<&'a Json>,
}

impl<'a> Client<'a> {
    /// # Errors
    /// `Settings` where an address would send a token in the clear, or the tenant is not named by its id.
    pub(crate) fn new(shared: &'a Shared) -> Result<Client<'a>, Failure> {
        for address in [&shared.settings.login_url, &shared.settings.graph_url] {
            http::address(address)
                .map_err(|error| Failure::new(Code::Settings, Class::Invalid, error.to_string()))?;
        }
        // It becomes part of an address, and names such as 'common' would let anybody's tenant in.
        if !model::param::is_guid(&shared.settings.tenant_id) {
            return Err(Failure::invalid(
                Code::Settings,
                "the target's tenant is not named by its id, a GUID",
            ));
        }
        let http = shared.http.as_ref().map_err(|why| no_client(why))?;
        Ok(Client { shared, http, requests: Mutex::default() })
    }

    pub(crate) fn settings(&self) -> &GraphSettings {
        &self.shared.settings
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        self.http
    }

    /// The client that asks no proxy.
    pub(crate) fn near(&self) -> Result<&reqwest::Client, Failure> {
        let near = self.shared.near.get_or_init(|| http::direct_client().map_err(|error| error.to_string()));
        near.as_ref().map_err(|why| no_client(why))
    }

    pub(crate) fn waits(&self) -> &dyn Waits {
        self.shared.waits.as_ref()
    }

    /// The address under Graph's current version.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/v1.0{path}", self.shared.settings.graph_url.trim_end_matches('/'))
    }

    /// GET. `None` where there is no such object.
    pub(crate) async fn read(&self, context: &dyn CallContext, path: &str) -> Result<Option<Json>, Failure> {
        let url = self.url(path);
        self.fetch(context, &Read { method: Method::GET, url: &url, consistency: None, body: None }).await
    }

    /// Like [`Client::read`] with everything said.
    pub(crate) async fn fetch(
        &self,
        context: &dyn CallContext,
        read: &Read<'_>,
    ) -> Result<Option<Json>, Failure> {
        let line = format!("{} {}", read.method, read.url);
        let mut renewed = false;
        loop {
            let token = self.token(Who::Reader, context).await?;
            let outcome = self
                .repeated(context, &line, || {
                    let mut request =
                        self.http.request(read.method.clone(), read.url).bearer_auth(token.spend());
                    if let Some(level) = read.consistency {
                        request = request.header("consistencylevel", level);
                    }
                    Ok(match read.body {
                        Some(body) => request.json(body),
                        None => request,
                    })
                })
                .await?;
            match outcome {
                Outcome::Answered(Answer { status: 200, body: Body::Json(body), .. }) => {
                    return Ok(Some(body));
                }
                Outcome::Answered(Answer { status: 204, .. }) => return Ok(Some(Json::Null)),
                Outcome::Answered(answer) if is_absent(&answer) => return Ok(None),
                // A token may be revoked before it expires; a second one that is refused too is not for us to mend.
                Outcome::Answered(answer) if answer.status == 401 && !renewed => {
                    renewed = true;
                    self.forget_token(Who::Reader).await;
                }
                outcome => return Err(self.failure(&outcome, &line, Who::Reader, Effect::Read).await),
            }
        }
    }

    /// Sends a write once; its answer's document, or null.
    pub(crate) async fn write(
        &self,
        context: &dyn CallContext,
        method: Method,
        path: &str,
        body: Option<&Json>,
    ) -> Result<Json, Refusal> {
        let url = self.url(path);
        let line = format!("{method} {url}");
        let nothing_sent = |failure| Refusal { failure, status: 0, error_code: String::new() };
        let token = self.token(Who::Writer, context).await.map_err(nothing_sent)?;
        if context.cancelled() {
            return Err(nothing_sent(cancelled()));
        }
        let creates = method == Method::POST;
        let request = self.http.request(method, &url).bearer_auth(token.spend());
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let attempt = send(request, &line, context).await;
        self.note(attempt.evidence);
        let (status, error_code) = match &attempt.outcome {
            Outcome::Answered(answer) if (200..300).contains(&answer.status) => match &answer.body {
                Body::Empty => return Ok(Json::Null),
                Body::Json(body) => return Ok(body.clone()),
                // The status has told what happened; only what was made needs the rest.
                Body::Cut(_) if !creates => return Ok(Json::Null),
                Body::Cut(_) | Body::Foreign(_) => (0, String::new()),
            },
            Outcome::Answered(answer) => (answer.status, error_code(answer).to_owned()),
            Outcome::NotSent(_) | Outcome::Lost(_) => (0, String::new()),
        };
        let failure = self.failure(&attempt.outcome, &line, Who::Writer, Effect::Write).await;
        Err(Refusal { failure, status, error_code })
    }

    /// Sends something that may be sent again, until it is answered with anything but "not now".
    pub(crate) async fn repeated(
        &self,
        context: &dyn CallContext,
        line: &str,
        request: impl Fn() -> Result<RequestBuilder, Failure>,
    ) -> Result<Outcome, Failure> {
        let mut waited = Duration::ZERO;
        let mut own_wait = WAIT_FIRST;
        let mut count = 1;
        loop {
            let outcome = self.attempted(send(request()?, line, context).await);
            let wait = match &outcome {
                Outcome::Answered(Answer { status, retry_after, .. }) if is_not_now(*status) => {
                    retry_after.unwrap_or(own_wait)
                }
                Outcome::NotSent(http::Trouble::Tls(_)) | Outcome::Answered(_) => return Ok(outcome),
                Outcome::NotSent(_) | Outcome::Lost(_) => own_wait,
            };
            waited = waited.saturating_add(wait);
            let out_of_time = wait.saturating_add(WAIT_FIRST + MARGIN) >= context.time_left();
            if count == ATTEMPTS_MAX || wait > WAIT_MAX || waited > WAITS_MAX || out_of_time {
                return Ok(outcome);
            }
            pause(self.waits(), context, wait).await?;
            own_wait *= 2;
            count += 1;
        }
    }

    /// Notes an attempt; what it gave.
    pub(crate) fn attempted(&self, attempt: Attempt) -> Outcome {
        self.note(attempt.evidence);
        attempt.outcome
    }

    /// A token of the identity, fetched where there is none that is good for a while.
    pub(crate) async fn token(&self, who: Who, context: &dyn CallContext) -> Result<Token, Failure> {
        if context.cancelled() {
            return Err(cancelled());
        }
        self.slot(who).token(self, context).await
    }

    pub(crate) async fn forget_token(&self, who: Who) {
        self.slot(who).forget().await;
    }

    fn slot(&self, who: Who) -> &Slot {
        match (who, &self.shared.writer) {
            (Who::Writer, Some(writer)) => writer,
            (Who::Writer, None) | (Who::Reader, _) => &self.shared.reader,
        }
    }

    async fn failure(&self, outcome: &Outcome, line: &str, who: Who, effect: Effect) -> Failure {
        let failure = classify(outcome, line, effect);
        if failure.code == Code::SignIn {
            self.forget_token(who).await;
        }
        failure
    }

    fn note(&self, evidence: Value) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(evidence);
    }

    /// The attempts so far, for the journal.
    pub(crate) fn evidence(&self) -> Map {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Map::from([("requests".to_owned(), Value::List(requests))])
    }
}

/// Statuses after which the same read may work a moment later.
pub(crate) fn is_not_now(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

fn no_client(why: &str) -> Failure {
    Failure::bug(format!("no HTTP client: {why}"))
}
