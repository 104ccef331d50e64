//! Whatever text comes in, reading it ends without a panic, and neither tokens nor people come out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;

use crate::{
    Expected, judge_trace, parse_challenges, parse_issuer, read_claims, read_har, read_log, read_token, shown,
};

const SECRETS: [&str; 3] = ["anna.b", "c2VjcmV0", "S-1-5-21-7-8-9"];

/// A token with a person in every claim that people stand in, and a signature that is known by sight.
fn token(header: &str, extra: &str) -> String {
    let claims = format!(
        r#"{{"iss":"x","nameid":"S-1-5-21-7-8-9-1","smtp":"anna.b@contoso.com","upn":"anna.b@contoso.com",
            "sip":"anna.b","name":"anna.b","oid":"anna.b","preferred_username":"anna.b@contoso.com",{extra}}}"#
    );
    format!("{}.{}.c2VjcmV0", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

fn pieces() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "GET https://mail.contoso.com/ews/exchange.asmx?u=anna.b@contoso.com HTTP/1.1\n",
        "Authorization: Bearer ",
        "< HTTP/1.1 401 Unauthorized\n",
        "WWW-Authenticate: Bearer client_id=\"x\", trusted_issuers=\"a@*,b@c\"\n",
        "challenge from 'https://x/y' received: Bearer\n",
        "x-ms-diagnostics: 2000003;reason=\"anna.b@contoso.com eyJhbGciOiJub25lIn0.c2VjcmV0.c2VjcmV0\"\n",
        "ResultType : Error\n",
        "assertion=",
        "\n",
        "eyJ",
        "Host: mail.contoso.com\n",
    ])
    .prop_map(str::to_owned);
    prop_oneof![
        3 => known,
        1 => Just(format!("{} ", token(r#"{"alg":"RS256"}"#, r#""exp":1"#))),
        1 => "\\PC{0,20}",
    ]
}

proptest! {
    #[test]
    fn logs(pieces in prop::collection::vec(pieces(), 0..30)) {
        if let Ok(recording) = read_log(&pieces.concat()) {
            let shown = format!("{recording:?} {:?}", judge_trace(&recording, &Expected::default()));
            for secret in SECRETS {
                prop_assert!(!shown.contains(secret), "{} in {}", secret, shown);
            }
        }
    }

    #[test]
    fn recordings(pieces in prop::collection::vec(pieces(), 0..12), status in any::<i64>()) {
        let text = pieces.concat();
        let har = json!({ "log": { "creator": { "name": text }, "entries": [{
            "startedDateTime": text,
            "request": { "method": text, "url": format!("https://h/{text}"), "headers": [
                { "name": "Authorization", "value": format!("Bearer {text}") }], "postData": { "text": text } },
            "response": { "status": status, "headers": [{ "name": "x-ms-diagnostics", "value": text },
                { "name": "www-authenticate", "value": text }], "content": { "text": text, "encoding": "base64" } },
        }] } });
        let recording = read_har(&har.to_string()).expect("a HAR");
        let verdict = judge_trace(&recording, &Expected::default());
        prop_assert_eq!(verdict.requests.len() + verdict.ignored, 1);
        let shown = format!("{recording:?} {verdict:?}");
        for secret in SECRETS {
            prop_assert!(!shown.contains(secret), "{} in {}", secret, shown);
        }
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = (read_har(&text), read_log(&text), read_token(&text), read_claims(&text), parse_challenges(&text));
        let _ = (parse_issuer(&text), shown(&text));
    }

    #[test]
    fn tokens(header in "\\PC{0,60}", extra in "\\PC{0,60}") {
        let _ = read_token(&token(&header, &extra));
        let _ = read_claims(&token(&header, &extra));
    }

    #[test]
    fn what_is_shown_does_nothing_to_a_terminal(text in any::<String>()) {
        prop_assert!(!shown(&text).chars().any(char::is_control));
    }
}
