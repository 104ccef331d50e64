//! The token endpoint: client credentials with a secret or an assertion, device codes and refresh tokens, answered with a
//! token whose claims can be read.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    device_code,
    http::{Answer, Asked, pairs},
};
use crate::state::{State, seconds_of};

/// What a token says, once it is believed.
#[derive(Debug, Clone)]
pub(super) struct Claims {
    pub(super) tenant: String,
    pub(super) roles: Vec<String>,
}

/// `POST /{tenant}/oauth2/v2.0/token`.
pub(super) fn issue(state: &mut State, asked: &Asked, tenant: &str) -> Answer {
    let form = pairs(&String::from_utf8_lossy(&asked.body));
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let spec = state.spec.clone();
    if let Err(answer) = known_tenant(state, tenant) {
        return answer;
    }
    if !GRANTS.contains(&field("grant_type")) {
        return refused(
            state,
            400,
            "unsupported_grant_type",
            70003,
            &format!("The app requested an unsupported grant type '{}'.", field("grant_type")),
        );
    }
    let client = field("client_id");
    if client.is_empty() {
        return refused(
            state,
            400,
            "invalid_request",
            900_144,
            "The request body must contain the following parameter: 'client_id'.",
        );
    }
    if spec.client_id.as_deref().is_some_and(|expected| !expected.eq_ignore_ascii_case(client)) {
        return refused(
            state,
            400,
            "unauthorized_client",
            700_016,
            &format!("Application with identifier '{client}' was not found in the directory '{tenant}'."),
        );
    }
    match field("grant_type") {
        "refresh_token" => return device_code::refresh(state, asked, client, field("refresh_token")),
        "urn:ietf:params:oauth:grant-type:device_code" => {
            return device_code::redeem(state, asked, client, field("device_code"));
        }
        _ => {}
    }
    let Some(audience) = field("scope").strip_suffix("/.default") else {
        return refused(
            state,
            400,
            "invalid_scope",
            1_002_012,
            &format!(
                "The provided value for scope {} is not valid. It must end in /.default.",
                field("scope")
            ),
        );
    };
    let (secret, assertion) = (field("client_secret"), field("client_assertion"));
    if secret.is_empty() && assertion.is_empty() {
        return refused(
            state,
            401,
            "invalid_client",
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        );
    }
    if assertion.is_empty() {
        if spec.client_secret.as_deref().is_some_and(|expected| expected != secret) {
            return refused(state, 401, "invalid_client", 7_000_215, "Invalid client secret provided.");
        }
    } else if let Err(why) = assertion_fits(
        assertion,
        field("client_assertion_type"),
        client,
        &format!("{}{}", asked.base, asked.path),
    ) {
        return refused(
            state,
            401,
            "invalid_client",
            50027,
            &format!("JWT token is invalid or malformed: {why}."),
        );
    }
    signed_in(state, audience, client, Bearer::Application)
}

const GRANTS: &[&str] =
    &["client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"];

/// Whose token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearer {
    Application,
    /// A person, through an application.
    Person,
}

/// Refuses sign-ins to tenants that are not this one.
pub(super) fn known_tenant(state: &mut State, tenant: &str) -> Result<(), Answer> {
    let known = [&state.spec.tenant, &state.spec.domain, &state.spec.initial_domain];
    if known.iter().any(|one| one.eq_ignore_ascii_case(tenant)) {
        return Ok(());
    }
    let message = format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
    Err(refused(state, 400, "invalid_request", 90002, &message))
}

