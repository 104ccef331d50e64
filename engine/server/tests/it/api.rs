//! The API over TCP: who is let in where, and what nobody may bring along.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use contracts::{Clock, Service};
use footbridge_server::{Api, Exposure, Role, Serving, Tokens, description};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use model::{Digest, FunctionSpec, OwnModule, Timestamp};
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;

use crate::remembering::{Remembering, run, workflow};

struct Fixed;

#[async_trait::async_trait]
impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000)
    }

    fn random(&self) -> u128 {
        7
    }

    fn steady(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep_until(&self, _: Timestamp) {}
}

/// Every token that asks, by its name, and its roles.
const TOKENS: [(&str, &[Role]); 7] = [
    ("read", &[Role::Read]),
    ("operate", &[Role::Operate]),
    ("approve", &[Role::Approve]),
    ("start", &[Role::Start]),
    ("operate+approve", &[Role::Operate, Role::Approve]),
    ("operate+start", &[Role::Operate, Role::Start]),
    ("all", &Role::ALL),
];

const EVERYBODY: &[&str] =
    &["read", "operate", "approve", "start", "operate+approve", "operate+start", "all"];
const OPERATES: &[&str] = &["operate", "operate+approve", "operate+start", "all"];
const APPROVES: &[&str] = &["approve", "operate+approve", "all"];
const STARTS: &[&str] = &["start", "operate+start", "all"];
const NOBODY: &[&str] = &[];

/// One operation: method, path as the description has it, a body that it takes, and the tokens that it lets in.
fn operations() -> Vec<(&'static str, &'static str, Json, &'static [&'static str])> {
    let run = run();
    let of_run = json!({ "run": run });
    let by = json!({ "run": run, "by": "the boss" });
    let plan = json!({ "workflow": workflow(), "target": "sim", "params": {}, "commands": false });
    let start =
        json!({ "workflow": workflow(), "target": "sim", "params": {}, "by": "the boss", "approve": "wait" });
    let repin = json!({ "run": run, "request": { "workflow": workflow(), "params": {}, "by": "the boss", "note": null,
        "approve": "wait" } });
    let approve = json!({ "run": run, "request": { "by": "the boss", "answers": [] } });
    let step_in = json!({ "run": run, "request": { "step": "a", "intervention": "skip", "asker": { "by": "the boss" } } });
    let undo = json!({ "run": run, "request": { "by": "the boss", "wanted": {} } });
    let import = json!({ "whole": { "run": run, "payloads": [], "records": [] }, "by": "the boss", "take_over": "no" });
    vec![
        ("GET", "/v1/openapi.json", json!(null), EVERYBODY),
        ("GET", "/v1/runs", json!(null), EVERYBODY),
        ("GET", "/v1/runs/{run}", json!(null), EVERYBODY),
        ("GET", "/v1/runs/{run}/explain", json!(null), EVERYBODY),
        ("GET", "/v1/runs/{run}/events", json!(null), EVERYBODY),
        ("POST", "/v1/runs", json!(null), EVERYBODY),
        ("POST", "/v1/history", json!({ "run": run, "from": 0, "wait_ms": 0 }), EVERYBODY),
        ("POST", "/v1/pinned", of_run.clone(), EVERYBODY),
        ("POST", "/v1/kept", json!({ "digest": Digest::of_bytes(b"x") }), EVERYBODY),
        ("POST", "/v1/resume", by.clone(), OPERATES),
        ("POST", "/v1/pause", by.clone(), OPERATES),
        ("POST", "/v1/cancel", by, OPERATES),
        ("POST", "/v1/verify", of_run, OPERATES),
        ("POST", "/v1/undo_plan", json!({ "run": run, "wanted": {} }), OPERATES),
        ("POST", "/v1/approve", approve, APPROVES),
        ("POST", "/v1/keep", json!({ "base64": "eA==" }), APPROVES),
        ("POST", "/v1/plan", plan, STARTS),
        ("POST", "/v1/start", start, STARTS),
        ("POST", "/v1/repin_plan", repin.clone(), STARTS),
        ("POST", "/v1/repin", repin, &["operate+start", "all"]),
        ("POST", "/v1/intervene", step_in, &["operate+approve", "all"]),
        ("POST", "/v1/undo", undo, &["operate+approve", "all"]),
        ("POST", "/v1/import", import, NOBODY),
    ]
}

