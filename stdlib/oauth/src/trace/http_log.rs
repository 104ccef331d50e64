//! Reads text in which requests were written down: request lines, headers and statuses in whatever order a tool prints
//! them, and what `Test-OAuthConnectivity` tells.

use model::Timestamp;

use super::phrase;
use super::seen::{REQUESTS_MAX, Recording, RecordingKind, Seen, SignIn, TraceProblem, challenges};
use crate::mask::{host_of, shown, shown_address};
use crate::token::read_token;

const METHODS: [&str; 9] =
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "AUTODISCOVER", "RPC_IN_DATA"];
/// A challenge is broken over so many lines of a console at most.
const WRAPPED_MAX: usize = 20;

/// Reads a log.
pub fn read_log(text: &str) -> Result<Recording, TraceProblem> {
    if text.trim().is_empty() {
        return Err(TraceProblem::Empty);
    }
    let mut reader = Reader::default();
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let (record, used) = record(&lines[at..]);
        reader.line(at + 1, &record);
        if reader.requests.len() > REQUESTS_MAX {
            return Err(TraceProblem::TooMany);
        }
        at += used;
    }
    let phrases = phrase::find(text);
    if reader.requests.is_empty() && phrases.is_empty() {
        return Err(TraceProblem::NothingFound);
    }
    Ok(Recording {
        kind: RecordingKind::Log,
        creator: String::new(),
        requests: reader.requests,
        phrases,
        thumbprints: phrase::thumbprints(text),
        cookies: lines.iter().filter(|line| header(line, "cookie").is_some()).count(),
    })
}

/// One line, or a challenge with the lines over which a console has broken it.
fn record(lines: &[&str]) -> (String, usize) {
    const BEGINNINGS: [&str; 6] =
        ["Information:", "Error:", "Warning:", "Exchange ", "ResultType", "Client request"];
    let first = lines.first().copied().unwrap_or_default();
    if !first.contains("challenge from") {
        return (first.to_owned(), 1);
    }
    let mut whole = first.trim().to_owned();
    let mut used = 1;
    for line in lines.iter().skip(1).take(WRAPPED_MAX).map(|line| line.trim()) {
        if line.is_empty() || BEGINNINGS.iter().any(|beginning| line.starts_with(beginning)) {
            break;
        }
        whole.push(' ');
        whole.push_str(line);
        used += 1;
    }
    (whole, used)
}

#[derive(Default)]
struct Reader {
    requests: Vec<Seen>,
    /// The last time that a line began with.
    at: Option<Timestamp>,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) {
        if let Some(at) = line.split_whitespace().next().and_then(moment) {
            self.at = Some(at);
        }
        if let Some((method, url)) = request_line(line) {
            self.begin(number, method, url);
        } else if let Some((url, offered)) = told_challenge(line) {
            self.begin(number, "", url);
            let seen = self.current(number);
            seen.challenges = challenges(offered);
            seen.sign_in = SignIn::Asked;
        }
        if let Some(host) = header(line, "host").filter(|host| !host.contains(char::is_whitespace)) {
            let seen = self.current(number);
            if seen.host.is_empty() && seen.url.starts_with('/') {
                seen.url = shown_address(&format!("https://{host}{}", seen.url));
                seen.host = host_of(&seen.url);
            }
        }
        self.sign_in(number, line);
        if let Some(status) = status(line) {
            // An answer to a request that was not written down is one of its own.
            if self.requests.last().is_none_or(|seen| seen.status.is_some_and(|known| known >= 200)) {
                self.begin(number, "", "");
            }
            self.current(number).status = Some(status);
        }
        if let Some(value) = header(line, "www-authenticate") {
            self.current(number).challenges.extend(challenges(value));
        }
        if let Some(value) = header(line, "x-ms-diagnostics") {
            let seen = self.current(number);
            seen.diagnostics = shown(value);
            seen.phrases.extend(phrase::find(value));
        }
        if let Some(succeeded) = result_type(line) {
            if self.requests.last().is_none_or(|seen| seen.succeeded.is_some()) {
                self.begin(number, "", "");
            }
            self.current(number).succeeded = Some(succeeded);
        }
    }

    /// The sign-in of a request, and tokens that stand anywhere else.
    fn sign_in(&mut self, number: usize, line: &str) {
        let found = find_ignoring_case(line, "authorization:").filter(|at| {
            !line[..*at].ends_with(|before: char| before.is_ascii_alphanumeric() || before == '-')
        });
        if let Some(at) = found {
            let value = line[at + "authorization:".len()..].trim().trim_end_matches(['"', '\'', '\\', ' ']);
            if self.requests.last().is_none_or(|seen| seen.sign_in != SignIn::None) {
                self.begin(number, "", "");
            }
            self.current(number).sign_in = SignIn::of(value);
            return;
        }
        for word in tokens(line) {
            let Ok(token) = read_token(word) else { continue };
            let is_assertion = line.contains("assertion=");
            let is_taken = |seen: &Seen| {
                if is_assertion {
                    seen.assertion.is_some()
                } else {
                    matches!(seen.sign_in, SignIn::Token(_) | SignIn::Opaque(_))
                }
            };
            if self.requests.last().is_none_or(is_taken) {
                self.begin(number, "", "");
            }
            let seen = self.current(number);
            if is_assertion {
                seen.assertion = Some(Ok(token));
            } else {
                seen.sign_in = SignIn::Token(Box::new(token));
            }
        }
    }

    fn begin(&mut self, number: usize, method: &str, url: &str) {
        let mut seen = Seen::new(number);
        seen.at = self.at;
        method.clone_into(&mut seen.method);
        seen.url = shown_address(url);
        seen.host = host_of(url);
        self.requests.push(seen);
    }

    fn current(&mut self, number: usize) -> &mut Seen {
        if self.requests.is_empty() {
            self.begin(number, "", "");
        }
        self.requests.last_mut().expect("one was just made")
    }
}