/// A token for the resource.
pub(super) fn signed_in(state: &mut State, audience: &str, client: &str, bearer: Bearer) -> Answer {
    let spec = &state.spec;
    let named = spec.token_tenant.as_ref().unwrap_or(&spec.tenant).clone();
    let expires = seconds_of(&spec.token_expires).unwrap_or(i64::MAX);
    let permissions = spec.token_roles.clone();
    let id = state.new_guid("token");
    let mut claims = json!({
        "aud": audience,
        "iss": format!("https://sts.windows.net/{named}/"),
        "iat": state.now,
        "nbf": state.now,
        "exp": expires,
        "appid": client,
        "tid": named,
        "uti": id,
        "ver": "1.0",
    });
    match bearer {
        Bearer::Application => {
            claims["idtyp"] = json!("app");
            claims["roles"] = json!(permissions);
        }
        Bearer::Person => {
            claims["idtyp"] = json!("user");
            claims["scp"] = json!(permissions.join(" "));
        }
    }
    let token = signed(&claims);
    Answer::json(
        200,
        json!({ "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token }),
    )
    .with("cache-control", "no-store, no-cache")
}

/// Checks the token of a Graph request: ours, for Graph, and not expired at the world's now.
pub(super) fn claims_of(state: &State, asked: &Asked) -> Result<Claims, &'static str> {
    let authorization = asked.header("authorization");
    let Some((scheme, token)) = authorization.split_once(' ') else {
        return Err("Access token is empty.");
    };
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err("Access token is empty.");
    }
    let malformed = "CompactToken parsing failed with error code: 80049217";
    let parts: Vec<&str> = token.trim().split('.').collect();
    let [header, payload, signature] = parts[..] else { return Err(malformed) };
    if seal(header, payload) != signature {
        return Err("Access token validation failure. Invalid signature.");
    }
    let claims = part(payload).ok_or(malformed)?;
    if claims["exp"].as_i64().unwrap_or_default() <= state.now {
        return Err("Lifetime validation failed, the token is expired.");
    }
    let audience = claims["aud"].as_str().unwrap_or_default();
    let host = audience.split("://").nth(1).unwrap_or_default();
    let graph = audience == asked.base
        || host.contains("graph.microsoft")
        || host.contains("graph.chinacloudapi")
        || host.starts_with("graph.svc.")
        || audience == "00000003-0000-0000-c000-000000000000";
    if !graph {
        return Err("Access token validation failure. Invalid audience.");
    }
    let roles = claims["roles"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let scopes = claims["scp"].as_str().unwrap_or_default().split(' ').filter(|scope| !scope.is_empty());
    let roles = roles.chain(scopes).map(str::to_owned).collect();
    Ok(Claims { tenant: claims["tid"].as_str().unwrap_or_default().to_owned(), roles })
}

fn signed(claims: &Value) -> String {
    let header =
        URL_SAFE_NO_PAD.encode(json!({ "typ": "JWT", "alg": "RS256", "kid": "simulator" }).to_string());
    let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
    let signature = seal(&header, &payload);
    format!("{header}.{payload}.{signature}")
}

/// Stands in for a signature: says only that the simulator made the token.
fn seal(header: &str, payload: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("simulator:{header}.{payload}")))
}

fn part(encoded: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

/// The audience of an assertion that another issuer made.
const FEDERATION: &str = "api://AzureADTokenExchange";

/// The shape of a client assertion. Its signature is not checked: the world does not know the client's certificate;
/// nor is its lifetime, which the client takes from a real clock.
fn assertion_fits(assertion: &str, kind: &str, client: &str, url: &str) -> Result<(), String> {
    if kind != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
        return Err(format!("client_assertion_type '{kind}'"));
    }
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, payload, signature] = parts[..] else { return Err("not three parts".into()) };
    let header = part(header).ok_or("the header cannot be read")?;
    let payload = part(payload).ok_or("the claims cannot be read")?;
    if !["RS256", "PS256"].contains(&header["alg"].as_str().unwrap_or_default()) {
        return Err(format!("algorithm {}", header["alg"]));
    }
    if payload["aud"] == FEDERATION {
        // Somebody else's word for a workload: who it is, their issuer says.
        let told =
            ["iss", "sub"].iter().all(|claim| payload[*claim].as_str().is_some_and(|one| !one.is_empty()));
        return if told && !signature.is_empty() { Ok(()) } else { Err("no issuer or no subject".into()) };
    }
    if header["x5t"].is_null() && header["x5t#S256"].is_null() {
        return Err("the header names no certificate".into());
    }
    for claim in ["iss", "sub"] {
        if !payload[claim].as_str().is_some_and(|one| one.eq_ignore_ascii_case(client)) {
            return Err(format!("{claim} is not the client"));
        }
    }
    if payload["aud"].as_str() != Some(url) {
        return Err(format!("the audience is not {url}"));
    }
    if signature.is_empty() || payload["exp"].as_f64().is_none() {
        return Err("no signature or no exp".into());
    }
    Ok(())
}

pub(super) fn refused(state: &mut State, status: u16, error: &str, number: u64, message: &str) -> Answer {
    let trace = state.new_guid("trace");
    let correlation = state.new_guid("correlation");
    let moment = state.now_text().replace('T', " ");
    Answer::json(
        status,
        json!({
            "error": error,
            "error_description": format!(
                "AADSTS{number}: {message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {moment}"
            ),
            "error_codes": [number],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
        }),
    )
}
