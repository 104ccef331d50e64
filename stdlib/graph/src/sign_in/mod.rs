//! Tokens: fetched when needed, kept in memory only, renewed early, and never used for another tenant.

mod aadsts;
mod application;
mod assertion;
mod device_code;
mod managed_identity;
mod outside;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contracts::{CallContext, SecretText};
use model::{Class, Code, Failure, Timestamp};
use serde_json::Value as Json;

use crate::attempt::{Answer, Body, MARGIN, Outcome, shown};
use crate::classify::{FOREIGN_HINT, not_sent};
use crate::client::Client;
use crate::settings::{Credential, GraphSettings, Identity};

pub(crate) use aadsts::hint as sign_in_hint;
pub(crate) use assertion::examined as examined_certificate;

/// A token is taken for expired this long before it is.
const EARLY: Duration = Duration::from_mins(5);

/// An access token of the target's own tenant.
#[derive(Clone)]
pub(crate) struct Token {
    text: SecretText,
    renew_at: Timestamp,
    /// Roles of an application, or scopes of a person.
    pub(crate) permissions: Vec<String>,
}

impl Token {
    /// The value itself, for the one place that sends it.
    pub(crate) fn spend(&self) -> &str {
        self.text.spend()
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.renew_at
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Token(hidden, until {})", self.renew_at)
    }
}

/// An identity and what it holds.
pub(crate) struct Slot {
    identity: Identity,
    kept: tokio::sync::Mutex<Kept>,
}

/// Sign-ins of people, for all modules of a process: whoever signed in for the plan is not asked again for its run.
///
/// Applications sign in for each module by themselves, which costs nobody anything.
#[derive(Default)]
pub struct SignIns {
    people: Mutex<BTreeMap<String, Arc<Slot>>>,
}

impl SignIns {
    /// The identity's own slot, or the one it shares.
    pub(crate) fn slot(&self, settings: &GraphSettings, identity: &Identity) -> Arc<Slot> {
        let fresh = || Arc::new(Slot { identity: identity.clone(), kept: tokio::sync::Mutex::default() });
        match identity.credential {
            Credential::DeviceCode => {}
            Credential::Secret { .. }
            | Credential::SecretText(_)
            | Credential::Certificate { .. }
            | Credential::ManagedIdentity(_)
            | Credential::WorkloadIdentity { .. }
            | Credential::Token { .. } => return fresh(),
        }
        let GraphSettings { login_url, graph_url, tenant_id, .. } = settings;
        let key = format!("{login_url} {graph_url} {tenant_id} {}", identity.client_id);
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(people.entry(key).or_insert_with(fresh))
    }
}

impl fmt::Debug for SignIns {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SignIns(hidden)")
    }
}

/// What an identity holds between calls.
#[derive(Default)]
struct Kept {
    token: Option<Token>,
    /// Renews the token of a person without asking again.
    refresh: Option<SecretText>,
    /// A sign-in that a person was asked for and may still complete.
    pending: Option<device_code::Pending>,
}

impl Slot {
    /// One sign-in at a time; whoever comes meanwhile waits for its token.
    pub(crate) async fn token(
        &self,
        client: &Client<'_>,
        context: &dyn CallContext,
    ) -> Result<Token, Failure> {
        let patience = context.time_left().saturating_sub(MARGIN);
        let Ok(mut kept) = tokio::time::timeout(patience, self.kept.lock()).await else {
            return Err(Failure::new(
                Code::SignIn,
                Class::Transient,
                "sign in: another call is still signing in with the same identity",
            ));
        };
        if let Some(token) = kept.token.as_ref().filter(|token| token.is_fresh(context.now())) {
            return Ok(token.clone());
        }
        let token = self.sign_in(client, context, &mut kept).await?;
        kept.token = Some(token.clone());
        Ok(token)
    }

    pub(crate) async fn forget(&self) {
        self.kept.lock().await.token = None;
    }

    async fn sign_in(
        &self,
        client: &Client<'_>,
        context: &dyn CallContext,
        kept: &mut Kept,
    ) -> Result<Token, Failure> {
        let identity = &self.identity;
        match &identity.credential {
            Credential::Secret { name } => {
                let secret = context.secret(name)?;
                application::by_secret(client, context, identity, &secret).await
            }
            Credential::SecretText(secret) => application::by_secret(client, context, identity, secret).await,
            Credential::Certificate { certificate, key } => {
                application::by_certificate(client, context, identity, certificate, key).await
            }
            Credential::WorkloadIdentity { token_file } => {
                application::by_file(client, context, identity, token_file).await
            }
            Credential::ManagedIdentity(source) => {
                managed_identity::ask(client, context, identity, source).await
            }
            Credential::DeviceCode => device_code::ask(client, context, identity, kept).await,
            Credential::Token { name } => outside::take(client, context, name),
        }
    }
}

