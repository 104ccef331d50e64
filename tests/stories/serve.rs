//! The holder that stays: runs go on by themselves, other terminals and programs ask it, and it leaves nothing undone.

use std::process::{Command, Stdio};

use hyper_util::rt::TokioIo;
use serde_json::{Value as Json, json};

use crate::notes;
use crate::support::{Bench, Going};
use crate::world::{other_admin, writes};

/// A holder that also answers over TCP, and where.
fn serving(bench: &Bench) -> (Going, String) {
    let mut going = bench.start_watched(&["serve", "--listen", "127.0.0.1:0"]);
    let line = going.wait_for("listening on http://");
    let address = line.rsplit_once('/').expect("an address").1.to_owned();
    going.wait_for("took up");
    (going, address)
}

/// What systemd and `kill` send.
fn terminate(going: &Going) {
    let sent = Command::new("kill").args(["-TERM", &going.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

fn token(bench: &Bench, name: &str, roles: &[&str]) -> String {
    let mut arguments = vec!["serve", "token", "add", name, "--json"];
    for role in roles {
        arguments.extend(["--role", role]);
    }
    let made = bench.run(&arguments).exits(0).json();
    made["token"].as_str().expect("a token").to_owned()
}

struct Answer {
    status: u16,
    challenge: Option<String>,
    body: Json,
}

/// One request to `address`, as any HTTP client sends it; `host` is what it believes to speak to.
fn ask(
    address: &str,
    host: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<Json>,
) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(address).await.expect("somebody listens");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
        tokio::spawn(connection);
        let mut request = hyper::Request::builder().method(method).uri(path).header("host", host);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(String::new, |body| body.to_string());
        let request = request.body(http_body_util::Full::new(hyper::body::Bytes::from(body)));
        let response = sender.send_request(request.expect("a request")).await.expect("an answer");
        let challenge =
            response.headers().get("www-authenticate").map(|one| one.to_str().expect("text").to_owned());
        let status = response.status().as_u16();
        let bytes = http_body_util::BodyExt::collect(response.into_body()).await.expect("a body").to_bytes();
        Answer { status, challenge, body: serde_json::from_slice(&bytes).expect("JSON") }
    })
}

fn get(address: &str, path: &str, token: &str) -> Answer {
    ask(address, "localhost", "GET", path, Some(token), None)
}

fn post(address: &str, path: &str, token: &str, body: Json) -> Answer {
    ask(address, "localhost", "POST", path, Some(token), Some(body))
}

