//! Who signs in, with what, and who writes.

use std::time::Duration;

use contracts::SecretText;
use graph::{Credential, ManagedIdentity};
use model::{Class, Code, Value};
use serde_json::json;
use sim::WorldSpec;

use crate::odd_server::{Odd, Say, TENANT, token, token_until};
use crate::support::{Bench, SKYPE, der, identity, sent};

const CERTIFICATE: &[u8] = include_bytes!("fixtures/client.crt.pem");
const KEY: &str = include_str!("fixtures/client.key.pem");

fn certificate() -> Credential {
    Credential::Certificate { certificate: CERTIFICATE.to_vec(), key: "key".into() }
}

fn keep(bench: &Bench, name: &str, value: &str) {
    bench.context.secrets.lock().unwrap().insert(name.to_owned(), value.to_owned());
}

fn nothing(_: &mut WorldSpec) {}

#[tokio::test]
async fn a_certificate_signs_in_and_neither_key_nor_assertion_is_shown() {
    let bench = Bench::credential(nothing, certificate()).await;
    keep(&bench, "key", KEY);
    let reply = bench.reply("organization", []).await.unwrap();
    assert_eq!(sent(&reply.evidence, "POST"), 1);
    let shown = format!("{reply:?}");
    assert!(!shown.contains("PRIVATE") && !shown.contains("eyJ"), "{shown}");
    for (key, part) in
        [(include_str!("fixtures/other.key.pem"), "belong"), (include_str!("fixtures/ec.key.pem"), "RSA")]
    {
        let bench = Bench::credential(nothing, certificate()).await;
        keep(&bench, "key", key);
        let failed = bench.fail("organization", []).await;
        assert_eq!((failed.code, failed.class), (Code::SignIn, Class::Denied));
        assert!(failed.message.contains(part) && !format!("{failed:?}").contains("MII"), "{failed:?}");
        assert_eq!(sent(&failed.evidence, "POST"), 0);
    }
}

