//! From Graph's answers to failures with a code and a class: by status and error code, never by text.

use http::Trouble;
use model::{Class, Code, Effect, Failure};

use crate::attempt::{Answer, Body, Outcome, shown};

/// Graph's own name for an error.
pub(crate) fn error_code(answer: &Answer) -> &str {
    answer.json()["error"]["code"].as_str().unwrap_or_default()
}

/// Whether Graph itself says that there is no such object. A page of somebody in between says nothing of the kind.
pub(crate) fn is_absent(answer: &Answer) -> bool {
    answer.status == 404 && error_code(answer).to_ascii_lowercase().contains("notfound")
}

/// What an attempt means that did not give what was asked for.
pub(crate) fn classify(outcome: &Outcome, line: &str, effect: Effect) -> Failure {
    let lost = |why: String| match effect {
        Effect::Read => Failure::new(Code::GraphTransient, Class::Transient, why),
        Effect::Write => Failure::new(Code::GraphInDoubt, Class::InDoubt, why),
    };
    match outcome {
        Outcome::NotSent(trouble) => not_sent(trouble, line),
        Outcome::Lost(why) => lost(format!("{line}: no answer came: {why}")),
        Outcome::Answered(answer) => {
            let Some((code, class, hint)) = judged(answer, effect) else {
                let failure = lost(message(answer, line));
                return match answer.retry_after {
                    Some(wait) if failure.class == Class::Transient => failure.retry_after(wait),
                    _ => failure,
                };
            };
            let mut failure = Failure::new(code, class, message(answer, line));
            failure.hint = hint.map(str::to_owned);
            match answer.retry_after {
                Some(wait) if class == Class::Transient => failure.retry_after(wait),
                _ => failure,
            }
        }
    }
}

/// No connection; whether that may change by itself depends on what was in the way.
pub(crate) fn not_sent(trouble: &Trouble, line: &str) -> Failure {
    let (code, class) = match trouble {
        Trouble::Tls(_) => (Code::GraphConnection, Class::Denied),
        Trouble::Name(_) | Trouble::Unreachable(_) => (Code::GraphConnection, Class::Transient),
        Trouble::TimedOut(_) | Trouble::Broken(_) => (Code::GraphTransient, Class::Transient),
    };
    let failure = Failure::new(code, class, format!("{line}: no connection: {}", trouble.text()));
    match trouble.advice() {
        Some(advice) => failure.hint(advice),
        None => failure,
    }
}

/// Somebody else answers in the service's place.
pub(crate) const FOREIGN_HINT: &str = "something in between answers in the service's place: check the address in the target file, \
    and any proxy, firewall or sign-in page of the network";

/// `None` where the service failed, or answered unreadably, without saying that it did nothing.
fn judged(answer: &Answer, effect: Effect) -> Option<(Code, Class, Option<&'static str>)> {
    let foreign = matches!(answer.body, Body::Foreign(_));
    let writes = match effect {
        Effect::Read => false,
        Effect::Write => true,
    };
    Some(match (answer.status, error_code(answer)) {
        (429, _) => (Code::GraphTransient, Class::Transient, None),
        // With a time to come back at, the service says that it did not begin.
        (503, _) if answer.retry_after.is_some() && !foreign => {
            (Code::GraphTransient, Class::Transient, None)
        }
        (500.. | 408, _) => return None,
        // Done, perhaps: what it says cannot be read.
        (200..300, _) if writes => return None,
        (200..300, _) => (Code::GraphConnection, Class::Denied, Some(FOREIGN_HINT)),
        (300..400, _) => (
            Code::GraphConnection,
            Class::Denied,
            Some(
                "a redirect is never followed, because a token must not travel: check the address and any proxy in between",
            ),
        ),
        (407, _) => {
            (Code::GraphConnection, Class::Denied, Some("a proxy in between wants a sign-in of its own"))
        }
        _ if foreign => (Code::GraphConnection, Class::Denied, Some(FOREIGN_HINT)),
        (401, _) => {
            (Code::SignIn, Class::Transient, Some("the token was not accepted; a new one is fetched"))
        }
        (403, _) if writes => (
            Code::GraphDenied,
            Class::Denied,
            Some(
                "the identity that writes needs Application.ReadWrite.All, granted by an administrator; some of \
                  Microsoft's own service principals refuse changes altogether",
            ),
        ),
        (403, _) => (
            Code::GraphDenied,
            Class::Denied,
            Some("the identity that reads needs Application.Read.All, granted by an administrator"),
        ),
        // unconfirmed: the code of a refusal by the tenant's policy for key lifetimes.
        (400, "CredentialTypeNotAllowedAsPerAppPolicy") => (
            Code::GraphDenied,
            Class::Denied,
            Some("the tenant's app management policy limits how long keys may live"),
        ),
        (400, "KeyCredentialsInvalidEndDate") => (
            Code::GraphInvalid,
            Class::Invalid,
            Some("an expired key makes the service refuse every change of the keys: remove it first"),
        ),
        (404, _) => (Code::GraphNotFound, Class::Conflict, None),
        (409 | 412, _) => (Code::GraphConflict, Class::Conflict, None),
        _ => (Code::GraphInvalid, Class::Invalid, None),
    })
}