#[test]
fn it_carries_on_what_a_dead_process_left_and_leaves_nothing_when_it_ends() {
    let bench = Bench::new();
    // A gate of two hours and one of two seconds, and nobody there when either opens.
    notes::write(&bench);
    bench.run(&["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "0s"]).exits(6);
    let slow = bench.run(&["status", "latest", "--json"]).exits(0).json()["runs"][0]["run"].clone();
    notes::write_with(&bench, &notes::MANIFEST.replace("1h", "2s"), notes::NOTE);
    bench.run(&["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "0s"]).exits(6);
    let quick = bench.run(&["status", "latest", "--json"]).exits(0).json()["runs"][0]["run"].clone();
    let (quick, slow) = (quick.as_str().expect("an id"), slow.as_str().expect("an id"));

    let mut going = bench.start_watched(&["serve"]);
    going.wait_for(&format!("{quick}: succeeded"));
    // A second one is told who is there; other terminals ask the first.
    bench.run(&["serve"]).exits(9).warns(&format!("process {}", going.id()));
    bench.run(&["run", "sfb-online", "--target", "sim:other", "--json"]).exits(6);
    bench.run(&["approve", "latest"]).exits(0).warns("carries the run on");
    bench.run(&["logs", "latest", "-f"]).exits(0).says("succeeded");
    bench.run(&["explain", slow]).exits(0).says("second");

    terminate(&going);
    let (code, rest, _) = going.finish();
    assert_eq!(code, Some(0), "{rest}");
    assert!(rest.contains("stopping at safe points"), "{rest}");
    let left = bench.run(&["resume", slow, "--wait", "0s", "--json"]).exits(6).json();
    assert_eq!(left["state"], "waiting");
}

#[test]
fn what_a_killed_one_was_at_goes_on_in_the_next_one() {
    let bench = Bench::new();
    // The last step stays at work until it sees a mail user that nobody has made yet: the kill always hits it there.
    bench.write("slow/steps/verify_features.rhai", notes::UNTIL_GO);
    let mut going = bench.start_watched(&["serve"]);
    going.wait_for("took up 0 runs");
    let run = ["run", "sfb-online", "--target", "sim:lab", "--yes", "--layer", "./slow"];
    let mut client = bench.start_watched(&run);
    client.wait_for("verify_features: 1 change, 0 already so");
    going.kill();
    // Whoever followed the run looks into the store, and is told what may be done.
    let (code, said, _) = client.finish();
    assert_eq!(code, Some(6), "{said}");
    assert!(said.contains("footbridge explain"), "{said}");
    let status = bench.run(&["status", "latest", "--json"]).exits(0).json();
    // As where a run is killed: the last records may have died with it.
    let state = status["runs"][0]["state"].as_str().expect("a state");
    assert!(["interrupted", "in-doubt", "waiting"].contains(&state), "{state}");
    let id = status["runs"][0]["run"].as_str().expect("an id").to_owned();
    let before = writes(&bench, "lab");

    let address = json!({ "Name": "Go", "ExternalEmailAddress": "go@contoso.com" });
    other_admin(&bench, "lab", "New-MailUser", address);
    let mut going = bench.start_watched(&["serve"]);
    going.wait_for(&format!("{id}: succeeded"));
    terminate(&going);
    assert_eq!(going.finish().0, Some(0));
    assert_eq!(writes(&bench, "lab")[..before.len()], before, "nothing was done twice");
    assert_eq!(writes(&bench, "lab").len(), before.len() + 1, "and the second administrator's");
}

#[test]
fn a_run_that_is_taken_over_goes_on_without_being_asked() {
    let here = Bench::new();
    notes::write_with(&here, &notes::MANIFEST.replace("1h", "2s"), notes::NOTE);
    let run = here
        .run(&["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "0s", "--json"])
        .exits(6)
        .run();
    here.run(&["export", &run, "run.jsonl"]).exits(0);
    let there = Bench::new();
    let mut going = there.start_watched(&["serve"]);
    going.wait_for("took up 0 runs");
    let file = here.files().join("run.jsonl");
    let file = file.to_str().expect("a path of this test is text");
    there.run(&["import", file, "--take-over"]).exits(0).warns("goes on here by itself");
    going.wait_for(&format!("{run}: succeeded"));
    terminate(&going);
    assert_eq!(going.finish().0, Some(0));
}

#[test]
fn nobody_asks_over_tcp_without_a_token_and_a_token_does_what_its_roles_say() {
    let bench = Bench::new();
    let run = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--json"]).exits(6).run();
    let (going, address) = serving(&bench);
    let at = address.as_str();
    let nobody = ask(at, "localhost", "GET", "/v1/runs", None, None);
    assert_eq!((nobody.status, nobody.body["failure"]["code"].as_str()), (401, Some("FB0954")));
    assert!(nobody.challenge.is_some_and(|challenge| challenge.starts_with("Bearer")));
    assert_eq!(ask(at, "localhost", "GET", "/healthz", None, None).body, json!({ "status": "ok" }));
    assert_eq!(get(at, "/v1/runs", "fbt_guessed").status, 401);

    let (reads, approves) = (token(&bench, "board", &["read"]), token(&bench, "ops", &["approve"]));
    assert_eq!(ask(at, "evil.example", "GET", "/v1/runs", Some(&reads), None).status, 421);
    let list = get(at, "/v1/runs?limit=1", &reads);
    assert_eq!((list.status, &list.body["runs"][0]["run"]), (200, &json!(run)));
    assert_eq!(get(at, &format!("/v1/runs/{run}"), &reads).body["state"], "waiting");
    assert!(get(at, &format!("/v1/runs/{run}/explain"), &reads).body["waits_for"].is_array());
    assert_eq!(get(at, "/v1/runs?limit=x", &reads).status, 422);
    assert_eq!(get(at, "/v1/runs/01arz3ndektsv4rrffq69g5fav", &reads).status, 404);
    assert_eq!(get(at, "/v1/approve", &reads).status, 405);
    assert_eq!(get(at, "/elsewhere", &reads).status, 404);

    // Who approves is the token, whoever the request says it is.
    let approval = json!({ "run": run, "request": { "by": "the boss", "step": null, "digest": null,
        "answers": [], "choice": null, "note": null } });
    let refused = post(at, "/v1/approve", &reads, approval.clone());
    assert_eq!((refused.status, refused.body["failure"]["code"].as_str()), (403, Some("FB0954")));
    assert_eq!(post(at, "/v1/cancel", &approves, json!({ "run": run, "by": "ops" })).status, 403);
    let approved = post(at, "/v1/approve", &approves, approval);
    assert_eq!(approved.status, 200, "{}", approved.body);
    bench.run(&["logs", &run, "-f"]).exits(0).says("succeeded");
    let events = get(at, &format!("/v1/runs/{run}/events?from=2"), &reads);
    let approved = &events.body["records"][0]["event"];
    assert_eq!((&approved["type"], &approved["by"]), (&json!("approved"), &json!("ops")), "{approved}");

    // Workflows can come from anywhere: one that hangs together is planned, one that does not is told apart.
    let starts = token(&bench, "ci", &["start"]);
    let pinned = post(at, "/v1/pinned", &starts, json!({ "run": run })).body;
    let workflow = pinned.as_object().and_then(|all| all.values().next()).expect("a workflow");
    let mut plan = json!({ "workflow": workflow, "target": "sim:lab", "params": {}, "commands": true });
    assert_eq!(post(at, "/v1/plan", &starts, plan.clone()).status, 200);
    plan["workflow"]["steps"].as_array_mut().expect("steps").reverse();
    let broken = post(at, "/v1/plan", &starts, plan);
    assert_eq!((broken.status, broken.body["failure"]["code"].as_str()), (422, Some("FB0105")));

    // What is removed is refused at once, and no file holds a token.
    bench.run(&["serve", "token", "remove", "board"]).exits(0);
    assert_eq!(get(at, "/v1/runs", &reads).status, 401);
    bench.run(&["serve", "token", "list"]).exits(0).says("ops: approve");
    let kept = std::fs::read_to_string(bench.state().join("tokens.json")).expect("the tokens");
    assert!(!kept.contains(&approves[4..]), "{kept}");
    terminate(&going);
    assert_eq!(going.finish().0, Some(0));
}

#[test]
fn an_address_that_others_can_reach_wants_a_proxy() {
    let bench = Bench::new();
    bench.run(&["serve", "--listen", "0.0.0.0:0"]).exits(3).warns("FB0955").warns("--behind-proxy");
    let mut going =
        bench.start_watched(&["serve", "--listen", "0.0.0.0:0", "--behind-proxy", "bridge.contoso.com"]);
    let line = going.wait_for("listening on http://");
    let port = line.rsplit_once(':').expect("a port").1;
    let at = format!("127.0.0.1:{port}");
    assert_eq!(ask(&at, "bridge.contoso.com", "GET", "/v1/runs", None, None).status, 401);
    assert_eq!(ask(&at, "elsewhere.contoso.com", "GET", "/v1/runs", None, None).status, 421);
    terminate(&going);
    assert_eq!(going.finish().0, Some(0));
}

#[test]
fn a_service_manager_is_told_when_it_is_ready_and_when_it_stops() {
    let bench = Bench::new();
    let path = bench.files().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(std::time::Duration::from_mins(1))).expect("a patience");
    let mut command = bench.command(&["serve"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.env("NOTIFY_SOCKET", &path).spawn().expect("it starts");
    let heard = || {
        let mut bytes = [0; 64];
        let count = socket.recv(&mut bytes).expect("it tells");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    assert_eq!(heard(), "READY=1");
    // At once: whoever hears that it is ready may ask it to end the moment after.
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
    assert_eq!(heard(), "STOPPING=1");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
