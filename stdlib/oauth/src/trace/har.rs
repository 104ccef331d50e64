//! Reads HAR 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>), as browsers and Fiddler write it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::Timestamp;
use serde::Deserialize;

use super::phrase;
use super::seen::{REQUESTS_MAX, Recording, RecordingKind, Seen, SignIn, TraceProblem, challenges};
use crate::mask::{host_of, shown, shown_address};
use crate::token::read_token;

/// So much of a body is searched for messages, in bytes.
const BODY_MAX: usize = 256 * 1024;

#[derive(Deserialize)]
struct Whole {
    log: Option<Log>,
}

#[derive(Deserialize)]
struct Log {
    creator: Option<Creator>,
    entries: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Creator {
    #[serde(default)]
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry {
    started_date_time: String,
    request: Request,
    response: Response,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    headers: Vec<Pair>,
    post_data: Option<PostData>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PostData {
    text: Option<String>,
    params: Option<Vec<Pair>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Response {
    /// Browsers write 0 where no answer came, and Safari writes negative numbers.
    status: i64,
    headers: Vec<Pair>,
    content: Content,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Content {
    text: Option<String>,
    encoding: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pair {
    name: String,
    value: Option<String>,
}

/// Reads a HAR; a byte order mark may stand before it.
pub fn read_har(text: &str) -> Result<Recording, TraceProblem> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(TraceProblem::Empty);
    }
    let whole: Whole = serde_json::from_str(text).map_err(|error| {
        // The library's message names the place and, for a wrong type, the value: that may be a secret.
        TraceProblem::NotJson(format!("line {}, column {}", error.line(), error.column()))
    })?;
    let log = whole.log.ok_or(TraceProblem::NotHar)?;
    let entries = log.entries.ok_or(TraceProblem::NotHar)?;
    if entries.len() > REQUESTS_MAX {
        return Err(TraceProblem::TooMany);
    }
    let cookies = entries.iter().filter(|entry| has(&entry.request.headers, "cookie")).count();
    let mut thumbprints = Vec::new();
    let requests =
        entries.into_iter().enumerate().map(|(at, entry)| seen(at + 1, &entry, &mut thumbprints)).collect();
    let creator = log.creator.map(|creator| shown(&creator.name)).unwrap_or_default();
    Ok(Recording { kind: RecordingKind::Har, creator, requests, phrases: Vec::new(), thumbprints, cookies })
}

fn seen(number: usize, entry: &Entry, thumbprints: &mut Vec<String>) -> Seen {
    let (request, response) = (&entry.request, &entry.response);
    let mut seen = Seen::new(number);
    seen.at = Timestamp::parse_rfc3339(entry.started_date_time.trim());
    seen.method = shown(&request.method).chars().take(20).collect();
    seen.url = shown_address(&request.url);
    seen.host = host_of(&request.url);
    seen.status = u16::try_from(response.status).ok().filter(|status| *status >= 100);
    seen.sign_in = SignIn::of(header(&request.headers, "authorization"));
    seen.assertion = request.post_data.as_ref().and_then(assertion).map(|text| read_token(&text));
    seen.challenges = all(&response.headers, "www-authenticate").flat_map(challenges).collect();
    let diagnostics = header(&response.headers, "x-ms-diagnostics");
    seen.diagnostics = shown(diagnostics);
    let body = body(&response.content);
    seen.granted = granted(&body);
    // Scripts and style sheets are no answers of a service.
    if is_answer(response, &body) {
        let text = format!("{body}\n{diagnostics}");
        seen.phrases = phrase::find(&text);
        thumbprints.extend(phrase::thumbprints(&text));
        thumbprints.dedup();
    }
    seen
}

fn is_answer(response: &Response, body: &str) -> bool {
    let kind = header(&response.headers, "content-type").to_ascii_lowercase();
    let foreign = ["javascript", "css", "image", "font"].iter().any(|part| kind.contains(part));
    !foreign && (!body.is_empty() || has(&response.headers, "x-ms-diagnostics"))
}

/// The `assertion` or `client_assertion` of a form.
fn assertion(data: &PostData) -> Option<String> {
    const NAMES: [&str; 2] = ["assertion", "client_assertion"];
    let params = data.params.as_deref().unwrap_or_default();
    if let Some(pair) = params.iter().find(|pair| NAMES.contains(&pair.name.as_str())) {
        return pair.value.as_deref().map(unescaped);
    }
    let text = data.text.as_deref()?;
    text.split('&')
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| NAMES.contains(name))
        .map(|(_, value)| unescaped(value))
}

/// Tokens hold nothing that a form escapes except, in some clients, their dots and padding.
fn unescaped(text: &str) -> String {
    text.replace("%2E", ".").replace("%2e", ".").replace("%3D", "=").replace("%3d", "=")
}

fn granted(body: &str) -> Option<crate::token::Token> {
    #[derive(Deserialize)]
    struct Answer {
        access_token: String,
    }
    let start = body.trim_start();
    if !start.starts_with('{') || !start.contains("access_token") {
        return None;
    }
    let answer: Answer = serde_json::from_str(start).ok()?;
    read_token(&answer.access_token).ok()
}

fn body(content: &Content) -> String {
    let text = content.text.as_deref().unwrap_or_default();
    let text = &text[..text.floor_char_boundary(BODY_MAX)];
    if content.encoding.as_deref().is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64")) {
        let whole = text.len() - text.len() % 4;
        let bytes = text.get(..whole).and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    text.to_owned()
}

fn all<'a>(headers: &'a [Pair], name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .iter()
        .filter(move |pair| pair.name.eq_ignore_ascii_case(name))
        .filter_map(|pair| pair.value.as_deref())
}

fn header<'a>(headers: &'a [Pair], name: &'a str) -> &'a str {
    all(headers, name).next().unwrap_or_default()
}

fn has(headers: &[Pair], name: &str) -> bool {
    all(headers, name).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token() -> String {
        let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", part(r#"{"alg":"RS256"}"#), part(r#"{"tid":"x","smtp":"anna@contoso.com"}"#))
    }

    #[test]
    fn a_browsers_recording() {
        let har = json!({ "log": { "version": "1.2", "creator": { "name": "Firefox", "version": "1" }, "entries": [
            {
                "startedDateTime": "2026-05-01T10:00:00.1234567+02:00",
                "request": {
                    "method": "POST", "url": "https://Mail.contoso.com/ews/exchange.asmx?x=secret",
                    "headers": [{ "name": "authorization", "value": format!("Bearer {}", token()) },
                                { "name": "Cookie", "value": "secret" }],
                },
                "response": {
                    "status": 401,
                    "headers": [
                        { "name": "WWW-Authenticate", "value": "Bearer client_id=\"a\", trusted_issuers=\"b@*,c@d\"" },
                        { "name": "WWW-Authenticate", "value": "Negotiate" },
                        { "name": "x-ms-diagnostics", "value": "2000003;reason=\"The hostname component of the audience claim value is invalid. anna@contoso.com\"" },
                    ],
                    "content": { "mimeType": "text/html", "text": STANDARD.encode("no"), "encoding": "base64" },
                },
            },
            {
                "request": {
                    "method": "POST", "url": "https://accounts.accesscontrol.windows.net/x/tokens/OAuth/2", "headers": [],
                    "postData": { "mimeType": "application/x-www-form-urlencoded",
                                  "text": format!("grant_type=x&assertion={}&resource=y", token().replace('.', "%2E")) },
                },
                "response": { "status": 200, "headers": [],
                              "content": { "text": format!("{{\"access_token\":\"{}\"}}", token()) } },
            },
            { "request": { "headers": [] }, "response": { "status": 0, "headers": [], "content": {} } },
        ] } });
        let text = format!("\u{feff}{har}");
        let recording = read_har(&text).unwrap();
        assert_eq!(
            (recording.creator.as_str(), recording.cookies, recording.requests.len()),
            ("Firefox", 1, 3)
        );
        let [first, second, third] = &recording.requests[..] else { panic!("three") };
        assert_eq!(first.url, "https://Mail.contoso.com/ews/exchange.asmx");
        assert_eq!((first.host.as_str(), first.status), ("mail.contoso.com", Some(401)));
        assert_eq!(first.at.unwrap().to_string(), "2026-05-01T08:00:00Z");
        assert!(matches!(&first.sign_in, SignIn::Token(token) if token.tenant == "x"));
        assert_eq!(first.challenges.len(), 2);
        assert_eq!(first.phrases[0].id, "audience-host");
        assert!(matches!(&second.assertion, Some(Ok(_))) && second.granted.is_some());
        assert_eq!((third.status, &third.sign_in), (None, &SignIn::None));
        let all = format!("{recording:?}");
        for secret in ["anna", "c2ln", "eyJ", "secret"] {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
    }

    #[test]
    fn what_is_no_har() {
        let deep = format!("{{\"log\":{}", "[".repeat(100_000));
        for (text, expected) in [
            ("", TraceProblem::Empty),
            ("{}", TraceProblem::NotHar),
            ("{\"log\":{}}", TraceProblem::NotHar),
            ("{\"log\":", TraceProblem::NotJson("line 1, column 7".into())),
            ("no JSON", TraceProblem::NotJson("line 1, column 2".into())),
        ] {
            assert_eq!(read_har(text).unwrap_err(), expected, "{text}");
        }
        assert!(matches!(read_har(&deep), Err(TraceProblem::NotJson(_))));
    }
}
