//! oidc-provider, certified for OpenID Connect, judges how footbridge signs in: assertions and device codes.

#![allow(clippy::unwrap_used, reason = "what helps a test fails as the test does")]

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contracts::Clock;
use graph::{Credential, DevicePrompt, GraphModule, GraphSettings, Identity};
use model::{Code, Failure, Timestamp, Value};
use runtime::SystemClock;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::caller::{Caller, call};
use crate::install;
use crate::peer_process::{PeerProcess, script};

const TENANT: &str = "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17";
const APPLICATION: &str = "5e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10";
const PUBLIC_CLIENT: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";
const HOUR: Duration = Duration::from_hours(1);

/// The provider, and the pair of certificate and key that it knows the application by.
struct Provider {
    process: PeerProcess,
    own: KeyPair,
}

/// PEM.
struct KeyPair {
    certificate: String,
    key: String,
}

impl Provider {
    fn start(more: &Json) -> Provider {
        let modules = install::npm("oidc", &["oidc-provider@9.13.3"]);
        let own = KeyPair::new("application");
        let mut settings = json!({
            "tenant": TENANT,
            "client_id": APPLICATION,
            "device_client_id": PUBLIC_CLIENT,
            "certificate": own.certificate,
            "roles": ["Application.Read.All"],
            "interval_s": 1,
        });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut command = Command::new("node");
        command.arg("--no-warnings").arg(script("node/sign_in.mjs")).arg(modules);
        Provider { process: PeerProcess::start(&mut command, Some(&settings)), own }
    }

    /// What the provider accepted and refused, and how it was polled.
    async fn journal(&self) -> Json {
        self.control("journal", "").await
    }