/// `POST /ews/exchange.asmx HTTP/1.1`, wherever it stands in the line.
fn request_line(line: &str) -> Option<(&str, &str)> {
    let words: Vec<&str> = line.split_whitespace().take(40).collect();
    words.windows(2).enumerate().find_map(|(at, pair)| {
        let method = pair[0].trim_start_matches(['"', '>', '\'', '(']);
        let good = METHODS.contains(&method)
            && (pair[1].starts_with("http://") || pair[1].starts_with("https://") || pair[1].starts_with('/'))
            // A path alone may be prose; with the protocol behind it, it is a request.
            && (pair[1].contains("://") || words.get(at + 2).is_some_and(|next| next.starts_with("HTTP/")));
        good.then(|| (method, pair[1].trim_end_matches(['"', '\'', ','])))
    })
}

/// `challenge from 'https://…' received: Bearer …`.
fn told_challenge(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once("challenge from")?;
    let (url, rest) = rest.trim_start().strip_prefix('\'')?.split_once('\'')?;
    let (_, challenges) = rest.split_once(':')?;
    Some((url, challenges.trim()))
}

/// `HTTP/1.1 401 Unauthorized`, or what .NET says of it.
fn status(line: &str) -> Option<u16> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|status| (100..600).contains(status));
    let mut words = line.split_whitespace();
    while let Some(word) = words.next() {
        if word.trim_start_matches(['"', '<']).starts_with("HTTP/") {
            return number(words.next().unwrap_or_default().trim_end_matches([',', ';', '"']));
        }
    }
    let (_, rest) = line.split_once("remote server returned an error: (")?;
    number(rest.split(')').next().unwrap_or_default())
}

/// `ResultType  : Error`, as PowerShell lists it.
fn result_type(line: &str) -> Option<bool> {
    let (name, value) = line.split_once(':')?;
    if !name.trim().eq_ignore_ascii_case("resulttype") {
        return None;
    }
    match value.trim().to_ascii_lowercase().as_str() {
        "success" => Some(true),
        "error" => Some(false),
        _ => None,
    }
}

/// The value of a header at the start of a line, behind the marks that tools put there.
fn header<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let line = line.trim_start_matches([' ', '\t', '<', '>', '*', '|', '"']);
    let start = line.get(..name.len())?;
    let rest = line[name.len()..].strip_prefix(':')?;
    start.eq_ignore_ascii_case(name).then_some(rest.trim())
}

/// Words that look like tokens: three parts of base64url, the last perhaps empty.
fn tokens(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.".contains(letter)))
        .filter(|word| word.starts_with("eyJ") && word.matches('.').count() == 2)
}

fn moment(word: &str) -> Option<Timestamp> {
    let word = word.trim_matches(['[', ']', '(', ')', ',']);
    word.starts_with(|first: char| first.is_ascii_digit()).then(|| Timestamp::parse_rfc3339(word)).flatten()
}

