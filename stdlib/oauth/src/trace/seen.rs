//! What a recording shows, whatever its format: requests with their sign-in and answer. Tokens are read and let go at once.

use model::{Class, Code, Failure, Timestamp};

use super::phrase::Phrase;
use crate::challenge::{Challenge, parse_challenges};
use crate::mask::shown_within;
use crate::token::{Token, TokenProblem, read_token};

/// So many requests are read of one recording.
pub(super) const REQUESTS_MAX: usize = 200_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingKind {
    Har,
    Log,
}

/// A whole recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    pub kind: RecordingKind,
    /// The program that made it, as it names itself; empty where it does not.
    pub creator: String,
    pub requests: Vec<Seen>,
    /// Known words anywhere in a log. In a HAR they belong to their requests.
    pub phrases: Vec<&'static Phrase>,
    /// SHA-1 of certificates that error messages name, upper-case.
    pub thumbprints: Vec<String>,
    /// Cookies that were recorded: secrets, as tokens are.
    pub cookies: usize,
}

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// In a HAR the entry's number, in a log the line; from 1.
    pub number: usize,
    pub at: Option<Timestamp>,
    pub method: String,
    /// Without query, user and people's addresses.
    pub url: String,
    /// In lower case; empty where it is not told.
    pub host: String,
    pub status: Option<u16>,
    pub sign_in: SignIn,
    /// The token that was sent to be exchanged for another.
    pub assertion: Option<Result<Token, TokenProblem>>,
    /// The token that came back.
    pub granted: Option<Token>,
    pub challenges: Vec<Challenge>,
    /// `x-ms-diagnostics`, masked.
    pub diagnostics: String,
    pub phrases: Vec<&'static Phrase>,
    /// What `Test-OAuthConnectivity` says of it, where it says something.
    pub succeeded: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    None,
    /// `Bearer` without a token: the question for a challenge.
    Asked,
    Token(Box<Token>),
    /// `Bearer` with something that is no readable token.
    Opaque(TokenProblem),
    /// `Basic`, `NTLM`, `Negotiate` and the like.
    Other(String),
}

impl SignIn {
    /// Reads the value of an `Authorization` header.
    pub(super) fn of(value: &str) -> SignIn {
        let value = value.trim();
        let (word, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
        if word.is_empty() {
            return SignIn::None;
        }
        if !word.eq_ignore_ascii_case("bearer") {
            return SignIn::Other(scheme(word).to_owned());
        }
        if rest.trim().is_empty() {
            return SignIn::Asked;
        }
        match read_token(rest) {
            Ok(token) => SignIn::Token(Box::new(token)),
            Err(problem) => SignIn::Opaque(problem),
        }
    }
}

/// Ways of signing in that are told by name; whatever else stands there may be anything.
const SCHEMES: [&str; 6] = ["Bearer", "Basic", "Digest", "Kerberos", "Negotiate", "NTLM"];
const OTHER_SCHEME: &str = "another scheme";

/// What a Bearer challenge tells about the service.
const PARAMETERS: [&str; 7] = [
    "authorization_uri",
    "client_id",
    "error",
    "error_description",
    "realm",
    "token_types",
    "trusted_issuers",
];

fn scheme(text: &str) -> &'static str {
    SCHEMES.into_iter().find(|known| known.eq_ignore_ascii_case(text)).unwrap_or(OTHER_SCHEME)
}

/// Challenges as they may be kept: a negotiation's data and what is not known left out, values masked.
pub(super) fn challenges(value: &str) -> Vec<Challenge> {
    // Lists of trusted issuers are long.
    const LENGTH_MAX: usize = 8 * 1024;
    parse_challenges(value)
        .into_iter()
        .map(|one| Challenge {
            scheme: scheme(&one.scheme).to_owned(),
            parameters: one
                .parameters
                .into_iter()
                .filter(|(name, _)| PARAMETERS.contains(&name.as_str()))
                .map(|(name, value)| (name, shown_within(&value, LENGTH_MAX)))
                .collect(),
            token68: String::new(),
        })
        .collect()
}

impl Seen {
    pub(super) fn new(number: usize) -> Seen {
        Seen {
            number,
            at: None,
            method: String::new(),
            url: String::new(),
            host: String::new(),
            status: None,
            sign_in: SignIn::None,
            assertion: None,
            granted: None,
            challenges: Vec::new(),
            diagnostics: String::new(),
            phrases: Vec::new(),
            succeeded: None,
        }
    }
}

/// Why a file is no recording that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceProblem {
    #[error("there is nothing in it")]
    Empty,
    #[error("it is not JSON: {0}")]
    NotJson(String),
    #[error("it is JSON, but no HAR: it has no log.entries")]
    NotHar,
    #[error("it holds more than {REQUESTS_MAX} requests")]
    TooMany,
    #[error("no request and no known message is in it")]
    NothingFound,
}

impl From<TraceProblem> for Failure {
    fn from(problem: TraceProblem) -> Failure {
        let failure = Failure::new(Code::Trace, Class::Invalid, format!("read the trace: {problem}"));
        match problem {
            TraceProblem::Empty | TraceProblem::NotJson(_) => {
                failure.hint("save it again; a recording that was cut off cannot be read")
            }
            TraceProblem::NotHar | TraceProblem::NothingFound => failure.hint(
                "give a HAR file, or a text with request lines and headers, or the output of Test-OAuthConnectivity | fl",
            ),
            TraceProblem::TooMany => failure.hint("record only the minutes that matter"),
        }
    }
}
