//! What is to be said about one token by itself, at a given moment.

use model::Timestamp;

use crate::token::Token;

/// Empty where nothing speaks against it. The token inside it is judged too.
pub fn reservations(token: &Token, now: Timestamp) -> Vec<String> {
    let mut found = of("it", token, now);
    if let Some(actor) = &token.actor {
        found.extend(of("the actor token in it", actor, now));
    }
    found
}

fn of(name: &str, token: &Token, now: Timestamp) -> Vec<String> {
    let mut found = Vec::new();
    match token.expires {
        None => found.push(format!("{name} never expires (it has no exp)")),
        Some(expires) if now > expires => found.push(format!("{name} expired at {expires}")),
        Some(_) => {}
    }
    if let Some(not_before) = token.not_before.filter(|not_before| now < *not_before) {
        found.push(format!("{name} is not valid before {not_before}"));
    }
    if !token.signed && token.actor.is_none() {
        found.push(format!("{name} is not signed"));
    }
    if token.audience.is_empty() {
        found.push(format!("{name} is for nobody (it has no aud)"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::read_token;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    #[test]
    fn what_is_said_of_tokens() {
        let now = Timestamp(1000 * 1000);
        for (claims, signature, expected) in [
            (r#"{"aud":"https://a/","nbf":900,"exp":1100}"#, "x", &[][..]),
            (r#"{"aud":"https://a/","exp":1100}"#, "", &["not signed"]),
            (r#"{"aud":"https://a/","exp":900}"#, "x", &["expired at 1970-01-01T00:15:00Z"]),
            (r#"{"aud":"https://a/","nbf":1001,"exp":1100}"#, "x", &["not valid before"]),
            ("{}", "x", &["never expires", "for nobody"]),
        ] {
            let text = format!(
                "{}.{}.{signature}",
                URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#),
                URL_SAFE_NO_PAD.encode(claims)
            );
            let found = reservations(&read_token(&text).unwrap(), now);
            assert_eq!(found.len(), expected.len(), "{claims}: {found:?}");
            assert!(found.iter().zip(expected).all(|(found, part)| found.contains(part)), "{found:?}");
        }
    }
}
