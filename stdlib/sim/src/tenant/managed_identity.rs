//! The services that give out the tokens of managed identities: a virtual machine's, and App Service's.

use serde_json::json;

use super::{
    http::{Answer, Asked},
    token::{Bearer, signed_in},
};
use crate::state::State;

/// Whom a token is for where the caller names no identity of its own.
const OWN: &str = "b3c7d9a1-5e2f-4c86-9a0d-7f1e2d3c4b5a";

/// `GET /metadata/identity/oauth2/token`.
pub(super) fn machine(state: &mut State, asked: &Asked) -> Answer {
    let refused =
        |why: &str| Answer::json(400, json!({ "error": "invalid_request", "error_description": why }));
    if !asked.header("metadata").eq_ignore_ascii_case("true") {
        return refused("Required metadata header not specified");
    }
    if asked.query("api-version").is_none() || asked.query("resource").is_none() {
        return refused("Required query variable is missing");
    }
    given(state, asked)
}

/// `GET /msi/token`.
pub(super) fn app(state: &mut State, asked: &Asked) -> Answer {
    if asked.header("x-identity-header") != state.spec.identity_header {
        return Answer::json(401, json!({ "statusCode": 401, "message": "The identity header is wrong." }));
    }
    if asked.query("api-version") != Some("2019-08-01") || asked.query("resource").is_none() {
        return Answer::json(400, json!({ "statusCode": 400, "message": "Unsupported api version." }));
    }
    given(state, asked)
}

/// Numbers are texts in these answers.
fn given(state: &mut State, asked: &Asked) -> Answer {
    let client = asked.query("client_id").unwrap_or(OWN).to_owned();
    let resource = asked.query("resource").unwrap_or_default().to_owned();
    if state
        .spec
        .client_id
        .as_deref()
        .is_some_and(|known| client != OWN && !known.eq_ignore_ascii_case(&client))
    {
        return Answer::json(
            400,
            json!({ "error": "invalid_request", "error_description": "Identity not found" }),
        );
    }
    let now = state.now;
    let mut answer = signed_in(state, &resource, &client, Bearer::Application);
    if let Some(body) = &mut answer.body {
        body["client_id"] = json!(client);
        body["expires_in"] = json!("3599");
        body["expires_on"] = json!((now + 3599).to_string());
        body["resource"] = json!(resource);
    }
    answer
}
