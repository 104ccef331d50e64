//! Sign-in by device code: a code to show, questions until its person has answered, and refresh tokens.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    http::{Answer, Asked, pairs},
    token::{Bearer, known_tenant, refused, signed_in},
};
use crate::{spec::DeviceCodeEnd, state::State};

/// A code that was given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Device {
    code: String,
    client: String,
    asked: u32,
}

/// `POST /{tenant}/oauth2/v2.0/devicecode`.
pub(super) fn begin(state: &mut State, asked: &Asked, tenant: &str) -> Answer {
    if let Err(answer) = known_tenant(state, tenant) {
        return answer;
    }
    let form = pairs(&String::from_utf8_lossy(&asked.body));
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let client = field("client_id").to_owned();
    if client.is_empty() || field("scope").is_empty() {
        let message = "The request body must contain the following parameter: 'client_id or scope'.";
        return refused(state, 400, "invalid_request", 900_144, message);
    }
    let code = state.new_guid("device code");
    let number = state.number();
    let spec = state.spec.device_code.clone();
    let user_code = format!("SIM{number:06}");
    if let Some(tenant) = state.tenants.get_mut(&state.spec.tenant) {
        tenant.devices.push(Device { code: code.clone(), client, asked: 0 });
    }
    let page = "https://microsoft.com/devicelogin";
    Answer::json(
        200,
        json!({
            "user_code": user_code,
            "device_code": code,
            "verification_uri": page,
            "expires_in": spec.expires_in,
            "interval": spec.interval,
            "message": format!(
                "To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."
            ),
        }),
    )
}

/// The token endpoint, asked with a device code.
pub(super) fn redeem(state: &mut State, asked: &Asked, client: &str, code: &str) -> Answer {
    let spec = state.spec.device_code.clone();
    let devices = state.tenants.get_mut(&state.spec.tenant).map(|tenant| &mut tenant.devices);
    let found = devices.and_then(|devices| {
        devices.iter_mut().find(|device| device.code == code && device.client.eq_ignore_ascii_case(client))
    });
    let Some(device) = found else {
        return refused(state, 400, "bad_verification_code", 70000, "The device code is not known.");
    };
    device.asked += 1;
    let count = device.asked;
    if count <= spec.slow_down.min(spec.pending) {
        // unconfirmed: the number that comes with it; the word is the standard's.
        return refused(state, 400, "slow_down", 50196, "The client asks too often.");
    }
    if count <= spec.pending {
        let message = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
        return refused(state, 400, "authorization_pending", 70016, message);
    }
    if let Some(tenant) = state.tenants.get_mut(&state.spec.tenant) {
        tenant.devices.retain(|device| device.code != code);
    }
    match spec.then {
        DeviceCodeEnd::SignedIn => with_refresh(state, asked, client),
        DeviceCodeEnd::Declined => {
            let message = "The end user denied the authorization request.";
            refused(state, 400, "authorization_declined", 70018, message)
        }
        DeviceCodeEnd::Expired => refused(state, 400, "expired_token", 70020, "The device code has expired."),
        DeviceCodeEnd::Unknown => {
            refused(state, 400, "bad_verification_code", 70000, "The device code is not known.")
        }
    }
}

/// The token endpoint, asked with a refresh token.
pub(super) fn refresh(state: &mut State, asked: &Asked, client: &str, token: &str) -> Answer {
    let known = state.tenants.get(&state.spec.tenant);
    let known = known.is_some_and(|tenant| tenant.refresh_tokens.iter().any(|one| one == token));
    if !known || state.spec.device_code.revoked {
        let message = "The provided grant has expired due to it being revoked, a fresh auth token is needed.";
        return refused(state, 400, "invalid_grant", 50173, message);
    }
    with_refresh(state, asked, client)
}

fn with_refresh(state: &mut State, asked: &Asked, client: &str) -> Answer {
    let refresh = state.new_guid("refresh token");
    if let Some(tenant) = state.tenants.get_mut(&state.spec.tenant) {
        tenant.refresh_tokens.push(refresh.clone());
    }
    let mut answer = signed_in(state, &asked.base, client, Bearer::Person);
    if let Some(body) = &mut answer.body {
        body["refresh_token"] = json!(refresh);
        body["scope"] = json!(state.spec.token_roles.join(" "));
    }
    answer
}
