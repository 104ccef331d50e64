//! From Graph's answers to failures with a code and a class: by status and error code, never by text.

use model::{Class, Code, Effect, Failure};

use crate::attempt::{Answer, Outcome};

/// Graph's own name for an error.
pub(crate) fn error_code(answer: &Answer) -> &str {
    answer.body["error"]["code"].as_str().unwrap_or_default()
}

/// What an attempt means that gave no 2xx.
pub(crate) fn classify(outcome: &Outcome, line: &str, effect: Effect) -> Failure {
    let lost = |why: String| match effect {
        Effect::Read => Failure::new(Code::GraphTransient, Class::Transient, why),
        Effect::Write => Failure::new(Code::GraphInDoubt, Class::InDoubt, why),
    };
    match outcome {
        Outcome::NotSent(why) => {
            Failure::new(Code::GraphTransient, Class::Transient, format!("{line}: no connection: {why}"))
        }
        Outcome::Lost(why) => lost(format!("{line}: no answer came: {why}")),
        Outcome::Answered(answer) => {
            let Some((code, class, hint)) = judged(answer) else { return lost(message(answer, line)) };
            let mut failure = Failure::new(code, class, message(answer, line));
            failure.hint = hint.map(str::to_owned);
            match answer.retry_after {
                Some(wait) if class == Class::Transient => failure.retry_after(wait),
                _ => failure,
            }
        }
    }
}

/// `None` where the service failed without saying that it did nothing.
fn judged(answer: &Answer) -> Option<(Code, Class, Option<&'static str>)> {
    Some(match (answer.status, error_code(answer)) {
        (429, _) => (Code::GraphTransient, Class::Transient, None),
        // With a time to come back at, the service says that it did not begin.
        (503, _) if answer.retry_after.is_some() => (Code::GraphTransient, Class::Transient, None),
        (500.. | 408, _) => return None,
        (401, _) => {
            (Code::SignIn, Class::Transient, Some("the token was not accepted; a new one is fetched"))
        }
        (403, _) => (
            Code::GraphDenied,
            Class::Denied,
            Some(
                "the client needs Application.ReadWrite.All (to read: Application.Read.All); some of Microsoft's own \
                  service principals refuse changes altogether",
            ),
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
        (300..400, _) => (
            Code::GraphInvalid,
            Class::Denied,
            Some("a redirect is never followed: check the address and any proxy in between"),
        ),
        _ => (Code::GraphInvalid, Class::Invalid, None),
    })
}

fn message(answer: &Answer, line: &str) -> String {
    let text = answer.body["error"]["message"].as_str().unwrap_or_default();
    let text: String = text.chars().map(|other| if other.is_control() { ' ' } else { other }).collect();
    format!("{line}: status {} {} {text}", answer.status, error_code(answer)).trim_end().to_owned()
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
            (504, "", wait, Effect::Write, (Code::GraphInDoubt, Class::InDoubt)),
            (403, "Authorization_RequestDenied", None, Effect::Write, (Code::GraphDenied, Class::Denied)),
            (404, "Request_ResourceNotFound", None, Effect::Write, (Code::GraphNotFound, Class::Conflict)),
            (409, "", None, Effect::Write, (Code::GraphConflict, Class::Conflict)),
            (400, "KeyCredentialsInvalidEndDate", None, Effect::Write, (Code::GraphInvalid, Class::Invalid)),
            (302, "", None, Effect::Read, (Code::GraphInvalid, Class::Denied)),
        ] {
            let body = json!({ "error": { "code": code, "message": "x\ny" } });
            let failure = classify(&Outcome::Answered(Answer { status, retry_after, body }), "PATCH", effect);
            assert_eq!((failure.code, failure.class), expected, "{status} {code}");
            assert!(!failure.message.contains('\n'));
            assert_eq!(
                failure.retry_after_ms.is_some(),
                failure.class == Class::Transient && retry_after.is_some()
            );
        }
        for (effect, class) in [(Effect::Read, Class::Transient), (Effect::Write, Class::InDoubt)] {
            assert_eq!(classify(&Outcome::Lost("cut".into()), "PATCH", effect).class, class);
            assert_eq!(classify(&Outcome::NotSent("off".into()), "PATCH", effect).class, Class::Transient);
        }
    }
}
