//! Looking without changing: check, status, explain, logs, graph, verify.

use serde_json::json;

use crate::support::Bench;
use crate::world::writes;

#[test]
fn check_judges_without_running() {
    let bench = Bench::new();
    bench.run(&["check", "sfb-online"]).exits(0).says("sfb-online 1.0.0 is in order: 9 steps");
    let document = bench.run(&["check", "sfb-online", "--json"]).exits(0).json();
    assert_eq!((&document["steps"], &document["errors"]), (&9.into(), &json!([])));
    assert!(!bench.state().join("FORMAT").exists(), "check makes no store");
}

#[test]
fn the_graph_is_drawn_in_every_form() {
    let bench = Bench::new();
    let graph = |format| bench.run(&["graph", "sfb-online", "--format", format]).exits(0);
    graph("tree").says("role_assignment");
    graph("dot").says("digraph").says("\"oauth_trust\" -> \"application_account\"");
    graph("mermaid").says("s_oauth_trust --> s_application_account");
    let document = bench.run(&["graph", "sfb-online", "--json"]).exits(0).json();
    let steps = document["steps"].as_array().expect("steps");
    let assignment = steps.iter().find(|step| step["id"] == "role_assignment").expect("the step");
    assert_eq!(assignment["needs"], json!(["application_account", "application_role"]));
}

#[test]
fn a_finished_run_is_looked_at_from_every_side() {
    let bench = Bench::new();
    let run = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes", "--json"]).exits(0).run();
    let status = bench.run(&["status", &run, "--json"]).exits(0).json();
    assert_eq!(
        (&status["runs"][0]["run"], &status["runs"][0]["state"]),
        (&run.as_str().into(), &"succeeded".into())
    );
    for name in ["latest", &run[..20], &run[18..], &run.to_uppercase()] {
        bench.run(&["status", name]).exits(0).says(&run);
    }
    let explained = bench.run(&["explain", &run, "--json"]).exits(0).json();
    assert_eq!(explained["state"], "succeeded");
    for key in ["since", "waits_for", "next", "may"] {
        assert!(explained.get(key).is_some(), "{key} in {explained}");
    }
    bench.run(&["explain", &run]).exits(0).says("footbridge undo").says("footbridge verify");

    let records = bench.run(&["logs", &run, "--json"]).exits(0).json_lines();
    assert_eq!(records[0]["event"]["type"], "run_created");
    for pair in records.windows(2) {
        assert_eq!(pair[1]["previous"], pair[0]["hash"]);
    }
    assert_eq!(records.last().expect("records")["hash"], status["runs"][0]["head"]);
    let followed = bench.run(&["logs", &run, "-f"]).exits(0);
    assert_eq!(followed.stdout.lines().count(), records.len());

    let found = bench.run(&["verify", &run, "--json"]).exits(0).json();
    assert_eq!((&found["drifts"], &found["cannot_tell"]), (&json!([]), &json!([])));
    assert!(found["compared"].as_u64() > Some(0));
    assert_eq!(writes(&bench, "lab").len(), 23);
}

#[test]
fn every_error_code_and_the_host_functions_are_explained() {
    let bench = Bench::new();
    bench.run(&["explain", "FB0302"]).exits(0).says("# FB0302");
    bench.run(&["explain", "fb0406", "--json"]).exits(0).says("\"FB0406\"");
    bench.run(&["explain", "FB0999"]).exits(3).warns("FB0951").warns("did you mean");
    bench.run(&["functions"]).exits(0).says("exchange::new_mail_user").says("write");
    bench.run(&["functions", "exchang"]).exits(3).warns("did you mean 'exchange'?");
    bench.run(&["completions", "bash"]).exits(0).says("footbridge");
}