/// Where the ASCII text stands in the line, in any case.
fn find_ignoring_case(line: &str, text: &str) -> Option<usize> {
    line.as_bytes().windows(text.len()).position(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn token() -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", part(r#"{"alg":"RS256"}"#), part(r#"{"tid":"x","smtp":"anna@contoso.com"}"#))
    }

    #[test]
    fn what_curl_prints() {
        let text = format!(
            "> POST /ews/exchange.asmx HTTP/1.1\n> Host: mail.contoso.com\n> Authorization: Bearer {}\n>\n\
             < HTTP/1.1 401 Unauthorized\n< WWW-Authenticate: Bearer client_id=\"a\"\n< WWW-Authenticate: NTLM\n\
             < x-ms-diagnostics: 2000003;reason=\"x\"\n\
             > GET /ews/exchange.asmx HTTP/1.1\n> Host: mail.contoso.com\n> Authorization: Bearer\n< HTTP/1.1 200 OK\n",
            token()
        );
        let recording = read_log(&text).unwrap();
        let [first, second] = &recording.requests[..] else { panic!("two: {recording:?}") };
        assert_eq!(
            (first.url.as_str(), first.host.as_str()),
            ("https://mail.contoso.com/ews/exchange.asmx", "mail.contoso.com")
        );
        assert_eq!((first.status, first.challenges.len(), first.number), (Some(401), 2, 1));
        assert!(matches!(first.sign_in, SignIn::Token(_)) && first.diagnostics.starts_with("2000003"));
        assert_eq!((second.status, &second.sign_in), (Some(200), &SignIn::Asked));
        assert!(!format!("{recording:?}").contains("anna"));
    }

    #[test]
    fn what_test_oauth_connectivity_prints() {
        let text = "Task        : Checking EWS API Call Under Oauth\n\
            Detail      : The configuration was last successfully loaded at 1/1/0001 12:00:00 AM UTC.\n\
            \x20             Information:[OAuthCredentials:Authenticate] challenge from\n\
            \x20             'https://partner.outlook.cn/ews/Exchange.asmx' received: Bearer\n\
            \x20             client_id=\"00000002-0000-0ff1-ce00-000000000000\",\n\
            \x20             trusted_issuers=\"00000001-0002-0000-c000-000000000000@*\", token_types=\"a\n\
            \x20             b\",Basic Realm=\"\"\n\
            \x20             Information:[OAuthCredentials:GetToken] client-id: 'x'\n\
            \x20             Error:The trusted issuers contained the following entries 'x'. None\n\
            \x20             of them are configured locally.\n\
            \x20             System.Net.WebException: The remote server returned an error: (401) Unauthorized.\n\
            ResultType  : Error\n";
        let recording = read_log(text).unwrap();
        let [only] = &recording.requests[..] else { panic!("one: {recording:?}") };
        assert_eq!(
            (only.host.as_str(), only.status, only.succeeded),
            ("partner.outlook.cn", Some(401), Some(false))
        );
        assert_eq!(only.challenges[0].list("trusted_issuers"), ["00000001-0002-0000-c000-000000000000@*"]);
        assert_eq!(only.challenges.len(), 2);
        assert_eq!(recording.phrases.iter().map(|phrase| phrase.id).collect::<Vec<_>>(), ["issuer-unknown"]);
    }

    #[test]
    fn tokens_anywhere_and_times() {
        let text = format!(
            "2026-05-01T10:00:00Z sending grant_type=x&assertion={0}\n[2026-05-01T10:00:01Z] got {0}\nHTTP/2 200\n",
            token()
        );
        let recording = read_log(&text).unwrap();
        let [only] = &recording.requests[..] else { panic!("one: {recording:?}") };
        assert!(matches!((&only.assertion, &only.sign_in), (Some(Ok(_)), SignIn::Token(_))));
        assert_eq!(only.status, Some(200));
        assert_eq!(only.at.unwrap().to_string(), "2026-05-01T10:00:00Z");
    }

    #[test]
    fn what_is_no_log() {
        assert_eq!(read_log(" \n").unwrap_err(), TraceProblem::Empty);
        assert_eq!(
            read_log("we GET /nowhere by this\nand HTTP/1.1 is old").unwrap_err(),
            TraceProblem::NothingFound
        );
    }
}