#[tokio::test]
async fn a_workload_signs_in_with_what_its_file_holds_now() {
    let part = |claims: serde_json::Value| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string())
    };
    let assertion = |audience: &str| {
        let claims = json!({ "aud": audience, "iss": "https://oidc.cluster", "sub": "system:serviceaccount:a:b", "exp": 1 });
        format!("{}.{}.sig\n", part(json!({ "alg": "RS256" })), part(claims))
    };
    let folder = std::env::temp_dir().join(format!("footbridge-graph-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("token");
    let credential = || Credential::WorkloadIdentity { token_file: file.clone() };
    for (text, expected) in [
        (Some(assertion("api://AzureADTokenExchange")), None),
        (Some(assertion("somebody else")), Some(Code::SignIn)),
        (Some("no token".to_owned()), Some(Code::Secret)),
        (Some(String::new()), Some(Code::Secret)),
        (None, Some(Code::Secret)),
    ] {
        match &text {
            Some(text) => std::fs::write(&file, text).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let bench = Bench::credential(nothing, credential()).await;
        let found = bench.reply("organization", []).await;
        assert_eq!(found.as_ref().err().map(|failed| failed.code), expected, "{text:?}");
        assert!(!format!("{found:?}").contains("eyJ"));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn managed_identities_of_machines_and_apps() {
    for (path, secret, header, expected) in [
        ("/metadata/identity/oauth2/token", None, "", None),
        ("/msi/token", Some("header"), "identity-header", None),
        ("/msi/token", Some("header"), "wrong", Some(Code::SignIn)),
    ] {
        let bench = Bench::settings(nothing, |settings, base| {
            let url = format!("{base}{path}");
            settings.read.client_id = String::new();
            settings.read.credential = Credential::ManagedIdentity(match secret {
                None => ManagedIdentity::Imds { url },
                Some(secret) => ManagedIdentity::AppService { endpoint: url, header_secret: secret.into() },
            });
        })
        .await;
        keep(&bench, "header", header);
        let found = bench.reply("organization", []).await;
        assert_eq!(found.as_ref().err().map(|failed| failed.code), expected, "{path} {header}");
        let shown = format!("{found:?}");
        assert!(!shown.contains("identity-header") && shown.contains("api-version"));
        if found.is_ok() {
            // The life of the token is a text there; it is kept all the same.
            assert_eq!(sent(&bench.reply("organization", []).await.unwrap().evidence, "GET"), 1);
        }
    }
}

#[tokio::test]
async fn a_machine_without_an_identity_says_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/metadata/identity/oauth2/token", listener.local_addr().unwrap());
    drop(listener);
    let bench =
        Bench::credential(nothing, Credential::ManagedIdentity(ManagedIdentity::Imds { url: nobody })).await;
    let failed = bench.fail("organization", []).await;
    assert_eq!((failed.code, failed.class), (Code::SignIn, Class::Denied));
    assert!(failed.hint.unwrap().contains("Azure"));
    let far = ManagedIdentity::Imds { url: "http://identity.contoso.com/token".into() };
    let bench = Bench::credential(nothing, Credential::ManagedIdentity(far)).await;
    assert_eq!(bench.fail("organization", []).await.code, Code::Settings);
}

#[tokio::test]
async fn a_token_from_outside_is_looked_at_before_it_is_used() {
    let now = 1_780_300_800;
    for (text, expected) in [
        (token(TENANT, &["Application.Read.All"]), None),
        (format!("Bearer {}\n", token(TENANT, &[])), None),
        (token("99999999-0000-0000-0000-000000000000", &[]), Some((Code::TenantMismatch, Class::Denied))),
        (token_until(TENANT, &[], now - 1), Some((Code::SignIn, Class::Denied))),
        ("opaque".to_owned(), Some((Code::SignIn, Class::Denied))),
        (String::new(), Some((Code::SignIn, Class::Denied))),
    ] {
        let odd =
            Odd::new(|_, _| Say::Json(200, json!({ "value": [{ "id": TENANT, "displayName": "x" }] }))).await;
        let bench = odd.bench_with(|settings| {
            settings.read.credential = Credential::Token { name: "outside".into() };
        });
        bench.context.secrets.lock().unwrap().insert("outside".into(), text.clone());
        let call = contracts::HostCall {
            function: "organization".into(),
            arguments: model::value::Map::new(),
            context: std::sync::Arc::clone(&bench.context) as _,
        };
        let found = contracts::HostModule::call(&bench.module, call).await;
        assert_eq!(found.as_ref().err().map(|failed| (failed.code, failed.class)), expected, "{text}");
        assert_eq!(odd.asked().len(), usize::from(expected.is_none()), "{text}");
        assert!(!format!("{found:?}").contains("e30."));
    }
}

#[tokio::test]
async fn a_token_that_is_about_to_expire_is_asked_for_anew_and_used_to_its_end() {
    let now = 1_780_300_800;
    let odd = Odd::new(|_, _| Say::Json(200, json!({ "value": [{ "id": TENANT }] }))).await;
    let bench =
        odd.bench_with(|settings| settings.read.credential = Credential::Token { name: "outside".into() });
    let asked = || bench.context.asked_for.lock().unwrap().len();
    bench.context.secrets.lock().unwrap().insert("outside".into(), token_until(TENANT, &[], now + 3600));
    for (pass, times, good) in [(0, 1, true), (0, 1, true), (3400, 2, true), (150, 3, true), (100, 4, false)]
    {
        bench.context.pass(Duration::from_secs(pass));
        bench.context.begin_phase();
        let call = contracts::HostCall {
            function: "organization".into(),
            arguments: model::value::Map::new(),
            context: std::sync::Arc::clone(&bench.context) as _,
        };
        assert_eq!(contracts::HostModule::call(&bench.module, call).await.is_ok(), good);
        assert_eq!(asked(), times);
    }
}

#[tokio::test]
async fn one_identity_reads_and_another_writes_and_nothing_else() {
    let bench = Bench::settings(
        |spec| spec.client_secret = Some("hunter2".into()),
        |settings, _| {
            settings.read = identity(Credential::Secret { name: "reader".into() });
            settings.write = Some(identity(Credential::Secret { name: "graph".into() }));
        },
    )
    .await;
    keep(&bench, "reader", "hunter2");
    let asked = || std::mem::take(&mut *bench.context.asked_for.lock().unwrap());
    bench.get("organization", []).await;
    bench.get("batch", [("requests", Value::List(vec!["/organization".into()]))]).await;
    assert_eq!(asked(), ["reader"], "a batch of reads is a read, whatever its method");
    bench.get("add_key_credential", [("app_id", SKYPE.into()), ("der", der("current"))]).await;
    assert_eq!(asked(), ["graph"]);
    // A wrong writer leaves the reader its token, and nothing is written.
    let bench = Bench::settings(
        |spec| spec.client_secret = Some("hunter2".into()),
        |settings, _| {
            settings.write = Some(identity(Credential::SecretText(SecretText::new("wrong".into()))));
        },
    )
    .await;
    let failed = bench.fail("add_key_credential", [("app_id", SKYPE.into()), ("der", der("current"))]).await;
    assert_eq!((failed.code, failed.class), (Code::SignIn, Class::Denied));
    assert!(failed.hint.unwrap().contains("value"));
    assert!(bench.world.ledger().is_empty());
}
