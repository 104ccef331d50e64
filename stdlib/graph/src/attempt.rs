//! One HTTP attempt: sent once, never followed elsewhere, and told apart by how far it came.

use std::time::Duration;

use contracts::CallContext;
use http::{BodyError, Stage, Trouble, new_request_id, read_body, retry_after};
use model::{Timestamp, Value};
use reqwest::Url;
use serde_json::Value as Json;

/// One answer is awaited for at most this long.
const WAIT_MAX: Duration = Duration::from_secs(100);
/// An attempt ends so long before the call's own time does, so that what became of it can still be told.
pub(crate) const MARGIN: Duration = Duration::from_millis(300);
/// No answer to what is asked here is longer.
const LENGTH_MAX: usize = 16 * 1024 * 1024;
/// So much of a text of somebody else is shown.
const SHOWN_MAX: usize = 300;

/// An answer from the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    /// The service's own clock.
    pub(crate) date: Option<Timestamp>,
    /// The host that a redirect leads to.
    pub(crate) elsewhere: Option<String>,
    pub(crate) body: Body,
}

/// What came with an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Body {
    #[default]
    Empty,
    Json(Json),
    /// Something that neither Graph nor the sign-in service says; in words.
    Foreign(String),
    /// It began, and broke off.
    Cut(String),
}

impl Answer {
    /// The document, or nothing.
    pub(crate) fn json(&self) -> &Json {
        match &self.body {
            Body::Json(json) => json,
            Body::Empty | Body::Foreign(_) | Body::Cut(_) => &Json::Null,
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Answered(Answer),
    /// No connection: nothing was sent.
    NotSent(Trouble),
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
    let time = context.time_left().saturating_sub(MARGIN).min(WAIT_MAX);
    let mut request_id = String::new();
    let outcome = if time.is_zero() {
        Outcome::NotSent(Trouble::TimedOut("the phase has no time left".into()))
    } else {
        let request = request
            .header("client-request-id", &id)
            .header("accept", "application/json")
            .header("accept-encoding", "identity")
            .timeout(time);
        match request.send().await {
            Ok(answer) => {
                // The sign-in service has a name of its own for it.
                let names = ["request-id", "x-ms-request-id"].map(|name| header(&answer, name));
                request_id = names.into_iter().find(|id| !id.is_empty()).unwrap_or_default();
                answered(answer, context.now()).await
            }
            Err(error) => match Trouble::of(&error) {
                (Stage::NotSent, trouble) => Outcome::NotSent(trouble),
                (Stage::Lost, trouble) => Outcome::Lost(trouble.text().to_owned()),
            },
        }
    };
    let result = match &outcome {
        Outcome::Answered(answer) => Value::Int(i64::from(answer.status)),
        Outcome::NotSent(trouble) => Value::text(format!("not sent: {}", trouble.text())),
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

/// A text of somebody else, made fit for one line of a message.
pub(crate) fn shown(text: &str) -> String {
    let plain = text.chars().map(|one| if one.is_control() { ' ' } else { one });
    plain.take(SHOWN_MAX).collect::<String>().trim().to_owned()
}

async fn answered(mut answer: reqwest::Response, now: Timestamp) -> Outcome {
    let status = answer.status().as_u16();
    let encoding = header(&answer, "content-encoding");
    let location = Url::parse(&header(&answer, "location")).ok();
    let mut whole = Answer {
        status,
        retry_after: retry_after(&header(&answer, "retry-after"), now),
        date: http::date(&header(&answer, "date")),
        elsewhere: location.and_then(|url| url.host_str().map(shown)),
        body: Body::Empty,
    };
    let bytes = read_body(&mut answer, LENGTH_MAX).await;
    whole.body = match bytes {
        Ok(bytes) if bytes.is_empty() => Body::Empty,
        Ok(_) if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") => {
            Body::Foreign(format!("an answer packed as '{}', which nobody asked for", shown(&encoding)))
        }
        Ok(bytes) => read(&bytes),
        Err(error @ BodyError::TooLong { .. }) => Body::Foreign(error.to_string()),
        // A read has no use for half an answer; of a write the status says what happened.
        Err(BodyError::BrokeOff(why)) if status == 200 => return Outcome::Lost(why),
        Err(BodyError::BrokeOff(why)) => Body::Cut(why),
    };
    Outcome::Answered(whole)
}

fn read(bytes: &[u8]) -> Body {
    // Counts come with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(json) = serde_json::from_slice(bytes) {
        return Body::Json(json);
    }
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).into_owned();
    if !text.trim_start().starts_with('<') {
        return Body::Foreign("something that is not JSON".into());
    }
    let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    Body::Foreign(match title {
        Some((title, _)) => format!("an HTML page, '{}'", shown(title)),
        None => "an HTML page".into(),
    })
}

fn header(answer: &reqwest::Response, name: &str) -> String {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bodies() {
        for (text, expected) in [
            ("{\"a\":1}", Body::Json(json!({ "a": 1 }))),
            ("\u{feff}42", Body::Json(json!(42))),
            ("<html><title>Blocked\u{7}</title>", Body::Foreign("an HTML page, 'Blocked'".into())),
            ("\u{feff} <!DOCTYPE html>", Body::Foreign("an HTML page".into())),
            ("{\"a\":", Body::Foreign("something that is not JSON".into())),
            ("\u{1f}\u{8b}", Body::Foreign("something that is not JSON".into())),
        ] {
            assert_eq!(read(text.as_bytes()), expected, "{text}");
        }
        // A document nested without end is no document.
        assert!(matches!(read("[".repeat(100_000).as_bytes()), Body::Foreign(_)));
    }
}
