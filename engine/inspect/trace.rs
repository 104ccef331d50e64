//! A judged recording as `trace` shows it.

use ::oauth::{Expected, Judged, Recording, RecordingKind, Seen, SignIn, Verdict, judge_trace};
use cli::{Examined, Expectation, Grade, Part};
use model::Value;

use super::token;

/// The applications of the shipped workflows: Exchange Online, Skype for Business Online, and what followed it.
const APPLICATIONS: [&str; 4] = [
    "00000002-0000-0ff1-ce00-000000000000",
    "00000004-0000-0ff1-ce00-000000000000",
    "7557eb47-c689-4224-abcf-aef9bd7573df",
    "db7de2b5-2149-435e-8043-e080dd50afae",
];

/// So many requests are shown; all are judged.
const REQUESTS_MAX: usize = 500;

pub(super) fn examined(recording: &Recording, expectation: &Expectation) -> Examined {
    let mut expected = Expected {
        tenant: expectation.tenant.clone(),
        domains: expectation.domains.clone(),
        app_ids: expectation.app_ids.clone(),
        hosts: expectation.hosts.clone(),
        thumbprints: expectation.thumbprints.clone(),
    };
    if expected.app_ids.is_empty() {
        expected.app_ids = APPLICATIONS.map(str::to_owned).to_vec();
    }
    let verdict = judge_trace(recording, &expected);
    let shown: Vec<Examined> =
        verdict.requests.iter().take(REQUESTS_MAX).map(|judged| request(judged, recording.kind)).collect();
    let left_out = verdict.requests.len() - shown.len();
    let messages = verdict
        .phrases
        .iter()
        .map(|phrase| {
            Examined { kind: "message", title: format!("message {}", phrase.id), ..Examined::default() }
                .fact("id", phrase.id)
                .fact("cause", phrase.cause)
                .fact("fix", phrase.fix)
        })
        .collect();
    Examined {
        kind: "trace",
        grade: grade(verdict.opinion.verdict),
        verdict: verdict.opinion.verdict.as_str(),
        reasons: verdict.opinion.reasons,
        parts: vec![("messages", Part::Many(messages)), ("requests", Part::Many(shown))],
        ..Examined::default()
    }
    .fact(
        "format",
        match recording.kind {
            RecordingKind::Har => "har",
            RecordingKind::Log => "log",
        },
    )
    .fact("creator", recording.creator.clone())
    .fact("tenant", expected.tenant)
    .fact("hosts", texts(&expected.hosts))
    .fact("app_ids", texts(&expected.app_ids))
    .fact("thumbprints", texts(&expected.thumbprints))
    .fact("judged", count(verdict.requests.len()))
    .fact("ignored", count(verdict.ignored))
    .fact("left_out", count(left_out))
    .fact("unchecked", texts(&verdict.opinion.unchecked))
}

fn request(judged: &Judged<'_>, kind: RecordingKind) -> Examined {
    let seen = judged.seen;
    let mut parts = Vec::new();
    let mut part = |name: &'static str, title: &str, token: Option<&::oauth::Token>| {
        if let Some(token) = token {
            let inner = Examined { title: title.to_owned(), ..token::shown(token) };
            parts.push((name, Part::One(Box::new(inner))));
        }
    };
    if let SignIn::Token(token) = &seen.sign_in {
        part("token", "token sent", Some(token));
    }
    part("assertion", "assertion sent", seen.assertion.as_ref().and_then(|read| read.as_ref().ok()));
    part("granted", "token given", seen.granted.as_ref());
    let issuers: Vec<String> =
        seen.challenges.iter().flat_map(|challenge| challenge.list("trusted_issuers")).collect();
    let status = seen.status.map_or(Value::Null, |status| Value::Int(i64::from(status)));
    Examined {
        kind: "request",
        grade: grade(judged.opinion.verdict),
        verdict: judged.opinion.verdict.as_str(),
        title: title(seen, kind),
        reasons: judged.opinion.reasons.clone(),
        parts,
        ..Examined::default()
    }
    .fact("number", count(seen.number))
    .fact("at", seen.at.map_or(Value::Null, |at| at.to_string().into()))
    .fact("method", seen.method.clone())
    .fact("url", seen.url.clone())
    .fact("status", status)
    .fact("sign_in", sign_in(seen))
    .fact("trusted_issuers", texts(&issuers))
    .fact("diagnostics", seen.diagnostics.clone())
    .fact("unchecked", texts(&judged.opinion.unchecked))
}

fn title(seen: &Seen, kind: RecordingKind) -> String {
    let words: Vec<&str> =
        ["request", &seen.method, &seen.url].into_iter().filter(|word| !word.is_empty()).collect();
    let place = match kind {
        RecordingKind::Har => "entry",
        RecordingKind::Log => "line",
    };
    format!("{} ({place} {})", words.join(" "), seen.number)
}

fn sign_in(seen: &Seen) -> String {
    match &seen.sign_in {
        SignIn::None if seen.assertion.is_some() => "assertion".to_owned(),
        SignIn::None => "none".to_owned(),
        SignIn::Asked => "Bearer without a token".to_owned(),
        SignIn::Token(_) | SignIn::Opaque(_) => "Bearer".to_owned(),
        SignIn::Other(scheme) => scheme.clone(),
    }
}

fn grade(verdict: Verdict) -> Grade {
    match verdict {
        Verdict::Pass => Grade::Fine,
        Verdict::Warn => Grade::Warn,
        Verdict::CannotTell => Grade::CannotTell,
        Verdict::Fail => Grade::Bad,
    }
}

fn texts(list: &[String]) -> Value {
    Value::List(list.iter().map(Value::text).collect())
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