struct Bench {
    service: Arc<Remembering>,
    serving: Serving,
    address: std::net::SocketAddr,
    /// By the name of the token.
    secrets: BTreeMap<&'static str, String>,
    tokens: Tokens,
    _scratch: tempfile::TempDir,
}

async fn bench() -> Bench {
    let scratch = tempfile::tempdir().unwrap();
    let tokens = Tokens::at(scratch.path().join("tokens.json"));
    let add = |(name, roles): (&'static str, &[Role])| {
        let plain = name.replace('+', "-");
        (name, tokens.add(&plain, roles.iter().copied().collect(), Timestamp(1), None).unwrap())
    };
    let secrets = TOKENS.into_iter().map(add).collect();
    let service = Arc::new(Remembering::default());
    let exposure =
        Exposure { address: ([127, 0, 0, 1], 0).into(), proxies: Vec::new(), tokens: tokens.clone() };
    let shared = Arc::clone(&service) as Arc<dyn Service>;
    let (serving, address) = Api::serve(shared, Arc::new(Fixed), exposure).await.unwrap();
    Bench { service, serving, address, secrets, tokens, _scratch: scratch }
}

struct Answer {
    status: StatusCode,
    body: Json,
    closes: bool,
}

impl Bench {
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            sender.send_request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
        let (status, closes) = (response.status(), response.headers().get("connection").is_some());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        connection.abort();
        Answer { status, closes, body: serde_json::from_slice(&bytes).unwrap() }
    }

    /// As a client of the API asks: JSON for localhost.
    async fn ask_as(&self, token: Option<&str>, method: &str, path: &str, body: &Json) -> Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("host", "localhost"), ("content-type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        self.ask(method, path, &headers, body.to_string().into_bytes()).await
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.service.asked.lock().unwrap())
    }
}

#[tokio::test]
async fn every_operation_lets_in_who_may_and_nobody_else() {
    let described: BTreeSet<(String, String)> = description()["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone()))
        })
        .filter(|(_, path)| path != "/healthz")
        .collect();
    let told =
        operations().iter().map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(described, told, "on the left what there is, on the right what this test says who may do");

    let bench = bench().await;
    for (method, path, body, lets_in) in operations() {
        let path = path.replace("{run}", &run().to_string());
        for token in [None, Some(""), Some("fbt_guessed")] {
            let answer = bench.ask_as(token, method, &path, &body).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} with {token:?}");
            assert_eq!((answer.body["failure"]["code"].as_str(), answer.closes), (Some("FB0954"), true));
        }
        assert_eq!(bench.asked(), Vec::<String>::new(), "{method} {path} asked something for nobody");
        for (name, secret) in &bench.secrets {
            let answer = bench.ask_as(Some(secret), method, &path, &body).await;
            let expected = if lets_in.contains(name) { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, expected, "{method} {path} with the roles {name}: {}", answer.body);
            let asked = bench.asked();
            assert!(expected == StatusCode::OK || asked.is_empty(), "{method} {path} as {name}: {asked:?}");
            assert!(
                !asked.iter().any(|one| one.contains("the boss")),
                "a token acts in its own name: {asked:?}"
            );
        }
    }
    bench.serving.stop(crate::socket::GRACE).await;
}

#[tokio::test]
async fn who_starts_as_approved_must_be_one_who_approves() {
    let bench = bench().await;
    for (method, path, mut body, lets_in) in operations() {
        let request = if path == "/v1/start" { Some(&mut body) } else { body.get_mut("request") };
        let Some(request) = request.filter(|request| request.get("approve").is_some()) else { continue };
        for approve in [json!("yes"), json!({ "digest": Digest::of_bytes(b"plan") })] {
            request["approve"] = approve;
            let body = if path == "/v1/start" {
                request.clone()
            } else {
                json!({ "run": run(), "request": request })
            };
            for name in lets_in {
                // Looking approves nothing.
                let may = *name == "all" || path == "/v1/repin_plan";
                let expected = if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
                let answer = bench.ask_as(Some(&bench.secrets[name]), method, path, &body).await;
                assert_eq!(answer.status, expected, "{path} as {name}");
            }
        }
    }
    bench.serving.stop(crate::socket::GRACE).await;
}

