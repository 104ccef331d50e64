//! A token as `inspect` and `trace` show it: its claims, never its signature, never people.

use ::oauth::{Token, read_token, reservations};
use cli::{Examined, Grade, Part};
use model::{Timestamp, Value};

use super::refused;

/// With a `Bearer` before it, or three parts of which the first begins as JSON in base64url does.
pub(super) fn looks_like_one(text: &str) -> bool {
    let starts = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    starts("authorization:") || starts("bearer ") || text.starts_with("eyJ") && text.contains('.')
}

pub(super) fn inspect(text: &str, now: Timestamp) -> Examined {
    match read_token(text) {
        Ok(token) => examined(&token, now),
        Err(problem) => refused("token", problem.to_string()),
    }
}

/// Judged by itself, at `now`.
pub(super) fn examined(token: &Token, now: Timestamp) -> Examined {
    let reasons = reservations(token, now);
    let (grade, verdict) = if reasons.is_empty() { (Grade::Fine, "pass") } else { (Grade::Warn, "warn") };
    Examined { grade, verdict, reasons, ..shown(token) }
}

/// Without a verdict of its own.
pub(super) fn shown(token: &Token) -> Examined {
    let moment = |at: Option<Timestamp>| at.map_or(Value::Null, |at| at.to_string().into());
    let texts = |list: &[String]| Value::List(list.iter().map(Value::text).collect());
    let claims = token.others.iter().map(|(name, value)| (name.clone(), Value::text(value))).collect();
    let actor = token.actor.as_deref().map(|actor| {
        let inner = Examined { title: "actor token".to_owned(), ..shown(actor) };
        ("actor_token", Part::One(Box::new(inner)))
    });
    Examined { kind: "token", parts: actor.into_iter().collect(), ..Examined::default() }
        .fact("token_kind", token.kind.as_str())
        .fact("algorithm", token.algorithm.clone())
        .fact("signed", token.signed)
        .fact("key_sha1", token.key_sha1.clone())
        .fact("key_sha256", token.key_sha256.clone())
        .fact("issuer", token.issuer.clone())
        .fact("audience", token.audience.clone())
        .fact("app_id", token.app_id.clone())
        .fact("tenant", token.tenant.clone())
        .fact("not_before", moment(token.not_before))
        .fact("expires", moment(token.expires))
        .fact("permissions", texts(&token.permissions))
        .fact("claims", Value::Map(claims))
        .fact("masked", texts(&token.masked))
}
