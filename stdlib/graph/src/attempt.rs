//! One HTTP attempt: sent once, never followed elsewhere, and told apart by how far it came.

use std::time::Duration;

use contracts::CallContext;
use http::{Stage, Trouble, new_request_id, read_body, retry_after};
use model::Value;
use serde_json::Value as Json;

/// One answer is awaited for at most this long.
const WAIT_MAX: Duration = Duration::from_secs(100);
/// No answer to what is asked here is longer.
const LENGTH_MAX: usize = 16 * 1024 * 1024;

/// An answer from the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Json,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Answered(Answer),
    /// No connection: nothing was sent.
    NotSent(String),
    /// Sent, and no answer came.
    Lost(String),
}

/// An attempt's outcome and what is kept of it as evidence.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) outcome: Outcome,
    pub(crate) evidence: Value,
}

/// Sends one request. `line` is how the evidence names it.
pub(crate) async fn send(request: reqwest::RequestBuilder, line: &str, context: &dyn CallContext) -> Attempt {
    let id = new_request_id();
    let request = request
        .header("client-request-id", &id)
        .header("accept", "application/json")
        .timeout(context.time_left().min(WAIT_MAX));
    let mut request_id = String::new();
    let outcome = match request.send().await {
        Ok(answer) => {
            let header = |name: &str| {
                answer
                    .headers()
                    .get(name)
                    .and_then(|value| value.to_str().ok())
                    .unwrap_or_default()
                    .to_owned()
            };
            request_id = header("request-id");
            let status = answer.status().as_u16();
            let retry_after = retry_after(&header("retry-after"), context.now());
            match body(answer).await {
                Ok(body) => Outcome::Answered(Answer { status, retry_after, body }),
                // The status says what happened to a write; a read has no use for half an answer.
                Err(_) if status != 200 => {
                    Outcome::Answered(Answer { status, retry_after, body: Json::Null })
                }
                Err(why) => Outcome::Lost(why),
            }
        }
        Err(error) => match Trouble::of(&error) {
            (Stage::NotSent, trouble) => Outcome::NotSent(trouble.text().to_owned()),
            (Stage::Lost, trouble) => Outcome::Lost(trouble.text().to_owned()),
        },
    };
    let result = match &outcome {
        Outcome::Answered(answer) => Value::Int(i64::from(answer.status)),
        Outcome::NotSent(why) => Value::text(format!("not sent: {why}")),
        Outcome::Lost(why) => Value::text(format!("no answer: {why}")),
    };
    let evidence = Value::from([
        ("request", line.into()),
        ("client_request_id", id.into()),
        ("request_id", request_id.into()),
        ("result", result),
    ]);
    Attempt { outcome, evidence }
}

async fn body(mut answer: reqwest::Response) -> Result<Json, String> {
    let bytes = read_body(&mut answer, LENGTH_MAX).await.map_err(|error| error.to_string())?;
    if bytes.is_empty() {
        return Ok(Json::Null);
    }
    serde_json::from_slice(&bytes).map_err(|_| "the answer is not JSON".into())
}
