//! A request as the handlers see it, an answer as they give it, and Graph's and the sign-in's error shapes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::state::State;

/// A request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Decoded path.
    pub(crate) path: String,
    /// Decoded query, in order.
    pub(crate) query: Vec<(String, String)>,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// `http://host:port` as the client called it.
    pub(crate) base: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Why Graph says no: status, code and message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "Request_BadRequest", message)
    }

    /// Graph's error document; its date carries no time zone, as the service's does not.
    pub(crate) fn answer(&self, state: &mut State, asked: &Asked) -> Answer {
        let (request_id, client_request_id) = request_ids(state, asked);
        Answer::json(
            self.status,
            json!({ "error": {
                "code": self.code,
                "message": self.message,
                "innerError": {
                    "date": state.now_text().trim_end_matches('Z'),
                    "request-id": request_id,
                    "client-request-id": client_request_id,
                },
            } }),
        )
        .with("request-id", request_id)
        .with("client-request-id", client_request_id)
    }
}

/// The id of this request, and the client's own (the same where it sent none).
pub(crate) fn request_ids(state: &mut State, asked: &Asked) -> (String, String) {
    let request_id = state.new_guid("request");
    let sent = asked.header("client-request-id");
    let client_request_id = if sent.is_empty() { request_id.clone() } else { sent.to_owned() };
    (request_id, client_request_id)
}

/// Undoes percent encoding; `plus` also turns `+` into a space (queries and forms).
pub(crate) fn decoded(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let pair = text.get(index + 1..index + 3).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (bytes[index], pair) {
            (b'%', Some(byte)) => {
                out.push(byte);
                index += 3;
            }
            (b'+', _) if plus => {
                out.push(b' ');
                index += 1;
            }
            (byte, _) => {
                out.push(byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A query or a form as pairs.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key, true), decoded(value, true))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding() {
        for (text, expected) in [
            ("a%20b", "a b"),
            ("a+b", "a b"),
            ("100%", "100%"),
            ("%zz", "%zz"),
            ("%C3%A9", "é"),
            ("%é", "%é"),
        ] {
            assert_eq!(decoded(text, true), expected, "{text}");
        }
        assert_eq!(decoded("a+b", false), "a+b");
        assert_eq!(
            pairs("$filter=appId%20eq%20'x'&a"),
            [("$filter".to_owned(), "appId eq 'x'".to_owned()), ("a".to_owned(), String::new())]
        );
    }
}
