//! A person signs in on another device, with a code that is shown here (RFC 8628).
//!
//! The call asks again and again while the phase has time. What was shown stays good beyond that, so a phase that is
//! tried again goes on with the same code instead of showing a new one.

use std::time::Duration;

use contracts::{CallContext, SecretText};
use model::{Class, Code, Failure, Timestamp};
use serde_json::Value as Json;

use super::{Kept, Token, denied, granted, refused, resource, seconds, token_url};
use crate::attempt::{Answer, Body, MARGIN, Outcome, send, shown};
use crate::classify::not_sent;
use crate::client::Client;
use crate::settings::{DevicePrompt, Identity};
use crate::waits::pause;

const INTERVAL: Duration = Duration::from_secs(5);
/// What `slow_down` adds, for good.
const SLOWER: Duration = Duration::from_secs(5);
const INTERVAL_MAX: Duration = Duration::from_mins(1);

/// A code that a person was shown.
pub(super) struct Pending {
    device_code: SecretText,
    shown: DevicePrompt,
    interval: Duration,
}

pub(super) async fn ask(
    client: &Client<'_>,
    context: &dyn CallContext,
    identity: &Identity,
    kept: &mut Kept,
) -> Result<Token, Failure> {
    if let Some(refresh) = kept.refresh.take() {
        match renewed(client, context, identity, &refresh, kept).await {
            // A person has to sign in again: by design after months, or because an administrator wanted it so.
            Err(failure) if failure.code == Code::SignIn => {}
            Err(failure) => {
                kept.refresh = Some(refresh);
                return Err(failure);
            }
            granted => return granted,
        }
    }
    if kept.pending.as_ref().is_none_or(|pending| pending.shown.expires <= context.now()) {
        kept.pending = Some(begin(client, context, identity).await?);
    }
    poll(client, context, identity, kept).await
}

/// Fetches a code and shows it.
async fn begin(
    client: &Client<'_>,
    context: &dyn CallContext,
    identity: &Identity,
) -> Result<Pending, Failure> {
    let Some(prompt) = &client.settings().prompt else {
        return Err(denied(
            "sign in: a person has to sign in with a device code, and nobody is there to ask",
        )
        .hint("run it at a terminal, or use a certificate or a managed identity in the target file"));
    };
    let url = format!("{}/devicecode", token_url(client).trim_end_matches("/token"));
    let line = format!("POST {url}");
    let scope = scope(client);
    let form = [("client_id", identity.client_id.as_str()), ("scope", &scope)];
    let outcome = client.repeated(context, &line, || Ok(client.http().post(&url).form(&form))).await?;
    let body = match outcome {
        Outcome::Answered(Answer { status: 200, body: Body::Json(body), .. }) => body,
        Outcome::Answered(answer) => return Err(refused(&answer, &line)),
        Outcome::NotSent(trouble) => return Err(not_sent(&trouble, &line)),
        Outcome::Lost(why) => {
            return Err(Failure::new(Code::GraphTransient, Class::Transient, format!("{line}: {why}")));
        }
    };
    let pending = read(&body, context.now())
        .ok_or_else(|| denied(format!("{line}: the answer holds no device code")))?;
    prompt(&pending.shown);
    Ok(pending)
}

fn read(body: &Json, now: Timestamp) -> Option<Pending> {
    let text = |name: &str| body[name].as_str().map(shown).unwrap_or_default();
    let uri = Some(text("verification_uri")).filter(|uri| !uri.is_empty());
    let shown = DevicePrompt {
        // The name that drafts of the standard used.
        verification_uri: uri.unwrap_or_else(|| text("verification_url")),
        user_code: text("user_code"),
        message: text("message"),
        expires: now.after(Duration::from_secs(seconds(&body["expires_in"])?)),
    };
    let device_code = body["device_code"].as_str().filter(|code| !code.is_empty())?;
    let interval = seconds(&body["interval"]).map_or(INTERVAL, Duration::from_secs);
    let pending = Pending {
        device_code: SecretText::new(device_code.to_owned()),
        shown,
        interval: interval.clamp(Duration::from_secs(1), INTERVAL_MAX),
    };
    (!pending.shown.user_code.is_empty() && !pending.shown.verification_uri.is_empty()).then_some(pending)
}

