//! `trace`: recorded traffic compared with what a target's should look like.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::Bench;

const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
const LYNC: &str = "00000004-0000-0ff1-ce00-000000000000";
const ACS: &str = "00000001-0000-0000-c000-000000000000";
/// Of the simulated organisation.
const TENANT: &str = "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17";

fn encoded(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

/// What Skype for Business Online sends: a user asserted by the application, whose own token is inside.
fn token(realm: &str) -> String {
    let audience = format!("{EXCHANGE}/mail.contoso.com@{realm}");
    let actor = encoded(
        &json!({ "typ": "JWT", "alg": "RS256" }),
        &json!({ "aud": audience, "iss": format!("{ACS}@{realm}"), "nameid": format!("{LYNC}@{realm}"),
                 "nbf": "1780000000", "exp": "1780028800" }),
        "c2lnbmF0dXJl",
    );
    let claims = json!({
        "aud": audience, "iss": format!("/{LYNC}@{realm}"), "nbf": 1_780_000_000, "exp": 1_780_028_800,
        "nameid": "S-1-5-21-1-2-3-1104", "smtp": "anna.b@contoso.com", "nii": "urn:office:idp:activedirectory",
        "actortoken": actor,
    });
    encoded(&json!({ "typ": "JWT", "alg": "none" }), &claims, "")
}

fn entry(authorization: &str, status: u16, headers: Value) -> Value {
    json!({
        "startedDateTime": "2026-05-28T21:00:00.000Z",
        "request": { "method": "POST", "url": "https://mail.contoso.com/ews/exchange.asmx?anna.b",
                     "headers": [{ "name": "Authorization", "value": authorization }] },
        "response": { "status": status, "headers": headers, "content": {} },
    })
}

fn har(entries: &[Value]) -> String {
    json!({ "log": { "version": "1.2", "creator": { "name": "Fiddler" }, "entries": entries } }).to_string()
}

fn challenge() -> Value {
    json!([{ "name": "WWW-Authenticate",
             "value": format!("Bearer client_id=\"{EXCHANGE}\", trusted_issuers=\"{ACS}@*\", error=\"invalid_token\"") }])
}

#[test]
fn good_traffic_passes_and_says_what_nobody_could_check() {
    let bench = Bench::new();
    let picture = json!({ "request": { "method": "GET", "url": "https://cdn.example/logo.png", "headers": [] },
                          "response": { "status": 200, "headers": [], "content": {} } });
    let good = entry(&format!("Bearer {}", token(TENANT)), 200, json!([]));
    let asked = entry("Bearer", 401, challenge());
    bench.write("mail.har", &format!("\u{feff}{}", har(&[asked, good, picture])));
    let text =
        bench.run(&["trace", "mail.har", "--target", "sim"]).exits(0).says("trace: pass").says("unchecked");
    let json = bench.run(&["trace", "mail.har", "--target", "sim:lab", "--json"]).exits(0);
    for outcome in [&text, &json] {
        for secret in ["anna", "S-1-5", "c2lnbmF0dXJl", "eyJ"] {
            assert!(!outcome.whole().contains(secret), "{secret} in {}", outcome.whole());
        }
    }
    let found = json.json();
    assert_eq!(
        (&found["kind"], &found["verdict"], &found["format"]),
        (&json!("trace"), &json!("pass"), &json!("har"))
    );
    assert_eq!(
        (&found["tenant"], &found["judged"], &found["ignored"]),
        (&json!(TENANT), &json!(2), &json!(1))
    );
    let request = &found["requests"][1];
    assert_eq!(request["url"], "https://mail.contoso.com/ews/exchange.asmx");
    assert_eq!(request["token"]["actor_token"]["issuer"], format!("{ACS}@{TENANT}"));
    assert_eq!(request["token"]["app_id"], LYNC);
    assert!(!found["unchecked"].as_array().expect("a list").is_empty());
    assert!(!bench.state().join("sim").join("lab.json").exists(), "asking about a world must not begin it");
}

#[test]
fn bad_traffic_fails_with_its_reasons() {
    let bench = Bench::new();
    let fabrikam = "9f1c2d3e-0000-4a3e-9b61-5a0c2f4e8d17";
    for (name, entry, reason) in [
        ("tenant.har", entry(&format!("Bearer {}", token(fabrikam)), 200, json!([])), "not to the tenant"),
        ("refused.har", entry(&format!("Bearer {}", token(TENANT)), 401, challenge()), "invalid_token"),
        ("off.har", entry(&format!("Bearer {}", token(TENANT)), 401, json!([])), "OAuth is off"),
    ] {
        bench.write(name, &har(&[entry]));
        bench.run(&["trace", name, "--target", "sim"]).exits(4).says("trace: fail").says(reason);
    }
    bench.write("basic.har", &har(&[entry("Basic YW5uYTpzZWNyZXQ=", 200, json!([]))]));
    let basic = bench.run(&["trace", "basic.har", "--target", "sim"]).exits(1);
    let basic = basic.says("cannot tell").says("signs in with Basic");
    assert!(!basic.stdout.contains("YW5u"), "{}", basic.whole());
}

/// SHA-1 of the certificate that the sign-in does not know.
const HASH: &str = "C3EDCF181EF4F9B53D01768ECA99564014BCA6E7";

/// As `Test-OAuthConnectivity | Format-List` prints it, broken over lines.
fn test_result() -> String {
    format!(
        "Task        : Checking EWS API Call Under Oauth\n\
         Detail      : Exchange Outbound Oauth Log:\n\
         \x20             Information:[OAuthCredentials:Authenticate] challenge from\n\
         \x20             'https://outlook.office365.com/ews/exchange.asmx' received: Bearer\n\
         \x20             client_id=\"{EXCHANGE}\", trusted_issuers=\"{ACS}@*\"\n\
         \x20             Error:Unable to get the token from auth server 'ACS'. AADSTS70002: Error validating credentials.\n\
         \x20             AADSTS50012: Client assertion contains an invalid signature. [Reason - The key was not found.,\n\
         \x20             Thumbprint of key used by client: '{HASH}']\n\
         ResultType  : Error\n"
    )
}

#[test]
fn what_test_oauth_connectivity_told_is_explained() {
    let bench = Bench::new();
    bench.write("test.txt", &test_result());
    let asked = ["trace", "test.txt", "--target", "sim", "--thumbprint", HASH];
    bench.run(&asked).exits(4).says("key-not-found").says("upload the current auth certificate");
    let found = bench.run(&[&asked[..], &["--json"]].concat()).exits(4).json();
    let ids: Vec<&str> =
        found["messages"].as_array().expect("messages").iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(ids, ["key-not-found", "no-token"]);
    assert!(found["reasons"].to_string().contains(&format!("{HASH}, one of those given")), "{found}");
}

#[test]
fn without_a_target_flags_say_what_to_expect() {
    let bench = Bench::new();
    bench.write("mail.har", &har(&[entry(&format!("Bearer {}", token(TENANT)), 200, json!([]))]));
    let told = ["trace", "mail.har", "--tenant", TENANT, "--host", "mail.contoso.com"];
    bench.run(&told).exits(0).says("trace: pass");
    bench.run(&["trace", "mail.har", "--host", "other.contoso.com"]).exits(4).says("is not published here");
    let other = ["--app-id", "db7de2b5-2149-435e-8043-e080dd50afae"];
    bench.run(&[&told[..], &other[..]].concat()).exits(2).says("is none of those looked for");
}

/// Each `console` block of the guide is a command and all that it prints.
#[test]
fn the_guide_shows_what_is_printed() {
    let bench = Bench::new();
    let asked = entry("Bearer", 401, challenge());
    let good = entry(&format!("Bearer {}", token(TENANT)), 200, json!([]));
    let current = sim::fixture_der("current").expect("a fixture");
    std::fs::write(bench.files().join("auth.cer"), current).expect("a file of the bench");
    bench.write("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    bench.write("token.txt", &format!("Bearer {}", token(TENANT)));
    bench.write("mail.har", &har(&[asked, good]));
    bench.write("test.txt", &test_result());
    let guide = include_str!("../../docs/guides/inspect.md");
    let mut shown = 0;
    for block in guide.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").expect("a block ends");
        let (command, expected) = block.split_once('\n').expect("a command's line ends");
        let words: Vec<&str> = command.strip_prefix("$ footbridge ").expect("a command").split(' ').collect();
        assert_eq!(bench.run(&words).stdout, expected, "{command}");
        shown += 1;
    }
    assert_eq!(shown, 5);
}

#[test]
fn what_is_no_recording_is_refused() {
    let bench = Bench::new();
    bench.write("no.har", "{\"log\": {}}");
    bench.write("cut.har", "{\"log\": {\"entries\": [");
    bench.write("notes.txt", "nothing happened");
    bench.write("empty.txt", "");
    for name in ["no.har", "cut.har", "notes.txt", "empty.txt"] {
        let refused = bench.run(&["trace", name, "--target", "sim", "--json"]).exits(1).json();
        assert_eq!(refused["error"]["code"], "FB0804", "{name}");
    }
    bench.run(&["trace", "absent.har", "--target", "sim"]).exits(3).warns("absent.har");
    bench.run(&["trace", "notes.txt", "--target", "absent"]).exits(3).warns("absent");
    bench.run(&["trace", "notes.txt", "--thumbprint", "C3"]).exits(3).warns("40 hex digits");
}
