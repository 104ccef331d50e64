//! Mistakes in a workflow's files: what, where, drawn, and what next. Nothing is run, nothing is written.

use crate::notes::{MANIFEST, NOTE, write_with};
use crate::support::{Bench, Outcome};

/// Checks `./notes` with a part of the manifest replaced; also that `run` refuses it and leaves nothing behind.
fn checked(from: &str, to: &str) -> Outcome {
    assert!(MANIFEST.contains(from), "{from}");
    refused(&MANIFEST.replace(from, to), NOTE)
}

fn refused(manifest: &str, first: &str) -> Outcome {
    let bench = Bench::new();
    write_with(&bench, manifest, first);
    let told = bench.run(&["check", "./notes"]).exits(4);
    let ran = bench.run(&["run", "./notes", "--target", "sim:lab", "--yes", "--json"]).exits(4);
    assert!(told.stderr.contains(ran.json()["error"]["code"].as_str().expect("a code")));
    assert!(!bench.state().join("FORMAT").exists() && !bench.state().join("sim").exists());
    told
}

#[test]
fn malformed_toml() {
    checked("title = \"Two notes\"", "title = = \"Two notes\"")
        .warns("FB0101")
        .warns("notes/workflow.toml:4:9")
        .warns("explain FB0101");
}

#[test]
fn unknown_and_missing_keys_are_told_together() {
    checked("title = \"Two notes\"", "titel = \"Two notes\"")
        .warns("2 mistakes")
        .warns("FB0102")
        .warns("notes/workflow.toml:4:1")
        .warns("titel")
        .warns("did you mean 'title'?")
        .warns("FB0103")
        .warns("lacks 'title'");
}

#[test]
fn malformed_rhai() {
    refused(MANIFEST, "fn apply(ctx, change) {\n    let x = ;\n}\n")
        .warns("FB0201")
        .warns("notes/steps/first.rhai:2:13");
}

#[test]
fn a_script_that_breaks_a_rule() {
    refused(MANIFEST, "fn aply(ctx, change) { #{} }\n").warns("FB0").warns("notes/steps/first.rhai");
}

#[test]
fn a_circle_is_named() {
    checked("title = \"First note\"", "title = \"First note\"\nneeds = [\"second\"]")
        .warns("FB0104")
        .warns("first → second → first")
        .warns("notes/workflow.toml:16:10");
}

#[test]
fn a_missing_step_and_a_missing_script() {
    checked("needs = [\"first\"]", "needs = [\"frist\"]")
        .warns("FB0105")
        .warns("notes/workflow.toml:19:10")
        .warns("did you mean 'first'?");
    checked("[steps.first]", "[steps.third]\ntitle = \"Third note\"\n\n[steps.first]")
        .warns("FB0106")
        .warns("step 'third' has no script")
        .warns("notes/steps/third.rhai");
}

#[test]
fn an_expression_that_names_nothing() {
    checked("title = \"First note\"", "title = \"First note\"\nwhen = \"params.txt == 'x'\"")
        .warns("FB0107")
        .warns("notes/workflow.toml:16:16")
        .warns("params");
    checked("title = \"First note\"", "title = \"First note\"\nwhen = \"params.text ==\"").warns("FB0107");
}

#[test]
fn a_condition_that_is_no_condition() {
    checked("title = \"First note\"", "title = \"First note\"\nwhen = \"params.text\"")
        .warns("FB0107")
        .warns("notes/workflow.toml:16:16")
        .warns("a condition must be true or false; 'text' is a string");
}

#[test]
fn an_expression_of_the_wrong_type() {
    let bench = Bench::new();
    let manifest = MANIFEST
        .replace("title = \"First note\"", "title = \"First note\"\nwhen = \"params.text + \\\"!\\\"\"");
    write_with(&bench, &manifest, NOTE);
    bench
        .run(&["plan", "./notes", "--target", "sim:lab"])
        .exits(4)
        .says("FB0107")
        .says("'when' of step 'first' must be true or false, not a string");
    bench
        .run(&["run", "./notes", "--target", "sim:lab", "--yes"])
        .exits(4)
        .warns("FB0107")
        .warns("must be true or false");
    assert_eq!(bench.run(&["status", "--json"]).exits(0).json()["runs"], serde_json::json!([]));
}

#[test]
fn a_parameter_of_an_unknown_type() {
    checked("type = \"duration\"", "type = \"duraton\"").warns("notes/workflow.toml").warns("duration");
    checked("default = \"5m\"", "default = \"soon\"").warns("notes/workflow.toml").warns("duration");
}
