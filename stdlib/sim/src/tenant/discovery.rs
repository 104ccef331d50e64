//! What the sign-in service tells anybody about a tenant.

use serde_json::json;

use super::{
    http::{Answer, Asked},
    token::known_tenant,
};
use crate::state::State;

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`.
pub(super) fn document(state: &mut State, asked: &Asked, tenant: &str) -> Answer {
    if let Err(answer) = known_tenant(state, tenant) {
        return answer;
    }
    let base = format!("{}/{}", asked.base, state.spec.tenant);
    Answer::json(
        200,
        json!({
            "issuer": format!("{base}/v2.0"),
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        }),
    )
}
