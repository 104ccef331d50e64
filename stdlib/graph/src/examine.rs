//! Checks of the connection to a tenant, from the hosts' names to the permissions; nothing is written.

use std::time::Duration;

use contracts::{CallContext, Check};
use model::{Class, Code, Failure, Timestamp};

use crate::attempt::{Answer, Body, Outcome};
use crate::classify::{FOREIGN_HINT, classify, not_sent};
use crate::client::{Client, Who};
use crate::organization;
use crate::service_principal;
use crate::settings::{Credential, Identity};
use crate::sign_in::{Token, examined_certificate, sign_in_hint};

const AREA: &str = "graph";

/// Tokens and assertions are refused beyond that.
const SKEW_MAX: Duration = Duration::from_mins(5);
/// A certificate that ends sooner is worth a word.
const ENDS_SOON: Duration = Duration::from_hours(30 * 24);

const READERS: &[&str] =
    &["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
const WRITERS: &[&str] = &["Application.ReadWrite.All", "Directory.ReadWrite.All"];

pub(crate) async fn examine(client: &Client<'_>, context: &dyn CallContext) -> Vec<Check> {
    let mut checks = Vec::new();
    let settings = client.settings();
    let login = settings.login_url.trim_end_matches('/');
    let known = format!("{login}/{}/v2.0/.well-known/openid-configuration", settings.tenant_id);
    let login = reach(client, context, "login", &known, &mut checks).await;
    if let Some(answer) = &login {
        checks.push(tenant_known(answer, &settings.tenant_id));
    }
    // Without a token, Graph itself says 401 in its own words.
    let graph = reach(client, context, "endpoint", &client.url("/organization"), &mut checks).await;
    let date = login.as_ref().or(graph.as_ref()).and_then(|answer| answer.date);
    checks.push(clock(date, context.now()));
    if login.is_none() || graph.is_none() {
        return checks;
    }
    let Some(reader) = signed_in(client, context, Who::Reader, &settings.read, &mut checks).await else {
        return checks;
    };
    checks.push(permissions("permissions-read", &reader, READERS));
    match &settings.write {
        Some(identity) => {
            if let Some(writer) = signed_in(client, context, Who::Writer, identity, &mut checks).await {
                checks.push(permissions("permissions-write", &writer, WRITERS));
            }
        }
        None => checks.push(permissions("permissions-write", &reader, WRITERS)),
    }
    checks.push(tenant(client, context).await);
    if let Some(app_id) = &settings.probe_app_id {
        checks.push(principal(client, context, app_id).await);
    }
    checks
}

/// Asks a host for something that is open to anybody; nothing where it is not there or not itself.
async fn reach(
    client: &Client<'_>,
    context: &dyn CallContext,
    name: &str,
    url: &str,
    checks: &mut Vec<Check>,
) -> Option<Answer> {
    let line = format!("GET {url}");
    let outcome = match client.repeated(context, &line, || Ok(client.http().get(url))).await {
        Ok(outcome) => outcome,
        Err(failure) => {
            checks.push(failed(name, &failure));
            return None;
        }
    };
    match outcome {
        Outcome::NotSent(trouble) => {
            checks.push(failed(name, &not_sent(&trouble, &line)));
            None
        }
        Outcome::Lost(_) => {
            checks.push(failed(name, &classify(&outcome, &line, model::Effect::Read)));
            None
        }
        Outcome::Answered(answer) => {
            if let Body::Foreign(what) = &answer.body {
                let seen = format!("{url}: status {}: {what}", answer.status);
                checks.push(Check::not_so(AREA, name, seen, FOREIGN_HINT));
                return None;
            }
            if matches!(answer.status, 300..400 | 407 | 500..) {
                checks.push(failed(name, &classify(&Outcome::Answered(answer), &line, model::Effect::Read)));
                return None;
            }
            checks.push(Check::so(AREA, name, format!("{url} answers")));
            Some(answer)
        }
    }
}

fn tenant_known(answer: &Answer, tenant: &str) -> Check {
    if answer.status == 200 {
        return Check::so(AREA, "tenant-known", format!("the sign-in service knows the tenant {tenant}"));
    }
    let error = answer.json()["error"].as_str().unwrap_or_default();
    if error.is_empty() {
        return Check::cannot_tell(
            AREA,
            "tenant-known",
            format!("status {} without a reason", answer.status),
        );
    }
    let description = answer.json()["error_description"].as_str().unwrap_or_default();
    let seen = format!("{} {}", crate::attempt::shown(error), crate::attempt::shown(description));
    Check::not_so(AREA, "tenant-known", seen, sign_in_hint(answer.json()))
}

fn clock(date: Option<Timestamp>, now: Timestamp) -> Check {
    let Some(date) = date else {
        return Check::cannot_tell(AREA, "clock", "the services did not say what time it is");
    };
    let skew = date.since(now).max(now.since(date));
    let seen = format!("this machine's clock differs from the service's by {} s", skew.as_secs());
    if skew > SKEW_MAX {
        return Check::not_so(
            AREA,
            "clock",
            seen,
            "set this machine's clock: sign-ins and tokens depend on it",
        );
    }
    Check::so(AREA, "clock", seen)
}

async fn signed_in(
    client: &Client<'_>,
    context: &dyn CallContext,
    who: Who,
    identity: &Identity,
    checks: &mut Vec<Check>,
) -> Option<Token> {
    let name = match who {
        Who::Reader => "sign-in",
        Who::Writer => "sign-in-write",
    };
    if let Credential::Certificate { certificate, .. } = &identity.credential {
        checks.push(certificate_check(certificate, context.now()));
    }
    match client.token(who, context).await {
        Ok(token) => {
            let whom = if identity.client_id.is_empty() { "the machine itself" } else { &identity.client_id };
            checks.push(Check::so(
                AREA,
                name,
                format!("{} as {whom}; the token is for the right tenant", identity.credential.kind()),
            ));
            Some(token)
        }
        Err(failure) => {
            let name = if failure.code == Code::TenantMismatch { "token-tenant" } else { name };
            checks.push(failed(name, &failure));
            None
        }
    }
}

fn certificate_check(certificate: &[u8], now: Timestamp) -> Check {
    const NAME: &str = "sign-in-certificate";
    const RENEW: &str = "make a new certificate and upload it to the application's registration";
    match examined_certificate(certificate) {
        Err(why) => Check::not_so(AREA, NAME, why, "name a PEM file with the certificate in the target file"),
        Ok((start, _)) if start > now => {
            Check::not_so(AREA, NAME, format!("not good before {start}"), "wait, or set this machine's clock")
        }
        Ok((_, end)) if end < now => Check::not_so(AREA, NAME, format!("expired at {end}"), RENEW),
        Ok((_, end)) => {
            let check = Check::so(AREA, NAME, format!("good until {end}"));
            if end < now.after(ENDS_SOON) { check.advice(RENEW) } else { check }
        }
    }
}

fn permissions(name: &str, token: &Token, accepted: &[&str]) -> Check {
    let held = &token.permissions;
    let seen = if held.is_empty() { "none".to_owned() } else { held.join(", ") };
    if held.iter().any(|one| accepted.contains(&one.as_str())) {
        return Check::so(AREA, name, seen);
    }
    let advice = format!(
        "grant {} to the application and have an administrator consent to it; then sign in anew",
        accepted[0]
    );
    Check::not_so(AREA, name, seen, advice)
}

async fn tenant(client: &Client<'_>, context: &dyn CallContext) -> Check {
    const NAME: &str = "organization";
    match organization::read(client, context).await {
        Err(failure) => failed(NAME, &failure),
        Ok(found) => match found.get("display_name").and_then(model::Value::as_text).unwrap_or_default() {
            "" => Check::cannot_tell(AREA, NAME, "the identity may not read the tenant's name")
                .advice("nothing depends on it; Organization.Read.All would show it"),
            name => Check::so(AREA, NAME, crate::attempt::shown(name)),
        },
    }
}

async fn principal(client: &Client<'_>, context: &dyn CallContext, app_id: &str) -> Check {
    const NAME: &str = "service-principal";
    if !model::param::is_guid(app_id) {
        return Check::not_so(AREA, NAME, format!("'{app_id}' is no application id"), "give a GUID");
    }
    match service_principal::read(client, context, app_id).await {
        Err(failure) => failed(NAME, &failure),
        Ok(Some(found)) => {
            Check::so(AREA, NAME, format!("{app_id} is there with {} key(s)", found.keys.len()))
        }
        Ok(None) => Check::not_so(
            AREA,
            NAME,
            format!("the tenant has no service principal for {app_id}"),
            "an administrator makes it: POST /v1.0/servicePrincipals with the appId, or New-MgServicePrincipal",
        ),
    }
}

/// What may pass by itself is no answer to the question.
fn failed(name: &str, failure: &Failure) -> Check {
    let seen = format!("{}: {}", failure.code, failure.message);
    match (&failure.hint, failure.class) {
        (hint, Class::Transient) if failure.code != Code::GraphConnection => {
            let check = Check::cannot_tell(AREA, name, seen);
            match hint {
                Some(hint) => check.advice(hint),
                None => check.advice("try again in a while"),
            }
        }
        (Some(hint), _) => Check::not_so(AREA, name, seen, hint),
        (None, _) => {
            Check::not_so(AREA, name, seen, format!("footbridge explain {} says more", failure.code))
        }
    }
}
