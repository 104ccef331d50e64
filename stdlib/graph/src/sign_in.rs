//! Tokens: fetched when needed, kept in memory only, renewed early, and never used for another tenant.

use std::time::Duration;

use contracts::CallContext;
use model::{Class, Code, Failure, Timestamp};
use serde_json::Value as Json;

use crate::attempt::{Answer, Outcome};
use crate::client::Client;
use crate::settings::GraphSettings;

/// A token is taken for expired this long before it is.
const EARLY: Duration = Duration::from_mins(5);

#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    renew_at: Timestamp,
}

impl Token {
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.renew_at
    }
}

/// Asks for a token of the application itself.
pub(crate) async fn sign_in(
    client: &Client<'_>,
    settings: &GraphSettings,
    context: &dyn CallContext,
) -> Result<Token, Failure> {
    let url = format!("{}/{}/oauth2/v2.0/token", settings.login_url, settings.tenant_id);
    let line = format!("POST {url}");
    let secret = settings.credential.secret(context)?;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", settings.client_id.as_str()),
        ("client_secret", secret.spend()),
        ("scope", &format!("{}/.default", settings.graph_url)),
    ];
    // Asking twice for a token changes nothing in the tenant, so this is retried like a read.
    let outcome = client.repeated(context, &line, |http| http.post(&url).form(&form)).await;
    match outcome {
        Outcome::Answered(answer) if answer.status == 200 => accepted(&answer.body, settings, context.now()),
        Outcome::Answered(answer) => Err(refused(&answer, &line)),
        Outcome::NotSent(why) | Outcome::Lost(why) => {
            Err(Failure::new(Code::GraphTransient, Class::Transient, format!("{line}: {why}")))
        }
    }
}

fn accepted(body: &Json, settings: &GraphSettings, now: Timestamp) -> Result<Token, Failure> {
    let text = body["access_token"].as_str().unwrap_or_default();
    let claims = oauth::read_claims(text).ok_or_else(|| {
        Failure::new(Code::SignIn, Class::Invalid, "sign in: the answer holds no token that can be read")
    })?;
    if claims.tenant != settings.tenant_id.to_ascii_lowercase() {
        return Err(Failure::new(
            Code::TenantMismatch,
            Class::Denied,
            format!(
                "sign in: the token is for tenant '{}', the target's is '{}'",
                claims.tenant, settings.tenant_id
            ),
        )
        .hint("nothing was read or written; check the target's tenant id and the client that signs in"));
    }
    let lifetime = Duration::from_secs(body["expires_in"].as_u64().unwrap_or_default());
    Ok(Token { text: text.to_owned(), renew_at: now.after(lifetime.saturating_sub(EARLY)) })
}

fn refused(answer: &Answer, line: &str) -> Failure {
    let error = answer.body["error"].as_str().unwrap_or_default();
    let description = answer.body["error_description"].as_str().unwrap_or_default();
    // The description begins with the number; what follows is for logs.
    let description: String =
        description.chars().map(|other| if other.is_control() { ' ' } else { other }).take(300).collect();
    let message = format!("{line}: status {} {error} {description}", answer.status).trim_end().to_owned();
    if answer.status == 429 || answer.status >= 500 {
        let failure = Failure::new(Code::GraphTransient, Class::Transient, message);
        return match answer.retry_after {
            Some(wait) => failure.retry_after(wait),
            None => failure,
        };
    }
    Failure::new(Code::SignIn, Class::Denied, message).hint(
        "check the tenant id, the client id and its secret; explain FB0709 lists the usual AADSTS numbers",
    )
}
