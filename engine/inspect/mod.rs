//! Introduces the command line's `inspect` and `trace` to certificates and tokens.

use ::oauth::{Recording, SignIn, TraceProblem, read_har, read_log};
use cli::{Examined, Expectation, Grade, Inspector, Part};
use model::{Failure, Timestamp, Value};
use x509::{Judgement, SelfSignature, text_of};

mod token;
mod trace;

/// So many tokens of a recording are shown.
const TOKENS_MAX: usize = 50;

#[derive(Debug)]
pub(crate) struct Files;

impl Inspector for Files {
    fn inspect(&self, bytes: &[u8], now: Timestamp) -> Examined {
        let text = text_of(bytes);
        let start = text.as_deref().unwrap_or_default().trim_start();
        if start.starts_with('{') {
            har(start, now)
        } else if token::looks_like_one(start) {
            token::inspect(start, now)
        } else {
            certificate(bytes, now)
        }
    }

    fn trace(&self, bytes: &[u8], expectation: &Expectation) -> Result<Examined, Failure> {
        let text = text_of(bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
        let recording = if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
            read_har(&text)?
        } else {
            read_log(&text)?
        };
        Ok(trace::examined(&recording, expectation))
    }
}

fn certificate(bytes: &[u8], now: Timestamp) -> Examined {
    let (certificate, reservations) = match x509::judge(bytes, now) {
        Judgement::Certificate { certificate, reservations } => (certificate, reservations),
        Judgement::Refused(problem) => {
            let refused = refused("certificate", problem.to_string());
            return match problem.hint() {
                Some(hint) => refused.fact("hint", hint),
                None => refused,
            };
        }
    };
    let (form, facts) = (certificate.form, certificate.facts);
    let self_signed = match &facts.self_signature {
        SelfSignature::So => Value::Bool(true),
        SelfSignature::NotSo(_) => Value::Bool(false),
        SelfSignature::CannotCheck(_) => Value::Null,
    };
    let (grade, verdict) =
        if reservations.is_empty() { (Grade::Fine, "certificate") } else { (Grade::Warn, "warn") };
    Examined { kind: "certificate", grade, verdict, reasons: reservations, ..Examined::default() }
        .fact("sha1", facts.sha1)
        .fact("sha256", facts.sha256)
        .fact("subject", facts.subject)
        .fact("issuer", facts.issuer)
        .fact("serial", facts.serial)
        .fact("not_before", facts.not_before.to_string())
        .fact("not_after", facts.not_after.to_string())
        .fact("key_algorithm", facts.key_algorithm)
        .fact("key_bits", i64::try_from(facts.key_bits).unwrap_or(i64::MAX))
        .fact("key_curve", facts.key_curve)
        .fact("signature_algorithm", facts.signature_algorithm)
        .fact("self_signed", self_signed)
        .fact("self_signature", facts.self_signature.as_str())
        .fact("form", form.as_str())
}

fn har(text: &str, now: Timestamp) -> Examined {
    let recording = match read_har(text) {
        Ok(recording) => recording,
        Err(problem) => {
            let hint = match problem {
                TraceProblem::NotJson(_) => "save it again; a recording that was cut off cannot be read",
                _ => "save the network traffic as HAR",
            };
            return refused("har", problem.to_string()).fact("hint", hint);
        }
    };
    let tokens = tokens(&recording);
    let valid = tokens.iter().filter(|token| token.expires.is_none_or(|expires| now <= expires)).count();
    let mut reasons = Vec::new();
    if valid > 0 {
        reasons.push(format!("{valid} of its tokens are still valid: keep the file as you keep a password"));
    }
    if recording.cookies > 0 {
        reasons.push(format!(
            "{} of its requests carry cookies: keep the file as you keep a password",
            recording.cookies
        ));
    }
    let (grade, verdict) = if reasons.is_empty() { (Grade::Fine, "pass") } else { (Grade::Warn, "warn") };
    let shown = tokens
        .iter()
        .take(TOKENS_MAX)
        .enumerate()
        .map(|(at, one)| Examined { title: format!("token {}", at + 1), ..token::examined(one, now) })
        .collect();
    let other = |seen: &&::oauth::Seen| matches!(seen.sign_in, SignIn::Other(_));
    let challenged = |seen: &&::oauth::Seen| seen.challenges.iter().any(|challenge| challenge.is("Bearer"));
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Examined {
        kind: "har",
        grade,
        verdict,
        reasons,
        parts: vec![("tokens", Part::Many(shown))],
        ..Examined::default()
    }
    .fact("creator", recording.creator.clone())
    .fact("requests", count(recording.requests.len()))
    .fact("distinct_tokens", count(tokens.len()))
    .fact("bearer_challenges", count(recording.requests.iter().filter(challenged).count()))
    .fact("signed_in_otherwise", count(recording.requests.iter().filter(other).count()))
}

/// Each once, in the order of the recording: sent as a sign-in, to be exchanged, and given.
fn tokens(recording: &Recording) -> Vec<::oauth::Token> {
    let mut found: Vec<::oauth::Token> = Vec::new();
    for seen in &recording.requests {
        let sent = match &seen.sign_in {
            SignIn::Token(token) => Some(token.as_ref()),
            SignIn::None | SignIn::Asked | SignIn::Opaque(_) | SignIn::Other(_) => None,
        };
        let exchanged = seen.assertion.as_ref().and_then(|read| read.as_ref().ok());
        for token in [sent, exchanged, seen.granted.as_ref()].into_iter().flatten() {
            if !found.contains(token) {
                found.push(token.clone());
            }
        }
    }
    found
}

fn refused(kind: &'static str, reason: String) -> Examined {
    Examined { kind, grade: Grade::Bad, verdict: "refuse", reasons: vec![reason], ..Examined::default() }
}
