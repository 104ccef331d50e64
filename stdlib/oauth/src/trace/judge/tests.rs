//! The rules of the verdicts, one request at a time and over a recording.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Timestamp;

use super::*;
use crate::challenge::parse_challenges;
use crate::token::{Token, read_token};

const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
const LYNC: &str = "00000004-0000-0ff1-ce00-000000000000";
const ACS: &str = "00000001-0000-0000-c000-000000000000";
const TENANT: &str = "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17";
const HOST: &str = "mail.contoso.com";
const NOW: u64 = 1_780_000_000;

fn expected() -> Expected {
    Expected {
        tenant: TENANT.into(),
        domains: vec!["contoso.com".into()],
        app_ids: vec![LYNC.into(), EXCHANGE.into()],
        hosts: vec![HOST.into()],
        thumbprints: vec!["AB".repeat(20)],
    }
}

fn encoded(header: &str, claims: &str, signature: &str) -> String {
    format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// A user's token for `audience`, with an actor token issued for `realm` that ends at `expires`.
fn user_token(audience: &str, realm: &str, expires: u64) -> Token {
    let actor = encoded(
        r#"{"alg":"RS256","x5t":"AAAA"}"#,
        &format!(
            r#"{{"aud":"{EXCHANGE}/{audience}@{realm}","iss":"{ACS}@{realm}","nameid":"{LYNC}@{realm}","nbf":"{}","exp":"{expires}"}}"#,
            NOW - 60
        ),
        "x",
    );
    let outer = format!(
        r#"{{"aud":"{EXCHANGE}/{audience}@{realm}","iss":"{LYNC}@{realm}","nbf":{},"exp":{expires},"actortoken":"{actor}"}}"#,
        NOW - 60
    );
    read_token(&encoded(r#"{"alg":"none"}"#, &outer, "")).unwrap()
}

fn assertion(key: u8) -> Token {
    let header = format!(r#"{{"alg":"RS256","x5t":"{}"}}"#, URL_SAFE_NO_PAD.encode([key; 20]));
    let claims = format!(
        r#"{{"aud":"{ACS}/accounts.accesscontrol.windows.net@{TENANT}","iss":"{EXCHANGE}@{TENANT}","nbf":{},"exp":{}}}"#,
        NOW - 60,
        NOW + 60
    );
    read_token(&encoded(&header, &claims, "x")).unwrap()
}

fn seen(sign_in: SignIn, status: u16) -> Seen {
    Seen {
        at: Some(Timestamp(NOW * 1000)),
        url: format!("https://{HOST}/ews/exchange.asmx"),
        host: HOST.into(),
        status: Some(status),
        sign_in,
        ..Seen::new(1)
    }
}

fn sent(token: Token, status: u16) -> Seen {
    seen(SignIn::Token(Box::new(token)), status)
}

#[track_caller]
fn check(seen: &Seen, verdict: Verdict, reason: &str) {
    let opinion = judge(seen, &expected());
    assert_eq!(opinion.verdict, verdict, "{opinion:?}");
    let found = reason.is_empty() && opinion.reasons.is_empty()
        || opinion.reasons.iter().any(|one| one.contains(reason));
    assert!(found, "'{reason}' in {opinion:?}");
}

#[test]
fn tokens_as_they_should_be_and_not() {
    let good = || user_token(HOST, TENANT, NOW + 600);
    check(&sent(good(), 200), Verdict::Pass, "");
    check(&sent(user_token(HOST, "contoso.com", NOW + 600), 200), Verdict::Pass, "");
    check(&sent(user_token(HOST, TENANT, NOW - 10), 200), Verdict::Warn, "just expired");
    check(&sent(user_token(HOST, TENANT, NOW - 3600), 200), Verdict::Fail, "had expired");
    check(&sent(user_token(HOST, "fabrikam.com", NOW + 600), 200), Verdict::Fail, "belongs to fabrikam.com");
    check(&sent(user_token("proxy.contoso.com", TENANT, NOW + 600), 200), Verdict::Fail, "not published");
    check(&sent(good(), 401), Verdict::Fail, "without a Bearer challenge");
    check(&sent(good(), 403), Verdict::Fail, "403");
    check(&sent(good(), 302), Verdict::Warn, "redirect");
    check(&sent(good(), 503), Verdict::CannotTell, "in trouble");
    check(&Seen { status: None, ..sent(good(), 200) }, Verdict::CannotTell, "not told");

    let early = Seen { at: Some(Timestamp((NOW - 3600) * 1000)), ..sent(good(), 200) };
    check(&early, Verdict::Fail, "not valid yet");
    let untimed = Seen { at: None, ..sent(good(), 200) };
    check(&untimed, Verdict::Pass, "");
    assert!(judge(&untimed, &expected()).unchecked.iter().any(|what| what.contains("validity")));

    let mut refused = sent(good(), 401);
    refused.challenges = parse_challenges("Bearer client_id=\"x\", error=\"invalid_token\"");
    check(&refused, Verdict::Fail, "invalid_token");
    refused.diagnostics = "2000003;reason=\"x\"".into();
    check(&refused, Verdict::Fail, "the service says: 2000003");

    let mut other = good();
    other.app_id = "11111111-0000-0ff1-ce00-000000000000".into();
    other.actor = None;
    other.signed = true;
    let opinion =
        judge(&sent(other.clone(), 200), &Expected { app_ids: vec![EXCHANGE.into()], ..expected() });
    assert_eq!(opinion.verdict, Verdict::Warn, "{opinion:?}");
    other.signed = false;
    check(&sent(other, 200), Verdict::Fail, "not signed");
}

#[test]
fn the_certificate_of_an_assertion() {
    let towards = |token: Token, status: u16| Seen {
        host: "accounts.accesscontrol.windows.net".into(),
        assertion: Some(Ok(token)),
        ..seen(SignIn::None, status)
    };
    check(&towards(assertion(0xab), 200), Verdict::Pass, "");
    check(&towards(assertion(0xcd), 200), Verdict::Fail, "none of those given");
    check(&towards(assertion(0xab), 400), Verdict::Fail, "gave no token");
    let without = Expected { thumbprints: Vec::new(), ..expected() };
    let opinion = judge(&towards(assertion(0xcd), 200), &without);
    assert_eq!(opinion.verdict, Verdict::Pass);
    assert!(opinion.unchecked.iter().any(|what| what.contains("no thumbprint")), "{opinion:?}");
}

#[test]
fn requests_without_a_token() {
    let asked = |value: &str| Seen { challenges: parse_challenges(value), ..seen(SignIn::Asked, 401) };
    check(&asked(&format!("Bearer client_id=\"x\", trusted_issuers=\"{ACS}@{TENANT}\"")), Verdict::Pass, "");
    check(&asked(&format!("Bearer client_id=\"x\", trusted_issuers=\"{ACS}@*\"")), Verdict::Pass, "");
    check(
        &asked(&format!("Bearer trusted_issuers=\"{ACS}@fabrikam.com\"")),
        Verdict::Warn,
        "no trusted issuer",
    );
    check(&asked("Bearer client_id=\"x\""), Verdict::Warn, "names no trusted issuer");
    check(&asked("Basic realm=\"x\", NTLM"), Verdict::Fail, "offered: Basic, NTLM");
    check(&asked(""), Verdict::Fail, "offered: nothing");
    check(&seen(SignIn::Asked, 200), Verdict::Warn, "no challenge came");
    check(&seen(SignIn::Other("Negotiate".into()), 200), Verdict::Warn, "signs in with Negotiate");
    check(&seen(SignIn::Opaque(TokenProblem::Parts), 200), Verdict::CannotTell, "none that can be read");
    check(&seen(SignIn::Opaque(TokenProblem::Encrypted), 200), Verdict::CannotTell, "cannot be judged");
}

#[test]
fn over_a_recording() {
    let good = || sent(user_token(HOST, TENANT, NOW + 600), 200);
    let asked = Seen {
        challenges: parse_challenges(&format!("Bearer trusted_issuers=\"{ACS}@*\"")),
        ..seen(SignIn::Asked, 401)
    };
    let picture = Seen { host: "cdn.example".into(), ..seen(SignIn::None, 200) };
    let mut other = user_token("graph.example", TENANT, NOW + 1);
    other.app_id = "11111111-0000-0ff1-ce00-000000000000".into();
    let elsewhere = Seen { host: "graph.example".into(), ..sent(other, 200) };
    let refused = sent(user_token(HOST, TENANT, NOW + 600), 401);
    let recorded = |requests: Vec<Seen>| Recording {
        kind: RecordingKind::Har,
        creator: String::new(),
        requests,
        phrases: Vec::new(),
        thumbprints: vec!["CD".repeat(20)],
        cookies: 0,
    };
    let opinion = |requests: Vec<Seen>| judge_trace(&recorded(requests), &expected()).opinion;
    let recording = recorded(vec![asked.clone(), good(), picture.clone(), elsewhere.clone()]);
    let all_well = judge_trace(&recording, &expected());
    assert_eq!((all_well.opinion.verdict, all_well.ignored, all_well.requests.len()), (Verdict::Pass, 2, 2));
    assert!(all_well.opinion.reasons[0].contains("none of those given"));
    assert_eq!(opinion(vec![asked, picture]).verdict, Verdict::CannotTell);
    let other_only = opinion(vec![elsewhere]);
    assert_eq!(other_only.verdict, Verdict::CannotTell);
    assert!(other_only.reasons[0].contains("1 requests with a token are for other hosts"));
    let one_bad = opinion(vec![good(), refused]);
    assert_eq!(one_bad.verdict, Verdict::Fail);
    assert!(one_bad.reasons[0].contains("1 of 2 requests: fail"));
    assert_eq!(opinion(Vec::new()).verdict, Verdict::CannotTell);
}
