//! Many requests in one: `POST /$batch`. Each gets an answer of its own, in no order that anybody promised.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    http::{Answer, Asked, Refusal, decoded, pairs},
    route,
};
use crate::state::State;

/// Documented: more are refused.
const SIZE_MAX: usize = 20;

pub(super) fn answer(state: &mut State, asked: &Asked) -> Result<Answer, Refusal> {
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let Some(requests) = body["requests"].as_array().filter(|requests| !requests.is_empty()) else {
        return Err(Refusal::new(400, "BadRequest", "Invalid batch payload format."));
    };
    if requests.len() > SIZE_MAX {
        let message = format!("Number of batch request steps exceeds the maximum value of {SIZE_MAX}.");
        return Err(Refusal::new(400, "BadRequest", message));
    }
    let mut responses = Vec::new();
    for request in requests {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let (id, url) = (text("id"), text("url"));
        let twice = responses.iter().any(|one: &Value| one["id"] == id);
        if id.is_empty() || twice || !url.starts_with('/') {
            return Err(Refusal::new(400, "BadRequest", format!("Invalid request in the batch: '{id}'.")));
        }
        responses.push(inner(state, asked, request));
    }
    responses.reverse();
    Ok(Answer::json(200, json!({ "responses": responses })))
}

fn inner(state: &mut State, outer: &Asked, request: &Value) -> Value {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    let (path, query) = text("url").split_once('?').unwrap_or((text("url"), ""));
    let mut headers: BTreeMap<String, String> = request["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    headers.insert("authorization".to_owned(), outer.header("authorization").to_owned());
    let asked = Asked {
        method: text("method").to_ascii_uppercase(),
        path: format!("/v1.0{}", decoded(path, false)),
        query: pairs(query),
        headers,
        body: if request["body"].is_null() { Vec::new() } else { request["body"].to_string().into_bytes() },
        base: outer.base.clone(),
    };
    // What would have been a cut connection alone is a gateway's time-out in here.
    let answer = route::within_batch(state, &asked).unwrap_or_else(|| Answer::empty(504));
    let headers: Map<String, Value> =
        answer.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({ "id": text("id"), "status": answer.status, "headers": headers, "body": answer.body })
}
