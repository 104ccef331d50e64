//! Sends the requests of one host call: reads again and again for seconds, writes once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use contracts::CallContext;
use model::value::Map;
use model::{Class, Code, Effect, Failure, Value};
use reqwest::{Method, RequestBuilder};
use serde_json::Value as Json;

use crate::attempt::{Answer, Outcome, send};
use crate::classify::{classify, error_code};
use crate::settings::GraphSettings;
use crate::sign_in::{Token, sign_in};

/// A read is sent so often at most.
const ATTEMPTS_MAX: u32 = 4;
/// A longer wait is the engine's, not ours.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// All waits of one call together.
const WAITS_MAX: Duration = Duration::from_secs(5);
/// The first wait where the service names none; doubled each time.
const WAIT_FIRST: Duration = Duration::from_millis(200);

/// What all calls of a module share: connections and the token.
pub(crate) struct Shared {
    settings: GraphSettings,
    http: Result<reqwest::Client, String>,
    token: tokio::sync::Mutex<Option<Token>>,
}

impl Shared {
    pub(crate) fn new(settings: GraphSettings) -> Shared {
        let http = http::client(&http::ClientOptions::default()).map_err(|error| error.to_string());
        Shared { settings, http, token: tokio::sync::Mutex::new(None) }
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

impl<'a> Client<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Result<Client<'a>, Failure> {
        let http = shared.http.as_ref().map_err(|why| Failure::bug(format!("no HTTP client: {why}")))?;
        Ok(Client { shared, http, requests: Mutex::default() })
    }

    pub(crate) fn settings(&self) -> &GraphSettings {
        &self.shared.settings
    }

    /// The address under Graph's current version.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/v1.0{path}", self.shared.settings.graph_url)
    }

    /// GET. `None` where there is no such object.
    pub(crate) async fn read(&self, context: &dyn CallContext, path: &str) -> Result<Option<Json>, Failure> {
        let url = self.url(path);
        let line = format!("GET {url}");
        let mut renewed = false;
        loop {
            let token = self.token(context).await?;
            let outcome = self.repeated(context, &line, |http| http.get(&url).bearer_auth(&token)).await;
            match &outcome {
                Outcome::Answered(answer) if answer.status == 200 => return Ok(Some(answer.body.clone())),
                Outcome::Answered(answer) if answer.status == 404 => return Ok(None),
                // A token may be revoked before it expires; a second one that is refused too is not for us to mend.
                Outcome::Answered(answer) if answer.status == 401 && !renewed => {
                    renewed = true;
                    self.forget_token().await;
                }
                _ => return Err(self.failure(&outcome, &line, Effect::Read).await),
            }
        }
    }

    /// Sends a write once.
    pub(crate) async fn write(
        &self,
        context: &dyn CallContext,
        method: Method,
        path: &str,
        body: &Json,
    ) -> Result<(), Refusal> {
        let url = self.url(path);
        let line = format!("{method} {url}");
        let nothing_sent = |failure| Refusal { failure, status: 0, error_code: String::new() };
        let token = self.token(context).await.map_err(nothing_sent)?;
        if context.cancelled() {
            return Err(nothing_sent(cancelled()));
        }
        let request = self.http.request(method, &url).bearer_auth(&token).json(body);
        let attempt = send(request, &line, context).await;
        self.note(attempt.evidence);
        let (status, error_code) = match &attempt.outcome {
            Outcome::Answered(answer) if (200..300).contains(&answer.status) => return Ok(()),
            Outcome::Answered(answer) => (answer.status, error_code(answer).to_owned()),
            Outcome::NotSent(_) | Outcome::Lost(_) => (0, String::new()),
        };
        let failure = self.failure(&attempt.outcome, &line, Effect::Write).await;
        Err(Refusal { failure, status, error_code })
    }

    /// Sends something that may be sent again, until it is answered with anything but "not now".
    pub(crate) async fn repeated(
        &self,
        context: &dyn CallContext,
        line: &str,
        request: impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Outcome {
        let mut waited = Duration::ZERO;
        let mut own_wait = WAIT_FIRST;
        let mut count = 1;
        loop {
            let attempt = send(request(self.http), line, context).await;
            self.note(attempt.evidence);
            let wait = match &attempt.outcome {
                Outcome::Answered(Answer { status: 429 | 500.. | 408, retry_after, .. }) => {
                    retry_after.unwrap_or(own_wait)
                }
                Outcome::NotSent(_) | Outcome::Lost(_) => own_wait,
                Outcome::Answered(_) => return attempt.outcome,
            };
            waited += wait;
            let out_of_time = wait + WAIT_FIRST >= context.time_left();
            if count == ATTEMPTS_MAX
                || wait > WAIT_MAX
                || waited > WAITS_MAX
                || out_of_time
                || context.cancelled()
            {
                return attempt.outcome;
            }
            tokio::time::sleep(wait).await;
            own_wait *= 2;
            count += 1;
        }
    }

    async fn token(&self, context: &dyn CallContext) -> Result<String, Failure> {
        if context.cancelled() {
            return Err(cancelled());
        }
        let mut kept = self.shared.token.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.is_fresh(context.now())) {
            return Ok(token.text.clone());
        }
        let token = sign_in(self, &self.shared.settings, context).await?;
        let text = token.text.clone();
        *kept = Some(token);
        Ok(text)
    }

    async fn forget_token(&self) {
        *self.shared.token.lock().await = None;
    }

    async fn failure(&self, outcome: &Outcome, line: &str, effect: Effect) -> Failure {
        let failure = classify(outcome, line, effect);
        if failure.code == Code::SignIn {
            self.forget_token().await;
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

fn cancelled() -> Failure {
    Failure::new(Code::Cancelled, Class::Denied, "the run was cancelled before the request was sent")
}