/// The address that gives out tokens, and which an assertion names as its audience.
fn token_url(client: &Client<'_>) -> String {
    let settings = client.settings();
    format!("{}/{}/oauth2/v2.0/token", settings.login_url.trim_end_matches('/'), settings.tenant_id)
}

/// What a token is asked for.
fn resource<'a>(client: &'a Client<'_>) -> &'a str {
    client.settings().graph_url.trim_end_matches('/')
}

/// Reads the answer to a request for a token.
fn granted(outcome: Outcome, line: &str, client: &Client<'_>, now: Timestamp) -> Result<Token, Failure> {
    match outcome {
        Outcome::Answered(Answer { status: 200, body: Body::Json(body), .. }) => accepted(&body, client, now),
        Outcome::Answered(answer) => Err(refused(&answer, line)),
        Outcome::NotSent(trouble) => Err(not_sent(&trouble, line)),
        Outcome::Lost(why) => Err(Failure::new(
            Code::GraphTransient,
            Class::Transient,
            format!("{line}: no answer came: {why}"),
        )),
    }
}

fn accepted(body: &Json, client: &Client<'_>, now: Timestamp) -> Result<Token, Failure> {
    let text = body["access_token"].as_str().unwrap_or_default();
    let lifetime = seconds(&body["expires_in"]).map(Duration::from_secs);
    checked(text, lifetime, client, now)
}

/// Compares the token's tenant with the target's before anything else is done with it.
fn checked(
    text: &str,
    lifetime: Option<Duration>,
    client: &Client<'_>,
    now: Timestamp,
) -> Result<Token, Failure> {
    let claims = oauth::read_claims(text).ok_or_else(|| {
        Failure::new(Code::SignIn, Class::Invalid, "sign in: the answer holds no token that can be read")
    })?;
    let tenant = &client.settings().tenant_id;
    if claims.tenant != tenant.to_ascii_lowercase() {
        return Err(Failure::new(
            Code::TenantMismatch,
            Class::Denied,
            format!(
                "sign in: the token is for tenant '{}', the target's is '{tenant}'",
                shown(&claims.tenant)
            ),
        )
        .hint("nothing was read or written; check the target's tenant id and the client that signs in"));
    }
    let expires = claims.expires.map(|seconds| Timestamp(seconds.saturating_mul(1000)));
    let lifetime = lifetime.or_else(|| expires.map(|end| end.since(now))).unwrap_or_default();
    // A token that lives shorter than twice that is renewed at half its life.
    let early = EARLY.min(lifetime / 2);
    Ok(Token {
        text: SecretText::new(text.to_owned()),
        renew_at: now.after(lifetime.saturating_sub(early)),
        permissions: claims.permissions,
    })
}

/// Numbers come as numbers, and from some as texts.
fn seconds(json: &Json) -> Option<u64> {
    json.as_u64().or_else(|| json.as_str()?.parse().ok())
}

fn refused(answer: &Answer, line: &str) -> Failure {
    if let Body::Foreign(what) = &answer.body {
        let message = format!("{line}: status {}: {what}", answer.status);
        if answer.status < 500 && answer.status != 429 {
            return Failure::new(Code::GraphConnection, Class::Denied, message).hint(FOREIGN_HINT);
        }
        return later(answer, message);
    }
    let json = answer.json();
    let error = json["error"].as_str().unwrap_or_default();
    // The description begins with the number; what follows is for logs.
    let description = json["error_description"].as_str().or(json["message"].as_str()).unwrap_or_default();
    let message = format!("{line}: status {} {} {}", answer.status, shown(error), shown(description))
        .trim_end()
        .to_owned();
    if matches!(answer.status, 408 | 429 | 500..) {
        return later(answer, message);
    }
    if (300..400).contains(&answer.status) {
        return Failure::new(Code::GraphConnection, Class::Denied, message)
            .hint("a redirect is never followed: check the address of the sign-in service");
    }
    Failure::new(Code::SignIn, Class::Denied, message).hint(aadsts::hint(json))
}

fn later(answer: &Answer, message: String) -> Failure {
    let failure = Failure::new(Code::GraphTransient, Class::Transient, message);
    match answer.retry_after {
        Some(wait) => failure.retry_after(wait),
        None => failure,
    }
}

fn denied(why: impl Into<String>) -> Failure {
    Failure::new(Code::SignIn, Class::Denied, why)
}
