//! The verdict over a recording: request by request, then over all.

use super::judge_token::{Expected, Opinion, Verdict, is_microsoft, judge_token};
use super::phrase::Phrase;
use super::seen::{Recording, RecordingKind, Seen, SignIn};
use crate::token::TokenProblem;

/// One request that has to do with OAuth here, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged<'a> {
    pub seen: &'a Seen,
    pub opinion: Opinion,
}

/// The verdict over a whole recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceVerdict<'a> {
    pub opinion: Opinion,
    /// In the order of the recording.
    pub requests: Vec<Judged<'a>>,
    /// Requests that have nothing to do with it: pictures, other services.
    pub ignored: usize,
    /// Known messages that stand in the recording.
    pub phrases: Vec<&'static Phrase>,
}

/// Judges what was recorded.
pub fn judge_trace<'a>(recording: &'a Recording, expected: &Expected) -> TraceVerdict<'a> {
    let mut requests = Vec::new();
    let mut phrases = recording.phrases.clone();
    for seen in &recording.requests {
        if is_relevant(seen, expected, recording.kind) {
            phrases.extend(&seen.phrases);
            requests.push(Judged { seen, opinion: judge(seen, expected) });
        }
    }
    phrases.sort_by_key(|phrase| phrase.id);
    phrases.dedup();
    let elsewhere = recording.requests.iter().filter(|seen| has_token(seen)).count()
        - requests.iter().filter(|one| has_token(one.seen)).count();
    let mut opinion = overall(&requests, &phrases, elsewhere, recording.kind);
    for thumbprint in &recording.thumbprints {
        let known = expected.thumbprints.contains(thumbprint);
        opinion.reasons.push(format!(
            "the sign-in names the certificate {thumbprint}{}",
            match (known, expected.thumbprints.is_empty()) {
                (true, _) => ", one of those given",
                (false, true) => "",
                (false, false) => ", none of those given",
            }
        ));
    }
    let ignored = recording.requests.len() - requests.len();
    TraceVerdict { opinion, requests, ignored, phrases }
}

fn is_relevant(seen: &Seen, expected: &Expected, kind: RecordingKind) -> bool {
    if kind == RecordingKind::Log || seen.assertion.is_some() || !seen.phrases.is_empty() {
        return true;
    }
    let ours = expected.hosts.contains(&seen.host);
    match &seen.sign_in {
        SignIn::Token(token) => {
            ours || expected.hosts.is_empty()
                || expected.hosts.contains(&token.audience_host)
                || expected.app_ids.contains(&token.app_id)
        }
        SignIn::Opaque(_) | SignIn::Asked => ours || expected.hosts.is_empty(),
        SignIn::Other(_) => ours,
        SignIn::None => ours && seen.status == Some(401),
    }
}

fn judge(seen: &Seen, expected: &Expected) -> Opinion {
    let mut opinion = Opinion::default();
    let judged = match (&seen.sign_in, &seen.assertion) {
        (_, Some(Ok(assertion))) => {
            judge_token(assertion, expected, seen.at, &seen.host, &mut opinion);
            true
        }
        (SignIn::Token(token), _) => {
            judge_token(token, expected, seen.at, &seen.host, &mut opinion);
            true
        }
        (SignIn::Opaque(problem), _) | (_, Some(Err(problem))) => {
            let reason = match problem {
                TokenProblem::Encrypted => format!("the token cannot be judged: {problem}"),
                _ => format!("what was sent as a token is none that can be read: {problem}"),
            };
            opinion.say(Verdict::CannotTell, reason);
            true
        }
        (SignIn::None | SignIn::Asked | SignIn::Other(_), None) => false,
    };
    if let Some(granted) = &seen.granted {
        judge_token(granted, expected, seen.at, "", &mut opinion);
    }
    if judged {
        after_token(seen, &mut opinion);
    } else {
        without_token(seen, expected, &mut opinion);
    }
    for phrase in &seen.phrases {
        opinion.say(if phrase.harmless { Verdict::Warn } else { Verdict::Fail }, phrase.cause);
    }
    if !seen.diagnostics.is_empty() {
        let told = format!("the service says: {}", seen.diagnostics);
        let verdict = if opinion.verdict == Verdict::Pass { Verdict::Warn } else { opinion.verdict };
        opinion.say(verdict, told);
    }
    match seen.succeeded {
        Some(false) if seen.phrases.iter().all(|phrase| !phrase.harmless) => {
            opinion.say(Verdict::Fail, "Test-OAuthConnectivity ended with Error");
        }
        Some(_) | None => {}
    }
    opinion
}