async fn poll(
    client: &Client<'_>,
    context: &dyn CallContext,
    identity: &Identity,
    kept: &mut Kept,
) -> Result<Token, Failure> {
    let url = token_url(client);
    let line = format!("POST {url}");
    loop {
        let Some(pending) = kept.pending.as_mut() else {
            return Err(Failure::bug("a sign-in that is polled for was begun"));
        };
        let user_code = pending.shown.user_code.clone();
        let expires = pending.shown.expires;
        if context.now() >= expires {
            kept.pending = None;
            return Err(nobody_came(&user_code));
        }
        if context.time_left() <= pending.interval + 2 * MARGIN {
            return Err(Failure::new(
                Code::SignIn,
                Class::Transient,
                format!(
                    "sign in: nobody has signed in with the code {user_code} in the time of this phase; it stays good \
                     until {expires}"
                ),
            )
            .hint("open the page that was shown, enter the code, then resume the run"));
        }
        pause(client.waits(), context, pending.interval).await?;
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", identity.client_id.as_str()),
            ("device_code", pending.device_code.spend()),
        ];
        let attempt = send(client.http().post(&url).form(&form), &line, context).await;
        match &attempt.outcome {
            Outcome::Answered(answer) if answer.status == 400 => {
                match answer.json()["error"].as_str().unwrap_or_default() {
                    // Asking is part of the flow; a line of evidence for each would say nothing.
                    "authorization_pending" => continue,
                    "slow_down" => {
                        pending.interval = (pending.interval + SLOWER).min(INTERVAL_MAX);
                        continue;
                    }
                    _ => {}
                }
            }
            // The service asks for time, or the network has a moment: the code is as good as before.
            Outcome::Answered(answer) if matches!(answer.status, 408 | 429 | 500..) => {
                let asked = answer.retry_after.unwrap_or_default();
                if asked > INTERVAL_MAX {
                    return Err(refused(answer, &line));
                }
                pending.interval = pending.interval.max(asked);
                continue;
            }
            Outcome::NotSent(http::Trouble::Tls(_)) => {}
            Outcome::NotSent(_) | Outcome::Lost(_) => continue,
            Outcome::Answered(_) => {}
        }
        kept.pending = None;
        let outcome = client.attempted(attempt);
        return finished(client, context, kept, outcome, &line, &user_code);
    }
}

/// The end of the flow, good or bad.
fn finished(
    client: &Client<'_>,
    context: &dyn CallContext,
    kept: &mut Kept,
    outcome: Outcome,
    line: &str,
    user_code: &str,
) -> Result<Token, Failure> {
    if let Outcome::Answered(answer) = &outcome {
        match answer.json()["error"].as_str().unwrap_or_default() {
            "authorization_declined" | "access_denied" => {
                return Err(denied(format!("sign in: the sign-in with the code {user_code} was declined"))
                    .hint("resume the run to be shown a new code"));
            }
            "expired_token" => return Err(nobody_came(user_code)),
            "bad_verification_code" => {
                return Err(denied(format!(
                    "sign in: the service does not know the code {user_code} any more"
                ))
                .hint("resume the run to be shown a new code"));
            }
            _ => {}
        }
    }
    let refresh = refresh_of(&outcome);
    let token = granted(outcome, line, client, context.now())?;
    kept.refresh = refresh;
    Ok(token)
}

fn nobody_came(user_code: &str) -> Failure {
    denied(format!("sign in: nobody signed in with the code {user_code} before it expired"))
        .hint("resume the run to be shown a new code")
}

/// Exchanges the refresh token for a new access token.
async fn renewed(
    client: &Client<'_>,
    context: &dyn CallContext,
    identity: &Identity,
    refresh: &SecretText,
    kept: &mut Kept,
) -> Result<Token, Failure> {
    let url = token_url(client);
    let line = format!("POST {url}");
    let scope = scope(client);
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", identity.client_id.as_str()),
        ("refresh_token", refresh.spend()),
        ("scope", &scope),
    ];
    let outcome = client.repeated(context, &line, || Ok(client.http().post(&url).form(&form))).await?;
    let next = refresh_of(&outcome);
    let token = granted(outcome, &line, client, context.now())?;
    kept.refresh = next.or_else(|| Some(refresh.clone()));
    Ok(token)
}

/// What the application may, and a way to go on without asking again.
fn scope(client: &Client<'_>) -> String {
    format!("{}/.default offline_access", resource(client))
}

fn refresh_of(outcome: &Outcome) -> Option<SecretText> {
    let Outcome::Answered(answer) = outcome else { return None };
    let text = answer.json()["refresh_token"].as_str().filter(|text| !text.is_empty())?;
    Some(SecretText::new(text.to_owned()))
}
