//! Asks a web service, without a login, what it wants to see.

use std::time::Duration;

use http::{ClientOptions, Trouble, client};
use model::Value;

use crate::challenge::parse_challenges;

/// One answer is awaited for at most this long.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// So much of a header is looked at, in characters.
const HEADER_MAX: usize = 16 * 1024;

/// What one unauthenticated request found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The service answered in a way that tells something.
    pub(crate) answered: bool,
    /// It takes OAuth tokens.
    pub(crate) bearer: bool,
    pub(crate) client_id: String,
    pub(crate) trusted_issuers: Vec<String>,
    pub(crate) authorization_uri: String,
    pub(crate) diagnostics: String,
    /// Empty when the challenge is as it should be.
    pub(crate) why: String,
    pub(crate) request_id: String,
}

impl Finding {
    pub(crate) fn value(self) -> Value {
        Value::from([
            ("answered", self.answered.into()),
            ("bearer", self.bearer.into()),
            ("client_id", self.client_id.into()),
            ("trusted_issuers", Value::List(self.trusted_issuers.into_iter().map(Value::Text).collect())),
            ("authorization_uri", self.authorization_uri.into()),
            ("diagnostics", self.diagnostics.into()),
            ("why", self.why.into()),
        ])
    }

    fn silent(why: String) -> Finding {
        Finding { why, ..Finding::default() }
    }
}

/// Sends an empty `Bearer`; Exchange offers the challenge only to somebody who speaks of it.
pub(crate) async fn probe(url: &str, only_roots: Option<&[u8]>, time_left: Duration) -> Finding {
    let options = ClientOptions { only_roots: only_roots.map(<[u8]>::to_vec), ..ClientOptions::default() };
    let client = match client(&options) {
        Ok(client) => client,
        Err(error) => return Finding::silent(format!("GET {url}: {error}")),
    };
    let sent =
        client.get(url).header("authorization", "Bearer").timeout(time_left.min(WAIT_MAX)).send().await;
    let answer = match sent {
        Ok(answer) => answer,
        Err(error) => return Finding::silent(format!("GET {url}: {}", Trouble::of(&error).1.text())),
    };
    // Servers of other languages write more than ASCII into what they tell.
    let text = |value: &reqwest::header::HeaderValue| {
        String::from_utf8_lossy(value.as_bytes()).chars().take(HEADER_MAX).collect::<String>()
    };
    let header = |name: &str| answer.headers().get(name).map(text).unwrap_or_default();
    let challenges: Vec<String> = answer.headers().get_all("www-authenticate").iter().map(text).collect();
    let found = judged(answer.status().as_u16(), &challenges);
    Finding { diagnostics: header("x-ms-diagnostics"), request_id: header("request-id"), ..found }
}

fn judged(status: u16, values: &[String]) -> Finding {
    let challenges: Vec<_> = values.iter().flat_map(|value| parse_challenges(value)).collect();
    if status != 401 {
        let why = match status {
            429 | 500.. => {
                return Finding::silent(format!("status {status}: the service could not answer just now"));
            }
            300..400 => {
                format!("status {status}: a redirect, probably of a proxy that signs people in itself")
            }
            200..300 => format!("status {status}: the service asked for no sign-in at all"),
            _ => format!("status {status} instead of 401"),
        };
        return Finding { answered: true, why, ..Finding::default() };
    }
    let Some(bearer) = challenges.iter().find(|challenge| challenge.is("Bearer")) else {
        let offered: Vec<&str> = challenges.iter().map(|challenge| challenge.scheme.as_str()).collect();
        return Finding {
            answered: true,
            why: format!(
                "no Bearer challenge (offered: {}): OAuth is off on the virtual directory, or a device in front of it \
                 signs people in itself",
                if offered.is_empty() { "nothing".to_owned() } else { offered.join(", ") }
            ),
            ..Finding::default()
        };
    };
    let parameter = |name: &str| bearer.parameter(name).unwrap_or_default().to_owned();
    Finding {
        answered: true,
        bearer: true,
        client_id: parameter("client_id").to_ascii_lowercase(),
        trusted_issuers: bearer.list("trusted_issuers"),
        authorization_uri: parameter("authorization_uri"),
        ..Finding::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let bearer = "Bearer client_id=\"AB\", trusted_issuers=\"a@*,b@c\"".to_owned();
        let found = judged(401, &["Negotiate".into(), bearer]);
        assert!(found.answered && found.bearer && found.why.is_empty());
        assert_eq!(
            (found.client_id.as_str(), &found.trusted_issuers[..]),
            ("ab", &["a@*".to_owned(), "b@c".into()][..])
        );
        for (status, values, answered) in [
            (401, vec!["Basic realm=\"x\"".to_owned()], true),
            (401, vec![], true),
            (200, vec![], true),
            (302, vec![], true),
            (404, vec![], true),
            (429, vec![], false),
            (503, vec![], false),
        ] {
            let found = judged(status, &values);
            assert_eq!((found.answered, found.bearer), (answered, false), "{status}");
            assert!(!found.why.is_empty());
        }
    }
}