    async fn control(&self, verb: &str, user_code: &str) -> Json {
        let http = http::client(&http::ClientOptions::default()).unwrap();
        let body = json!({ "user_code": user_code }).to_string();
        let url = format!("{}/control/{verb}", self.process.url());
        let answer = http.post(url).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{verb}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    fn application(&self, pair: &KeyPair) -> (GraphSettings, Arc<Caller>) {
        let certificate = pair.certificate.clone().into_bytes();
        let credential = Credential::Certificate { certificate, key: "graph.key".into() };
        let caller = Caller::default().secret("graph.key", &pair.key);
        (self.settings(APPLICATION, credential), Arc::new(caller))
    }

    fn settings(&self, client_id: &str, credential: Credential) -> GraphSettings {
        let identity = Identity { client_id: client_id.into(), credential };
        GraphSettings::new(self.process.url(), self.process.url(), TENANT, identity)
    }
}

impl KeyPair {
    fn new(name: &str) -> KeyPair {
        install::debian("openssl", &["openssl"]);
        let folder = TempDir::new().unwrap();
        let subject = format!("/CN={name}");
        let made = Command::new("openssl")
            .current_dir(folder.path())
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", &subject])
            .args(["-keyout", "key.pem", "-out", "certificate.pem"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let read = |file: &str| fs::read_to_string(folder.path().join(file)).unwrap();
        KeyPair { certificate: read("certificate.pem"), key: read("key.pem") }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn assertions_are_accepted() {
    let provider = Provider::start(&json!({}));
    for _ in 0..2 {
        let (settings, caller) = provider.application(&provider.own);
        let found = organization(GraphModule::new(settings), &caller).await.unwrap();
        assert_eq!(found.get("tenant_id"), Some(&Value::from(TENANT)));
    }
    let journal = provider.journal().await;
    assert_eq!(journal["accepted"], json!(["client_credentials", "client_credentials"]));
    // An assertion that is used twice would be among them.
    assert_eq!(journal["refused"], json!([]));
    assert_eq!(journal["graph"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn assertions_that_are_wrong_are_refused() {
    let provider = Provider::start(&json!({}));
    let now = SystemClock.now();
    let stranger = KeyPair::new("stranger");
    let mixed = KeyPair { certificate: stranger.certificate.clone(), key: provider.own.key.clone() };
    let gateway = format!("{}/gateway", provider.process.url());
    let other = "99999999-7c52-4a3e-9b61-5a0c2f4e8d17";
    let unchanged = || -> Change { Box::new(|_, _| {}) };
    let at = |moment: Timestamp| -> Change { Box::new(move |_, caller| caller.now = Some(moment)) };
    let before = Timestamp(now.0 - u64::try_from(HOUR.as_millis()).unwrap());
    let cases: Vec<(&KeyPair, Change, &str)> = vec![
        (&stranger, unchanged(), "signature verification failed"),
        (&provider.own, at(before), "jwt expired"),
        (&provider.own, at(now.after(HOUR)), "jwt not active yet"),
        (&provider.own, Box::new(move |settings, _| settings.login_url.clone_from(&gateway)), "audience"),
        (&provider.own, Box::new(|settings, _| settings.read.client_id = other.into()), "client not found"),
    ];
    for (pair, change, expected) in cases {
        let (mut settings, caller) = provider.application(pair);
        let mut caller = Arc::into_inner(caller).unwrap();
        change(&mut settings, &mut caller);
        let failure = organization(GraphModule::new(settings), &Arc::new(caller)).await.unwrap_err();
        assert_eq!(failure.code, Code::SignIn, "{expected}: {failure:?}");
        let journal = provider.journal().await;
        let last = journal["refused"].as_array().unwrap().last().unwrap().to_string();
        assert!(last.contains(expected), "{expected:?} is not why: {last}");
    }
    assert_eq!(provider.journal().await["accepted"], json!([]));

    // A key of another certificate is noticed before anything is sent.
    let asked = provider.journal().await["refused"].as_array().unwrap().len();
    let (settings, caller) = provider.application(&mixed);
    let failure = organization(GraphModule::new(settings), &caller).await.unwrap_err();
    assert_eq!(failure.code, Code::SignIn, "{failure:?}");
    assert_eq!(provider.journal().await["refused"].as_array().unwrap().len(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_another_tenant_are_refused() {
    let provider = Provider::start(&json!({ "token_tenant": "99999999-7c52-4a3e-9b61-5a0c2f4e8d17" }));
    let (settings, caller) = provider.application(&provider.own);
    let failure = organization(GraphModule::new(settings), &caller).await.unwrap_err();
    assert_eq!(failure.code, Code::TenantMismatch, "{failure:?}");
    let journal = provider.journal().await;
    assert_eq!((&journal["accepted"], &journal["graph"]), (&json!(["client_credentials"]), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_with_a_device_code_once() {
    let provider = Arc::new(Provider::start(&json!({})));
    let (module, shown) = asking(&provider);
    let answering = tokio::spawn({
        let (provider, shown) = (Arc::clone(&provider), Arc::clone(&shown));
        async move {
            let prompt = next_prompt(&shown).await;
            // So that the client meets "still pending" at least once.
            while provider.journal().await["polls"] == 0 {
                tokio::task::yield_now().await;
            }
            provider.control("approve", &prompt.user_code).await;
            prompt
        }
    });
    let caller = Arc::new(Caller::default());
    let found = call(&module, &caller, "organization", []).await.unwrap().value;
    assert_eq!(found.get("tenant_id"), Some(&Value::from(TENANT)));
    let prompt = answering.await.unwrap();
    assert!(prompt.message.contains(&prompt.user_code) && prompt.verification_uri.starts_with("http"));

    // Hours later the refresh token serves, and nobody is asked again.
    let later = Arc::new(Caller { now: Some(SystemClock.now().after(2 * HOUR)), ..Caller::default() });
    call(&module, &later, "organization", []).await.unwrap();
    assert_eq!(shown.lock().unwrap().len(), 1);
    let journal = provider.journal().await;
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    assert_eq!(journal["accepted"], json!([device, "refresh_token"]));
    assert_eq!(journal["polls_too_early"], 0, "{journal}");
    assert!(journal["polls"].as_u64().unwrap() >= 2, "{journal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_code_that_is_declined_or_expires_ends_the_sign_in() {
    let provider = Arc::new(Provider::start(&json!({})));
    let (module, shown) = asking(&provider);
    let declining = tokio::spawn({
        let provider = Arc::clone(&provider);
        async move { provider.control("deny", &next_prompt(&shown).await.user_code).await }
    });
    let failure = call(&module, &Arc::new(Caller::default()), "organization", []).await.unwrap_err();
    assert_eq!((failure.code, failure.message.contains("declined")), (Code::SignIn, true), "{failure:?}");
    declining.await.unwrap();

    let brief = Provider::start(&json!({ "device_code_s": 2 }));
    let (module, _) = asking(&brief);
    let failure = call(&module, &Arc::new(Caller::default()), "organization", []).await.unwrap_err();
    assert_eq!((failure.code, failure.message.contains("expired")), (Code::SignIn, true), "{failure:?}");
    assert_eq!(brief.journal().await["polls_too_early"], 0);
}

/// What is wrong with an otherwise good sign-in.
type Change = Box<dyn Fn(&mut GraphSettings, &mut Caller)>;

type Shown = Arc<Mutex<Vec<DevicePrompt>>>;

/// A module that asks a person, and what it showed.
fn asking(provider: &Provider) -> (GraphModule, Shown) {
    let shown = Shown::default();
    let mut settings = provider.settings(PUBLIC_CLIENT, Credential::DeviceCode);
    let kept = Arc::clone(&shown);
    settings.prompt = Some(Arc::new(move |prompt: &DevicePrompt| {
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(prompt.clone());
    }));
    (GraphModule::new(settings), shown)
}

async fn next_prompt(shown: &Shown) -> DevicePrompt {
    loop {
        let first = shown.lock().unwrap().first().cloned();
        match first {
            Some(prompt) => return prompt,
            None => tokio::task::yield_now().await,
        }
    }
}

async fn organization(module: GraphModule, caller: &Arc<Caller>) -> Result<Value, Failure> {
    call(&module, caller, "organization", []).await.map(|reply| reply.value)
}