/// A workflow that brings a program along which would be started while it is planned.
fn with_a_program() -> Json {
    let own = OwnModule {
        name: "ticket".into(),
        program: vec!["/bin/sh".into(), "-c".into(), "id".into()],
        simulate: Vec::new(),
        folder: "/".into(),
        files: BTreeMap::new(),
        environment: Vec::new(),
        secrets: Vec::new(),
        timeout_ms: 1000,
        functions: vec![FunctionSpec::read("ticket", "look", "looks")],
        file: "functions.toml".into(),
        line: 1,
        column: 1,
        origin: "workflow".into(),
    };
    let mut workflow = workflow();
    workflow.own.insert("ticket".into(), own);
    json!(workflow)
}

#[tokio::test]
async fn nobody_starts_programs_or_names_files_over_tcp() {
    let bench = bench().await;
    let all = bench.secrets["all"].clone();
    let mut tried = 0;
    for (method, path, body, lets_in) in operations() {
        let inner = if body.get("request").is_some() { "/request" } else { "" };
        for (name, value, code) in [
            ("workflow", with_a_program(), "module 'ticket'"),
            ("target", json!("/tmp/evil.toml"), "called by its name"),
            ("target", json!("../../tmp/evil"), "called by its name"),
        ] {
            let mut body = body.clone();
            let Some(place) = body.pointer_mut(&format!("{inner}/{name}")) else { continue };
            *place = value;
            let answer = bench.ask_as(Some(&all), method, path, &body).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {name}: {}", answer.body);
            let failure = &answer.body["failure"];
            assert_eq!(failure["code"], "FB0954");
            assert!(failure["message"].as_str().unwrap().contains(code), "{failure}");
            assert_eq!(bench.asked(), Vec::<String>::new(), "{path} reached the service");
            assert!(lets_in.contains(&"all"));
            tried += 1;
        }
    }
    assert_eq!(tried, 8, "plan, start and both of re-pin bring workflows; plan and start name targets");
    bench.serving.stop(crate::socket::GRACE).await;
}

#[tokio::test]
async fn a_request_that_is_not_meant_for_us_or_too_long_is_refused_before_it_is_read() {
    let bench = bench().await;
    let read = format!("Bearer {}", bench.secrets["read"]);
    let good =
        [("host", "localhost:8413"), ("authorization", read.as_str()), ("content-type", "application/json")];
    for (name, value, expected) in [
        ("host", "127.0.0.1", 200),
        ("host", "evil.example", 421),
        ("host", "", 421),
        ("origin", "http://localhost:8413", 200),
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("content-type", "text/plain", 415),
        ("authorization", "Basic cmVhZDpyZWFk", 401),
        ("authorization", "Bearer", 401),
    ] {
        let mut headers: Vec<(&str, &str)> = good.into_iter().filter(|(other, _)| *other != name).collect();
        headers.push((name, value));
        let answer = bench.ask("POST", "/v1/runs", &headers, b"null".to_vec()).await;
        assert_eq!(answer.status, expected, "{name}: {value}");
        assert_eq!(answer.closes, expected != 200, "{name}: {value}");
    }
    let long = [b"null".to_vec(), vec![b' '; 2 * 1024 * 1024]].concat();
    assert_eq!(bench.ask("POST", "/v1/runs", &good, long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    // What is wrong with the file is for whoever sits at the machine.
    std::fs::write(bench.tokens.path(), "{").unwrap();
    let answer = bench.ask("POST", "/v1/runs", &good, b"null".to_vec()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let folder = bench.tokens.path().parent().unwrap().display().to_string();
    assert!(!answer.body.to_string().contains(&folder), "{}", answer.body);
    bench.serving.stop(crate::socket::GRACE).await;
}
