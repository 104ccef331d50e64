//! `inspect`: what a person can learn about a file before they trust it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::Bench;

const NOW: &str = "2026-06-01T08:00:00Z";

fn der(name: &str) -> &'static [u8] {
    sim::fixture_der(name).expect("a fixture")
}

fn put(bench: &Bench, name: &str, bytes: &[u8]) {
    std::fs::write(bench.files().join(name), bytes).expect("a file of the bench");
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
}

/// A token of an application, with a person in it.
fn token(expires: &str) -> String {
    let claims = json!({
        "iss": "/00000004-0000-0ff1-ce00-000000000000@contoso.com", "aud": "00000002-0000-0ff1-ce00-000000000000/mail.contoso.com@contoso.com",
        "nbf": "1780000000", "exp": expires, "nameid": "S-1-5-21-1-2-3-1104", "smtp": "anna.b@contoso.com",
    });
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    format!(
        "{}.{}.c2lnbmF0dXJl",
        part(json!({ "alg": "RS256", "typ": "JWT" }).to_string()),
        part(claims.to_string())
    )
}

#[test]
fn a_certificate_in_every_form_gives_the_same_facts() {
    let bench = Bench::new();
    let text = pem(der("current"));
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    put(&bench, "auth.cer", der("current"));
    put(&bench, "auth.pem", text.as_bytes());
    put(&bench, "auth.txt", STANDARD.encode(der("current")).as_bytes());
    put(&bench, "windows.pem", &utf16);
    let mut seen: Vec<Value> = Vec::new();
    for file in ["auth.cer", "auth.pem", "auth.txt", "windows.pem"] {
        let mut document = bench.run(&["inspect", file, "--now", NOW, "--json"]).exits(0).json();
        assert_ne!(document["form"].take(), Value::Null);
        seen.push(document);
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:#?}");
    let found = &seen[0];
    assert_eq!(found["kind"], "certificate");
    assert_eq!(found["verdict"], "certificate");
    assert_eq!(found["reasons"], json!([]));
    assert_eq!(found["subject"], "CN=Microsoft Exchange Server Auth Certificate");
    assert_eq!(found["issuer"], found["subject"]);
    assert_eq!(found["not_after"], "2049-11-06T22:47:32Z");
    assert_eq!((&found["key_algorithm"], &found["key_bits"]), (&json!("rsa"), &json!(2048)));
    assert_eq!((&found["self_signed"], &found["self_signature"]), (&json!(true), &json!("so")));
    assert_eq!(found["sha1"].as_str().map(str::len), Some(40));
    assert_eq!(found["sha256"].as_str().map(str::len), Some(64));

    let typed = bench.run_with_input(&["inspect", "-", "--now", NOW], &text).exits(0);
    typed.says("certificate: certificate").says(found["sha1"].as_str().expect("a thumbprint"));
}

#[test]
fn reservations_are_told_and_end_with_two() {
    let bench = Bench::new();
    put(&bench, "expired.cer", der("expired"));
    put(&bench, "weak.cer", der("weak"));
    put(&bench, "current.cer", der("current"));
    let expired = bench.run(&["inspect", "expired.cer", "--now", NOW]).exits(2);
    expired.says("certificate: warn").says("it expired at 2023-12-03T22:47:32Z");
    let weak = bench.run(&["inspect", "weak.cer", "--now", NOW, "--json"]).exits(2).json();
    assert_eq!(weak["verdict"], "warn");
    assert_eq!(weak["self_signature"], "cannot check");
    assert!(weak["reasons"][0].as_str().expect("a reason").contains("1024 bits"), "{weak}");
    bench.run(&["inspect", "current.cer", "--now", "2020-01-01"]).exits(2).says("not valid before");
}

#[test]
fn what_is_no_certificate_is_called_by_its_name() {
    let bench = Bench::new();
    let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    let html = "<!DOCTYPE html><html><body>Sign in</body></html>".to_owned();
    let two = pem(der("current")) + &pem(der("next"));
    let rest = [der("current"), b"\0"].concat();
    let longer = [&[0x30, 0x83, 0x00][..], &der("current")[2..]].concat();
    for (name, bytes, reason) in [
        ("key.pem", block("RSA PRIVATE KEY").into_bytes(), "a private key (PKCS#1)"),
        ("both.pem", (pem(der("current")) + &block("PRIVATE KEY")).into_bytes(), "a private key (PKCS#8)"),
        ("two.pem", two.into_bytes(), "more than one certificate (2)"),
        ("request.pem", block("CERTIFICATE REQUEST").into_bytes(), "a certificate request"),
        ("bundle.p7b", block("PKCS7").into_bytes(), "a PKCS#7 container"),
        ("page.html", html.into_bytes(), "an HTML page"),
        ("rest.cer", rest, "1 bytes after the certificate"),
        ("ber.cer", longer, "encoded in BER"),
        ("cut.cer", der("current")[..400].to_vec(), "cut off"),
        ("empty.cer", Vec::new(), "there is nothing in it"),
    ] {
        put(&bench, name, &bytes);
        let refused = bench.run(&["inspect", name, "--json"]).exits(4).json();
        assert_eq!(
            (&refused["kind"], &refused["verdict"]),
            (&json!("certificate"), &json!("refuse")),
            "{name}"
        );
        assert!(refused["reasons"][0].as_str().expect("a reason").contains(reason), "{name}: {refused}");
        bench.run(&["inspect", name]).exits(4).says("certificate: refuse").says(reason);
    }
    bench.run(&["inspect", "absent.cer"]).exits(3).warns("absent.cer");
    bench.run(&["inspect", "."]).exits(3).warns("is a folder");
    bench.run(&["inspect", "key.pem", "--now", "yesterday"]).exits(3);
}

#[test]
fn a_token_shows_its_claims_and_nobody_in_them() {
    let bench = Bench::new();
    bench.write("token.txt", &format!("Authorization: Bearer {}\n", token("1780003600")));
    bench.write("cut.txt", "eyJhbGciOiJSUzI1NiJ9.eyJ");
    let asked = ["inspect", "token.txt", "--now", "2026-05-28T21:00:00Z"];
    let text = bench.run(&asked).exits(0).says("token: pass").says("mail.contoso.com").says("masked");
    let json = bench.run(&[&asked[..], &["--json"]].concat()).exits(0);
    for outcome in [&text, &json] {
        for secret in ["anna", "S-1-5", "c2lnbmF0dXJl", "eyJ"] {
            assert!(!outcome.whole().contains(secret), "{secret} in {}", outcome.whole());
        }
    }
    let found = json.json();
    assert_eq!(found["issuer"], "/00000004-0000-0ff1-ce00-000000000000@contoso.com");
    assert_eq!(found["expires"], "2026-05-28T21:26:40Z");
    assert_eq!(found["masked"], json!(["nameid", "smtp"]));
    bench.run(&["inspect", "token.txt", "--now", NOW]).exits(2).says("it expired at 2026-05-28T21:26:40Z");
    bench.run(&["inspect", "cut.txt"]).exits(4).says("token: refuse");
}

#[test]
fn a_har_file_is_told_to_be_a_secret() {
    let bench = Bench::new();
    let har = |expires: &str| {
        json!({ "log": { "version": "1.2", "creator": { "name": "Firefox", "version": "1" }, "entries": [{
            "startedDateTime": NOW,
            "request": { "method": "GET", "url": "https://mail.contoso.com/", "headers":
                [{ "name": "Authorization", "value": format!("Bearer {}", token(expires)) }] },
            "response": { "status": 200, "headers": [], "content": {} },
        }] } })
        .to_string()
    };
    bench.write("fresh.har", &har("1880000000"));
    bench.write("old.har", &har("1780000001"));
    bench.write("no.har", "{\"log\": {}}");
    bench.write("cut.har", "{\"log\": {\"entries\": [");
    bench
        .run(&["inspect", "fresh.har", "--now", NOW])
        .exits(2)
        .says("har: warn")
        .says("as you keep a password");
    let old = bench.run(&["inspect", "old.har", "--now", NOW, "--json"]).exits(0).json();
    assert_eq!(
        (&old["kind"], &old["requests"], &old["distinct_tokens"]),
        (&json!("har"), &json!(1), &json!(1))
    );
    bench.run(&["inspect", "no.har"]).exits(4).says("no HAR");
    bench.run(&["inspect", "cut.har"]).exits(4).says("not JSON");
}