/// What the service answered to a token.
fn after_token(seen: &Seen, opinion: &mut Opinion) {
    let Some(status) = seen.status else {
        if seen.succeeded.is_none() {
            opinion.say(Verdict::CannotTell, "what was answered is not told");
        }
        return;
    };
    match status {
        200..300 => {}
        401 => {
            let bearer = seen.challenges.iter().find(|challenge| challenge.is("Bearer"));
            let error = bearer.and_then(|bearer| bearer.parameter("error")).unwrap_or_default();
            opinion.say(
                Verdict::Fail,
                match (bearer, error) {
                    (None, _) => "401 without a Bearer challenge: OAuth is off on the virtual directory, or a device in \
                                  front of it signs people in itself"
                        .to_owned(),
                    (Some(_), "") => "401: the service did not take the token".to_owned(),
                    (Some(_), error) => format!("401: the service did not take the token ({})", crate::mask::shown(error)),
                },
            );
        }
        403 => opinion
            .say(Verdict::Fail, "403: the token was understood, and the access refused: role or policy"),
        400 if seen.assertion.is_some() => {
            opinion.say(Verdict::Fail, "400: the sign-in gave no token for the assertion");
        }
        300..400 => opinion.say(
            Verdict::Warn,
            format!("status {status}: a redirect, probably of a proxy that signs people in itself"),
        ),
        429 | 500.. => opinion.say(
            Verdict::CannotTell,
            format!("status {status}: the service was in trouble, which says nothing about the token"),
        ),
        _ => opinion.say(Verdict::Warn, format!("status {status}")),
    }
}

/// A request that sent no token: the question for a challenge, or another way of signing in.
fn without_token(seen: &Seen, expected: &Expected, opinion: &mut Opinion) {
    let bearer = seen.challenges.iter().find(|challenge| challenge.is("Bearer"));
    if let SignIn::Other(scheme) = &seen.sign_in {
        opinion.say(Verdict::Warn, format!("it signs in with {scheme}, not with OAuth"));
    }
    match (bearer, seen.status) {
        (Some(bearer), _) => {
            let issuers = bearer.list("trusted_issuers");
            let trusted = |issuer: &String| {
                let realm = issuer.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
                realm == "*" || realm == expected.tenant || expected.domains.contains(&realm)
            };
            if issuers.is_empty() {
                opinion.say(Verdict::Warn, "the challenge names no trusted issuer");
            } else if !expected.tenant.is_empty() && !issuers.iter().any(trusted) && !is_microsoft(&seen.host) {
                opinion.say(Verdict::Warn, format!("no trusted issuer of the challenge is of the tenant {}", expected.tenant));
            }
        }
        (None, Some(401)) => opinion.say(
            Verdict::Fail,
            format!(
                "401 without a Bearer challenge (offered: {}): OAuth is off on the virtual directory, or a device in front \
                 of it signs people in itself",
                offered(seen)
            ),
        ),
        (None, Some(_)) if seen.sign_in == SignIn::Asked => {
            opinion.say(Verdict::Warn, "asked without a token, and no challenge came");
        }
        (None, Some(status)) if status >= 400 => opinion.say(Verdict::Warn, format!("status {status}")),
        (None, _) => {}
    }
}

fn has_token(seen: &Seen) -> bool {
    matches!(seen.sign_in, SignIn::Token(_) | SignIn::Opaque(_)) || seen.assertion.is_some()
}

fn offered(seen: &Seen) -> String {
    let schemes: Vec<String> =
        seen.challenges.iter().map(|challenge| crate::mask::shown(&challenge.scheme)).collect();
    if schemes.is_empty() { "nothing".to_owned() } else { schemes.join(", ") }
}

/// `elsewhere`: requests with a token that have nothing to do with this target.
fn overall(
    requests: &[Judged<'_>],
    phrases: &[&'static Phrase],
    elsewhere: usize,
    kind: RecordingKind,
) -> Opinion {
    let mut opinion = Opinion::default();
    let tokens = requests.iter().filter(|one| has_token(one.seen)).count();
    let tested = requests.iter().any(|one| one.seen.succeeded == Some(true));
    for verdict in [Verdict::Fail, Verdict::CannotTell, Verdict::Warn] {
        let count = requests.iter().filter(|one| one.opinion.verdict == verdict).count();
        if count > 0 {
            opinion.say(verdict, format!("{count} of {} requests: {}", requests.len(), verdict.as_str()));
        }
    }
    for phrase in phrases {
        opinion.say(if phrase.harmless { Verdict::Warn } else { Verdict::Fail }, phrase.cause);
    }
    if tokens == 0 && !tested {
        let why = match (elsewhere, kind) {
            (0, RecordingKind::Har) => {
                "no request with a token was recorded; browsers leave it out of a HAR unless told to \
                                        keep sensitive data"
                    .to_owned()
            }
            (0, RecordingKind::Log) => "no token is in the log".to_owned(),
            (count, _) => format!(
                "the {count} requests with a token are for other hosts and by other applications than those looked for"
            ),
        };
        opinion.say(Verdict::CannotTell, why);
    }
    if tokens == 0 && tested {
        opinion.unchecked("what the tokens say: none was recorded, only that the test succeeded");
    }
    for one in requests {
        for what in &one.opinion.unchecked {
            opinion.unchecked(what);
        }
    }
    opinion
}

#[cfg(test)]
mod tests;
