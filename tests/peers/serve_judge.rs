//! The HTTP API of `serve` against its own OpenAPI description, by a client that others wrote: `openapi-core` validates the
//! description and every answer of a real process.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::install;
use crate::peer_process::{PeerProcess, script};
use crate::support::{Bench, Going};

/// Two notes, the second behind a gate that stays shut for an hour.
const NOTES: &str = r#"[workflow]
id = "notes"
version = "1.0.0"
title = "Two notes"

[steps.first]
title = "First note"

[steps.second]
title = "Second note"
needs = ["first"]
gate = { wait = "1h" }
"#;

/// A process that serves, and the judge who asks it.
struct Court {
    judge: PeerProcess,
    _going: Going,
    /// How often each operation was answered as asked.
    answered: BTreeMap<String, usize>,
}

impl Court {
    fn of(bench: &Bench) -> Court {
        let mut add = vec!["serve", "token", "add", "judge", "--json"];
        for role in ["read", "operate", "approve", "start"] {
            add.extend(["--role", role]);
        }
        let token = bench.run(&add).exits(0).json()["token"].as_str().expect("a token").to_owned();
        let mut going = bench.start_watched(&["serve", "--listen", "127.0.0.1:0"]);
        let line = going.wait_for("listening on http://");
        let port = line.rsplit_once(':').expect("a port").1.to_owned();
        going.wait_for("took up");
        let python = install::python("openapi", &["openapi-core==0.23.1", "Werkzeug==3.1.9"]);
        let mut command = Command::new(python);
        command.arg("-B").arg(script("python/serve_judge.py")).args(["--port", &port, "--token", &token]);
        Court { judge: PeerProcess::start(&mut command, None), _going: going, answered: BTreeMap::new() }
    }

    /// Asks, and has request and answer judged.
    #[track_caller]
    fn order(&mut self, order: &Json, expected: u64) -> Json {
        let told = self.judge.order(order);
        assert_eq!(told["problems"], json!([]), "{order} was answered {}", told["body"]);
        assert_eq!(told["status"], expected, "{order} was answered {}", told["body"]);
        let operation = told["operation"].as_str().unwrap_or_else(|| panic!("{order} is not described"));
        if expected == 200 {
            *self.answered.entry(operation.to_owned()).or_default() += 1;
        }
        told["body"].clone()
    }

    #[track_caller]
    fn post(&mut self, path: &str, body: Json, expected: u64) -> Json {
        self.order(&json!({ "method": "POST", "path": path, "body": body }), expected)
    }

    #[track_caller]
    fn get(&mut self, path: &str) -> Json {
        self.order(&json!({ "method": "GET", "path": path }), 200)
    }

    /// Follows a run until nobody carries it on, record by record.
    #[track_caller]
    fn follow(&mut self, run: &str) -> Vec<Json> {
        let mut records = Vec::new();
        loop {
            let query = json!({ "from": records.len(), "wait_ms": 5000 });
            let path = format!("/v1/runs/{run}/events");
            let news = self.order(&json!({ "method": "GET", "path": path, "query": query }), 200);
            records.extend(news["records"].as_array().expect("records").iter().cloned());
            if news["live"] == false {
                return records;
            }
        }
    }
}

#[test]
fn the_judge_catches_what_is_not_as_described() {
    let bench = Bench::new();
    let mut court = Court::of(&bench);
    let runs = json!({ "method": "GET", "path": "/v1/runs" });
    let none = json!({ "method": "POST", "path": "/v1/kept", "body": { "digest": "0".repeat(64) } });
    let unknown =
        json!({ "method": "POST", "path": "/v1/resume", "body": { "run": "0".repeat(26), "by": "" } });
    let failure = json!({ "code": "FB0401", "class": "invalid", "message": "there is no run" });
    for (order, key, value) in [
        (&runs, "forged", json!({ "runs": [] })),
        (&runs, "forged", json!({ "runs": [{ "run": "x" }], "unreadable": [], "next": null })),
        (&runs, "forged", json!({ "runs": [], "unreadable": [], "next": "no id" })),
        (&none, "forged", json!({ "base64": 7 })),
        (&none, "forged", json!([])),
        (&unknown, "forged", failure.clone()),
        (&unknown, "forged", json!({ "failure": { "code": "oops", "class": "invalid", "message": "" } })),
    ] {
        let mut order = order.clone();
        order[key] = value;
        let told = court.judge.order(&order);
        assert_ne!(told["problems"], json!([]), "{order} was taken for good");
    }
    let mut good = unknown;
    good["forged"] = json!({ "failure": failure });
    assert_eq!(court.judge.order(&good)["problems"], json!([]));
}

