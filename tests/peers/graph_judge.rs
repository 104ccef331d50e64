//! Microsoft's own description of Graph judges every request that footbridge sends to a tenant.

#![allow(clippy::unwrap_used, reason = "what helps a test fails as the test does")]

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contracts::SecretText;
use graph::{Credential, GraphModule, GraphSettings, Identity};
use model::{Timestamp, Value};
use serde_json::Value as Json;
use sim::{ApplicationSpec, KeepStyle, KeyForm, KeySpec, Tenant, World, WorldSpec};

use crate::caller::{Caller, call};
use crate::install;
use crate::peer_process::{PeerProcess, script};

/// Microsoft's own service principal, whose keys are kept by their value.
const SKYPE: &str = "00000004-0000-0ff1-ce00-000000000000";
/// A customer's application, whose keys are kept by their id.
const OWN: &str = "0d0a4a1c-91a4-4c5e-8c0f-3f9f0f4cbb01";
/// An application that is known and has no service principal yet.
const NEW: &str = "33333333-91a4-4c5e-8c0f-3f9f0f4cbb01";

/// The judge between a client and a tenant.
pub(crate) struct GraphJudge {
    process: PeerProcess,
}

/// What the judge has seen.
#[derive(Debug)]
pub(crate) struct Report(pub(crate) Json);

impl GraphJudge {
    /// Sends everything on to `upstream`, which gives sign-in and Graph on one address.
    #[track_caller]
    pub(crate) fn before(upstream: &str) -> GraphJudge {
        let python = install::python(
            "judge",
            &[
                "openapi-core==0.23.1",
                "jsonschema-path==0.4.6",
                "openapi-schema-validator==0.8.1",
                "Werkzeug==3.1.9",
            ],
        );
        let mut command = Command::new(python);
        command.arg("-B").arg(script("python/graph_judge.py"));
        command.arg("--description").arg(script("graph-description")).args(["--upstream", upstream]);
        GraphJudge { process: PeerProcess::start(&mut command, None) }
    }

    /// The address to use as the tenant's login and Graph host.
    pub(crate) fn url(&self) -> String {
        self.process.url()
    }

    pub(crate) async fn report(&self) -> Report {
        let http = http::client(&http::ClientOptions::default()).expect("an HTTP client");
        let answer = http.get(format!("{}/judge/report", self.url())).send().await;
        let text = answer.expect("the judge answers").text().await.expect("the judge's report");
        Report(serde_json::from_str(&text).expect("the report is JSON"))
    }
}

impl Report {
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_default()
    }

    /// The methods that requests to Graph had, by the application whose token they carried.
    pub(crate) fn methods_of(&self, client_id: &str) -> BTreeSet<String> {
        let clients = self.0["clients"].as_object().into_iter().flat_map(|clients| clients.keys());
        let own =
            clients.filter_map(|one| one.strip_prefix(client_id)).map(|method| method.trim().to_owned());
        own.collect()
    }

    /// What was wrong with requests, each with its request.
    pub(crate) fn violations(&self) -> Vec<String> {
        texts(&self.0["request_violations"])
    }

    /// What was wrong with the tenant's answers: a mistake of the simulator, or a fault that it was told to have.
    pub(crate) fn answer_violations(&self) -> Vec<String> {
        texts(&self.0["answer_violations"])
    }
}

struct Bench {
    world: World,
    _tenant: Tenant,
    judge: GraphJudge,
    module: GraphModule,
    caller: Arc<Caller>,
}