fn message(answer: &Answer, line: &str) -> String {
    let said = match &answer.body {
        Body::Foreign(what) => format!(": {what}"),
        Body::Cut(why) => format!(": the answer broke off: {why}"),
        Body::Empty | Body::Json(_) => {
            let text = answer.json()["error"]["message"].as_str().unwrap_or_default();
            format!(" {} {}", shown(error_code(answer)), shown(text))
        }
    };
    let elsewhere = answer.elsewhere.as_ref().map(|host| format!(", to {host}")).unwrap_or_default();
    format!("{line}: status {}{elsewhere}{said}", answer.status).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn by_status_and_code() {
        let wait = Some(Duration::from_secs(30));
        for (status, code, retry_after, effect, expected) in [
            (429, "TooManyRequests", wait, Effect::Write, (Code::GraphTransient, Class::Transient)),
            (503, "ServiceUnavailable", wait, Effect::Write, (Code::GraphTransient, Class::Transient)),
            (503, "ServiceUnavailable", None, Effect::Write, (Code::GraphInDoubt, Class::InDoubt)),
            (503, "ServiceUnavailable", None, Effect::Read, (Code::GraphTransient, Class::Transient)),
            (500, "", None, Effect::Write, (Code::GraphInDoubt, Class::InDoubt)),
            (502, "", wait, Effect::Write, (Code::GraphInDoubt, Class::InDoubt)),
            (504, "", wait, Effect::Write, (Code::GraphInDoubt, Class::InDoubt)),
            (504, "", wait, Effect::Read, (Code::GraphTransient, Class::Transient)),
            (408, "", None, Effect::Write, (Code::GraphInDoubt, Class::InDoubt)),
            (403, "Authorization_RequestDenied", None, Effect::Write, (Code::GraphDenied, Class::Denied)),
            (404, "Request_ResourceNotFound", None, Effect::Write, (Code::GraphNotFound, Class::Conflict)),
            (409, "", None, Effect::Write, (Code::GraphConflict, Class::Conflict)),
            (400, "KeyCredentialsInvalidEndDate", None, Effect::Write, (Code::GraphInvalid, Class::Invalid)),
            (302, "", None, Effect::Read, (Code::GraphConnection, Class::Denied)),
            (407, "", None, Effect::Write, (Code::GraphConnection, Class::Denied)),
        ] {
            let body = Body::Json(json!({ "error": { "code": code, "message": "x\ny" } }));
            let answer = Answer { status, retry_after, body, ..Answer::default() };
            let failure = classify(&Outcome::Answered(answer), "PATCH", effect);
            assert_eq!((failure.code, failure.class), expected, "{status} {code}");
            assert!(!failure.message.contains('\n'));
            assert_eq!(
                failure.retry_after_ms.is_some(),
                failure.class == Class::Transient && retry_after.is_some()
            );
        }
        for (effect, class) in [(Effect::Read, Class::Transient), (Effect::Write, Class::InDoubt)] {
            assert_eq!(classify(&Outcome::Lost("cut".into()), "PATCH", effect).class, class);
        }
    }

    #[test]
    fn a_page_of_somebody_else_is_never_graphs_word() {
        for (status, effect, expected) in [
            (200, Effect::Read, (Code::GraphConnection, Class::Denied)),
            (200, Effect::Write, (Code::GraphInDoubt, Class::InDoubt)),
            (401, Effect::Read, (Code::GraphConnection, Class::Denied)),
            (403, Effect::Write, (Code::GraphConnection, Class::Denied)),
            (404, Effect::Read, (Code::GraphConnection, Class::Denied)),
            (503, Effect::Read, (Code::GraphTransient, Class::Transient)),
            (503, Effect::Write, (Code::GraphInDoubt, Class::InDoubt)),
        ] {
            let body = Body::Foreign("an HTML page".into());
            let answer = Answer { status, retry_after: Some(Duration::ZERO), body, ..Answer::default() };
            assert!(!is_absent(&answer));
            let failure = classify(&Outcome::Answered(answer), "GET", effect);
            assert_eq!((failure.code, failure.class), expected, "{status}");
            assert!(failure.message.contains("HTML"));
        }
    }

    #[test]
    fn no_connection_sends_nothing_and_says_what_to_do() {
        for (trouble, code, class) in [
            (Trouble::Name("n".into()), Code::GraphConnection, Class::Transient),
            (Trouble::Unreachable("n".into()), Code::GraphConnection, Class::Transient),
            (Trouble::Tls("n".into()), Code::GraphConnection, Class::Denied),
            (Trouble::TimedOut("n".into()), Code::GraphTransient, Class::Transient),
        ] {
            let hint = trouble.advice().map(str::to_owned);
            let failure = classify(&Outcome::NotSent(trouble), "PATCH", Effect::Write);
            assert_eq!((failure.code, failure.class, failure.hint), (code, class, hint));
        }
    }
}