#[test]
fn every_answer_is_as_the_description_says() {
    let bench = Bench::new();
    let run = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--json"]).exits(6).run();
    let mut court = Court::of(&bench);
    let of_run = json!({ "run": run });
    let by = json!({ "run": run, "by": "" });

    // A run that waits: looked at from all sides.
    let list = court.get("/v1/runs");
    assert_eq!(list["runs"][0]["run"], json!(run));
    court.get(&format!("/v1/runs/{run}"));
    court.get(&format!("/v1/runs/{run}/explain"));
    court.get("/v1/openapi.json");
    court.get("/healthz");
    assert_eq!(court.post("/v1/runs", json!(null), 200), json!([run]));
    let history = court.post("/v1/history", json!({ "run": run, "from": 0, "wait_ms": 0 }), 200);
    let pin = history["records"][0]["event"]["workflow"].clone();
    assert!(court.post("/v1/kept", json!({ "digest": pin }), 200)["base64"].is_string());
    assert_eq!(court.post("/v1/kept", json!({ "digest": "0".repeat(64) }), 200), json!(null));
    let pinned = court.post("/v1/pinned", of_run.clone(), 200);
    let workflow = &pinned[pin.as_str().expect("a digest")];
    let plan = json!({ "workflow": workflow, "target": "sim:lab", "params": {}, "commands": true });
    assert!(!court.post("/v1/plan", plan, 200)["commands"].as_array().expect("commands").is_empty());

    // Another one is started, compared with other code, goes on with it, and is cancelled.
    let start =
        json!({ "workflow": workflow, "target": "sim:other", "params": {}, "by": "", "approve": "wait" });
    let other = court.post("/v1/start", start, 200);
    let mut edited = workflow.clone();
    edited["version"] = json!("9.9.9");
    let repin = json!({ "run": other, "request": { "workflow": edited, "params": {}, "by": "", "note": "mended",
        "approve": "wait" } });
    court.post("/v1/repin_plan", repin.clone(), 200);
    court.post("/v1/repin", repin, 200);
    court.follow(other.as_str().expect("a run"));
    court.post("/v1/cancel", json!({ "run": other, "by": "", "note": "a mistake" }), 200);
    court.follow(other.as_str().expect("a run"));
    court.get(&format!("/v1/runs/{}", other.as_str().expect("a run")));

    // The first one is approved, answered, verified and taken back.
    let approve = |answers: Json| json!({ "run": run, "request": { "by": "", "answers": answers } });
    court.post("/v1/approve", approve(json!([])), 200);
    let records = court.follow(&run);
    let types: BTreeSet<&str> =
        records.iter().map(|record| record["event"]["type"].as_str().expect("a type")).collect();
    assert!(types.len() > 8, "a run tells of many things: {types:?}");
    court.get(&format!("/v1/runs/{run}"));
    court.get(&format!("/v1/runs/{run}/explain"));
    court.post("/v1/verify", of_run, 200);
    let kept = court.post("/v1/keep", json!({ "base64": "aGVsbG8=" }), 200);
    let mut answer = approve(json!([{ "question": "voicemail", "answer": { "answer": "so" } }]));
    answer["request"]["step"] = json!("verify_features");
    answer["request"]["files"] = json!([{ "digest": kept, "name": "seen.txt", "bytes": 5 }]);
    court.post("/v1/approve", answer, 200);
    court.follow(&run);
    let undo = court.post("/v1/undo_plan", json!({ "run": run, "wanted": {} }), 200);
    assert!(!undo["items"].as_array().expect("items").is_empty());
    let wanted = json!({ "run": run, "request": { "by": "", "wanted": {}, "digest": undo["digest"] } });
    court.post("/v1/undo", wanted, 200);
    court.follow(&run);
    assert_eq!(court.get(&format!("/v1/runs/{run}"))["state"], "undone");

    // One that waits for its time is stopped, and goes on when it is asked to.
    bench.write("notes/workflow.toml", NOTES);
    for step in ["first", "second"] {
        bench.write(&format!("notes/steps/{step}.rhai"), "fn apply(ctx, change) { #{ said: \"hello\" } }\n");
    }
    let waits =
        bench.run(&["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "0s", "--json"]).exits(6);
    let waits = waits.run();
    let of = json!({ "run": waits, "by": "", "note": "lunch" });
    court.post("/v1/pause", of.clone(), 200);
    court.follow(&waits);
    let skip =
        json!({ "step": "second", "intervention": "skip", "asker": { "by": "", "note": "not needed" } });
    court.post("/v1/intervene", json!({ "run": waits, "request": skip }), 200);
    court.post("/v1/resume", of, 200);
    court.follow(&waits);
    assert_eq!(court.get(&format!("/v1/runs/{waits}"))["state"], "succeeded");

    // What is refused is described too.
    let import = json!({ "whole": { "run": run, "payloads": [], "records": [] }, "by": "", "take_over": "no",
        "note": null });
    court.post("/v1/import", import, 403);
    court.post("/v1/resume", by, 422);
    court.post("/v1/history", json!({ "run": "01arz3ndektsv4rrffq69g5fav", "from": 0, "wait_ms": 0 }), 404);
    court.post("/v1/verify", json!({ "run": 7 }), 422);
    court.order(&json!({ "method": "GET", "path": "/v1/runs", "anonymous": true }), 401);
    court.order(&json!({ "method": "GET", "path": "/v1/runs", "query": { "limit": "x" } }), 422);

    let description = court.get("/v1/openapi.json");
    let paths = description["paths"].as_object().expect("paths");
    let operations = paths.values().flat_map(|item| item.as_object().expect("methods").values());
    let never: Vec<&str> = operations
        .map(|one| one["operationId"].as_str().expect("an id"))
        .filter(|id| !court.answered.contains_key(*id))
        .collect();
    assert_eq!(never, ["import"], "over TCP that is for nobody");
}
