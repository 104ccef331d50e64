//! An access token that somebody else fetched.

use contracts::CallContext;
use model::{Failure, Timestamp};

use super::{Token, checked, denied};
use crate::client::Client;

/// Asked for anew whenever the one at hand is about to expire: whoever gives it may have renewed it.
pub(super) fn take(client: &Client<'_>, context: &dyn CallContext, name: &str) -> Result<Token, Failure> {
    let secret = context.secret(name)?;
    let text = secret.spend().trim();
    let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
    let now = context.now();
    let Some(claims) = oauth::read_claims(text) else {
        return Err(denied(format!("sign in: the secret '{name}' holds no access token that can be read"))
            .hint("it is a JWT: three parts with dots between them"));
    };
    let token = checked(text, None, client, now)?;
    match claims.expires {
        Some(seconds) if Timestamp(seconds.saturating_mul(1000)) > now => Ok(token),
        Some(seconds) => Err(denied(format!(
            "sign in: the access token in the secret '{name}' expired at {}",
            Timestamp(seconds.saturating_mul(1000))
        ))
        .hint("fetch a new one, e.g. with az account get-access-token, and resume the run")),
        None => Err(denied(format!(
            "sign in: the access token in the secret '{name}' does not say when it expires"
        ))),
    }
}