impl Bench {
    async fn new(change: impl FnOnce(&mut WorldSpec)) -> Bench {
        let mut spec = WorldSpec::default();
        change(&mut spec);
        let world = World::new(&spec).unwrap();
        let tenant = sim::serve(world.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let judge = tokio::task::block_in_place(|| GraphJudge::before(&tenant.graph_url()));
        let identity = Identity {
            client_id: "5e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10".into(),
            credential: Credential::SecretText(SecretText::new("hunter2".into())),
        };
        let module =
            GraphModule::new(GraphSettings::new(judge.url(), judge.url(), spec.tenant.clone(), identity));
        let now = Timestamp::parse_rfc3339(&spec.now).unwrap();
        let caller = Arc::new(Caller { now: Some(now), ..Caller::default() });
        Bench { world, _tenant: tenant, judge, module, caller }
    }

    async fn call<const N: usize>(&self, function: &str, arguments: [(&str, Value); N]) -> Value {
        let reply = call(&self.module, &self.caller, function, arguments).await;
        reply.unwrap_or_else(|failure| panic!("{function}: {failure:?}")).value
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_fits_microsofts_description() {
    let mut driven = BTreeSet::new();
    let (mut requests, mut answers) = (0, 0);
    for style in [None, Some(KeepStyle::KeyOnly), Some(KeepStyle::ByKeyId)] {
        let bench = Bench::new(|spec| {
            spec.keep_style = style;
            spec.applications = vec![application(OWN, false), application(NEW, true)];
            spec.keys =
                vec![key(SKYPE, "someone-else", KeyForm::Hex), key(OWN, "someone-else", KeyForm::Base64)];
        })
        .await;
        drive(&bench, &mut driven).await;
        assert!(!bench.world.ledger().is_empty(), "nothing was written: what was judged?");
        let report = bench.judge.report().await;
        assert_eq!(report.violations(), Vec::<String>::new());
        assert_eq!(report.answer_violations(), Vec::<String>::new());
        requests += report.count("graph") + report.count("batched") + report.count("sign_in");
        answers += report.count("answers");
    }
    let all: BTreeSet<String> = graph::functions().iter().map(|spec| spec.name.clone()).collect();
    assert_eq!(driven, all, "a function that no request was judged of");
    println!("requests judged: {requests}, answers judged: {answers}, violations: 0");
    assert!(requests > 30, "only {requests} requests judged");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_judge_catches_bad_requests() {
    const PRINCIPAL: &str = "/v1.0/servicePrincipals(appId='00000004-0000-0ff1-ce00-000000000000')";
    const KEYS: &str = "?$select=id,keyCredentials";
    let bench = Bench::new(|_| {}).await;
    let http = http::client(&http::ClientOptions::default()).unwrap();
    let der = STANDARD.encode(sim::fixture_der("next").unwrap());
    let url_der = der.replace('+', "-").replace('/', "_");
    assert_ne!(der, url_der, "the fixture tells the alphabets apart");
    let keys = |entry: &str| format!("{{\"keyCredentials\": [{entry}]}}");
    let whole =
        |key: &str| keys(&format!(r#"{{"key": "{key}", "type": "AsymmetricX509Cert", "usage": "Verify"}}"#));
    let kept = keys(r#"{"keyId": "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17", "key": null}"#);
    let batch = r#"{"requests": [{"id": "1", "method": "GET", "url": "/nothing"}]}"#.to_owned();
    let token = "/1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17/oauth2/v2.0/token";
    let form = "grant_type=client_credentials&client_id=me&client_secret=x".to_owned();
    for (method, path, body, expected) in [
        ("GET", "/v1.0/nothing".to_owned(), String::new(), "Path not found"),
        ("GET", "/beta/organization".into(), String::new(), "neither Graph"),
        ("GET", format!("{PRINCIPAL}?$select=id,keyCredential"), String::new(), "fails enum"),
        ("GET", format!("{PRINCIPAL}?$select=keyCredentials"), String::new(), "selected without id"),
        ("GET", format!("{PRINCIPAL}?select=id"), String::new(), "unknown query option select"),
        ("GET", "/v1.0/servicePrincipals?$count=true".into(), String::new(), "ConsistencyLevel"),
        ("GET", format!("{PRINCIPAL}{KEYS}"), "{}".into(), "a GET with a body"),
        ("PUT", PRINCIPAL.into(), "{}".into(), "Operation put not found"),
        ("PATCH", PRINCIPAL.into(), whole(&url_der), "fails format byte"),
        ("PATCH", PRINCIPAL.into(), whole(&der[..der.len() - 1]), "not standard base64"),
        ("PATCH", PRINCIPAL.into(), r#"{"keyCredential": []}"#.into(), "unknown property .keyCredential"),
        ("PATCH", PRINCIPAL.into(), r#"{"keyCredentials": {}}"#.into(), "fails type array"),
        ("PATCH", PRINCIPAL.into(), keys(r#"{"type": "AsymmetricX509Cert"}"#), "neither keyId nor key"),
        ("PATCH", PRINCIPAL.into(), keys(&format!(r#"{{"key": "{der}"}}"#)), "a key without usage"),
        ("PATCH", PRINCIPAL.into(), kept, "without its customKeyIdentifier"),
        ("PATCH", PRINCIPAL.into(), "{".into(), "JSON"),
        ("POST", "/v1.0/$batch".into(), batch, "in the batch, GET /nothing: Path not found"),
        ("POST", token.into(), form.clone(), "no scope"),
        ("POST", format!("{token}?client_secret=x"), form.clone(), "a query"),
        (
            "POST",
            token.replace("1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17", "common"),
            form,
            "the tenant is no id",
        ),
        ("POST", token.into(), "grant_type=password".into(), "unknown grant_type password"),
    ] {
        let url = format!("{}{path}", bench.judge.url());
        let request = match method {
            "GET" => http.get(&url),
            "PUT" => http.put(&url),
            "PATCH" => http.patch(&url),
            _ => http.post(&url),
        };
        let kind =
            if path.contains("/oauth2/") { "application/x-www-form-urlencoded" } else { "application/json" };
        let request = request.header("content-type", kind).body(body);
        let request = if path.contains("/oauth2/") { request } else { request.bearer_auth("a.b.c") };
        let before = bench.judge.report().await.violations().len();
        request.header("client-request-id", http::new_request_id()).send().await.unwrap();
        let found = bench.judge.report().await.violations().split_off(before);
        assert!(
            found.iter().any(|one| one.contains(expected)),
            "{method} {path}: {expected:?} not in {found:#?}"
        );
    }

    let before = bench.judge.report().await.violations().len();
    let url = format!("{}/v1.0/organization", bench.judge.url());
    http.get(&url).header("accept-encoding", "gzip").send().await.unwrap();
    let found = bench.judge.report().await.violations().split_off(before).join("\n");
    for expected in ["no bearer token", "client-request-id is no GUID", "asks for gzip"] {
        assert!(found.contains(expected), "{expected:?} not in {found}");
    }
}

/// Calls every function of the module, in the order of a change and its undo, and notes which.
async fn drive(bench: &Bench, driven: &mut BTreeSet<String>) {
    let mut done = |name: &str| driven.insert(name.to_owned());
    bench.call("organization", []).await;
    done("organization");
    let absent = "ffffffff-0000-4000-8000-ffffffffffff";
    assert_eq!(bench.call("service_principal", [("app_id", absent.into())]).await, Value::Null);
    for app_id in [SKYPE, OWN] {
        bench.call("service_principal", [("app_id", app_id.into())]).await;
        let der = STANDARD.encode(sim::fixture_der("current").unwrap());
        let added = [("app_id", app_id.into()), ("der", der.into())];
        let sha1 = bench.call("add_key_credential", added).await.get("sha1").cloned().unwrap();
        bench.call("remove_key_credential", [("app_id", app_id.into()), ("sha1", sha1)]).await;
    }
    done("service_principal");
    done("add_key_credential");
    done("remove_key_credential");
    drive_generic(bench, &mut done).await;
}

/// The functions that take any path.
async fn drive_generic(bench: &Bench, done: &mut impl FnMut(&str) -> bool) {
    let path = format!("/servicePrincipals(appId='{SKYPE}')");
    let select = || Value::List(["id", "appId", "displayName"].map(Value::from).into());
    bench.call("get", [("path", path.as_str().into()), ("select", select())]).await;
    bench.call("get", [("path", "/organization".into())]).await;
    done("get");

    let all = || ("path", "/servicePrincipals".into());
    bench.call("list", [all(), ("select", select())]).await;
    bench.call("list", [all(), ("filter", format!("appId eq '{OWN}'").into())]).await;
    let counted = [all(), ("filter", format!("appId eq '{OWN}'").into()), ("consistency", "eventual".into())];
    bench.call("list", counted).await;
    done("list");

    // More than fit into one request.
    let paths = std::iter::repeat_n(Value::from(format!("{path}?$select=id,appId")), 21);
    let paths = paths.chain([Value::from("/organization")]).collect();
    bench.call("batch", [("requests", Value::List(paths))]).await;
    done("batch");

    let body = |name: &str, value: &str| ("body", Value::from([(name, value.into())]));
    let made = [("path", "/servicePrincipals".into()), body("appId", NEW)];
    let id = bench.call("post", made).await.get("id").and_then(Value::as_text).unwrap().to_owned();
    done("post");
    let path = || ("path", Value::from(format!("/servicePrincipals/{id}")));
    bench.call("patch", [path(), body("notes", "made by a test")]).await;
    done("patch");
    bench.call("delete", [path()]).await;
    done("delete");
}

fn application(app_id: &str, registered_only: bool) -> ApplicationSpec {
    ApplicationSpec {
        app_id: app_id.into(),
        display_name: "Our own application".into(),
        first_party: false,
        registered_only,
    }
}

fn key(app_id: &str, certificate: &str, form: KeyForm) -> KeySpec {
    KeySpec {
        app_id: app_id.into(),
        certificate: certificate.into(),
        form,
        display_name: None,
        key_id: None,
        usage: None,
        kind: None,
    }
}

fn texts(list: &Json) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}
