//! Many reads in one request, each with a status of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use contracts::CallContext;
use http::retry_after;
use model::{Class, Code, Failure, Value};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::attempt::shown;
use crate::client::{Client, Read, WAIT_FIRST, WAIT_MAX, is_not_now};
use crate::json::value_of;
use crate::path::Path;
use crate::waits::pause;

/// The service takes so many at a time.
const SIZE_MAX: usize = 20;
/// So many may be given.
pub(crate) const READS_MAX: usize = 200;
/// What the service throttled is asked for so often.
const ROUNDS_MAX: u32 = 4;

/// The answers in the order of the paths.
pub(crate) async fn batch(
    client: &Client<'_>,
    context: &dyn CallContext,
    paths: &[Path],
) -> Result<Value, Failure> {
    let mut answers = Vec::with_capacity(paths.len());
    for some in paths.chunks(SIZE_MAX) {
        answers.extend(one(client, context, some).await?);
    }
    Ok(Value::List(answers))
}

/// Twenty reads at most. Those that were told to come back are sent again, alone.
async fn one(client: &Client<'_>, context: &dyn CallContext, paths: &[Path]) -> Result<Vec<Value>, Failure> {
    let mut done: BTreeMap<usize, Value> = BTreeMap::new();
    let mut own_wait = WAIT_FIRST;
    for round in 1..=ROUNDS_MAX {
        let open: Vec<usize> = (0..paths.len()).filter(|index| !done.contains_key(index)).collect();
        if open.is_empty() {
            break;
        }
        let answers = sent(client, context, paths, &open).await?;
        let mut wait = None;
        let mut status_seen = 0;
        for (index, answer) in answers {
            let status =
                answer["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
            if is_not_now(status) {
                let asked = asked_wait(&answer, context).unwrap_or(own_wait);
                wait = wait.max(Some(asked));
                status_seen = status;
            } else {
                done.insert(index, told(&paths[index], status, &answer["body"])?);
            }
        }
        let Some(wait) = wait else { continue };
        if round == ROUNDS_MAX || wait > WAIT_MAX || wait.saturating_add(WAIT_FIRST) >= context.time_left() {
            return Err(Failure::new(
                Code::GraphTransient,
                Class::Transient,
                format!("POST {}: a read in it: status {status_seen}", client.url("/$batch")),
            )
            .retry_after(wait));
        }
        pause(client.waits(), context, wait).await?;
        own_wait *= 2;
    }
    Ok(done.into_values().collect())
}

async fn sent(
    client: &Client<'_>,
    context: &dyn CallContext,
    paths: &[Path],
    open: &[usize],
) -> Result<BTreeMap<usize, Json>, Failure> {
    let requests: Vec<Json> = open
        .iter()
        .map(|index| json!({ "id": (index + 1).to_string(), "method": "GET", "url": paths[*index].as_str() }))
        .collect();
    let url = client.url("/$batch");
    let body = json!({ "requests": requests });
    let read = Read { method: Method::POST, url: &url, consistency: None, body: Some(&body) };
    let invalid =
        |why: String| Failure::new(Code::GraphInvalid, Class::Invalid, format!("POST {url}: {why}"));
    let mut body = client.fetch(context, &read).await?.unwrap_or_default();
    let Json::Array(answers) = body["responses"].take() else {
        return Err(invalid("the answer holds no responses".into()));
    };
    let mut found = BTreeMap::new();
    for answer in answers {
        let index =
            answer["id"].as_str().and_then(|id| id.parse::<usize>().ok()).and_then(|id| id.checked_sub(1));
        match index.filter(|index| open.contains(index)) {
            Some(index) => found.insert(index, answer),
            None => return Err(invalid("the answer is about something that was not asked".into())),
        };
    }
    match open.iter().find(|index| !found.contains_key(*index)) {
        Some(index) => Err(invalid(format!("{} got no answer", paths[*index].as_str()))),
        None => Ok(found),
    }
}

fn asked_wait(answer: &Json, context: &dyn CallContext) -> Option<Duration> {
    let headers = answer["headers"].as_object()?;
    let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    retry_after(&text, context.now())
}

fn told(path: &Path, status: u16, body: &Json) -> Result<Value, Failure> {
    let text = |name: &str| body["error"][name].as_str().map_or(Value::Null, |text| shown(text).into());
    let body = if (200..300).contains(&status) { value_of(body)? } else { Value::Null };
    let failed = !(200..300).contains(&status);
    Ok(Value::from([
        ("path", path.as_str().into()),
        ("status", Value::Int(i64::from(status))),
        ("body", body),
        ("error", if failed { text("code") } else { Value::Null }),
        ("message", if failed { text("message") } else { Value::Null }),
    ]))
}
