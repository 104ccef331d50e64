//! What is typed wrong: the code, the nearest that was meant, what to do next, and the exit code of the table.

use serde_json::json;

use crate::notes;
use crate::support::Bench;

#[test]
fn unknown_names_are_met_with_the_nearest() {
    let bench = Bench::new();
    bench.run(&["check", "sfb-onlin"]).exits(3).warns("FB0109").warns("did you mean 'sfb-online'?");
    bench.run(&["run", "sfb-onlin", "--target", "sim"]).exits(3).warns("FB0109");
    bench
        .run(&["plan", "sfb-online", "--target", "sin"])
        .exits(3)
        .warns("FB0901")
        .warns("did you mean 'sim'?");
    bench.run(&["run", "sfb-online", "--target", "sim:../x", "--yes"]).exits(3).warns("FB0901");
    bench
        .run(&["plan", "sfb-online", "--target", "sim", "--var", "acount_name=x"])
        .exits(3)
        .warns("FB0110")
        .warns("did you mean 'account_name'?");
    bench.run(&["status", "latest"]).exits(3).warns("FB0401").warns("there are no runs at all");
    let run = bench.run(&["run", "sfb-online", "--target", "sim", "--json"]).exits(0).run();
    let mut typo = run.clone();
    typo.replace_range(25.., if run.ends_with('x') { "y" } else { "x" });
    for verb in ["status", "explain", "logs", "verify", "undo", "resume", "approve", "cancel", "pause"] {
        bench.run(&[verb, &typo]).exits(3).warns("FB0401").warns(&run);
    }
    bench
        .run(&["approve", &run, "verify_feature", "--answer", "voicemail=yes"])
        .exits(3)
        .warns("did you mean 'verify_features'?");
}

#[test]
fn parameters_of_the_wrong_kind() {
    let bench = Bench::new();
    notes::write(&bench);
    for (workflow, var, wants) in [
        ("sfb-online", "verified_domain=x_y", "a domain such as contoso.com"),
        ("sfb-online", "application_id=zz", "a GUID such as"),
        ("sfb-online", "drop_expired=perhaps", "true or false"),
        ("./notes", "pace=soon", "a duration such as 90s, 5m or 2h"),
    ] {
        let name = var.split('=').next().expect("a name");
        bench
            .run(&["plan", workflow, "--target", "sim:lab", "--var", var])
            .exits(3)
            .warns("FB0111")
            .warns(&format!("parameter '{name}' (given by --var)"))
            .warns(wants);
    }
    bench.run(&["plan", "./notes", "--target", "sim", "--var", "pace"]).exits(3).warns("FB0951");
    bench.write("values.toml", "pace = \n");
    bench
        .run(&["plan", "./notes", "--target", "sim", "--var-file", "values.toml"])
        .exits(3)
        .warns("FB0951")
        .warns("values.toml")
        .warns("line 1");
    assert!(!bench.state().join("sim").exists(), "no target was touched");
}

#[test]
fn usage_is_three_and_errors_are_one_document_with_json() {
    let bench = Bench::new();
    bench.run(&["run", "sfb-online"]).exits(3).warns("--target");
    bench.run(&["rnu"]).exits(3).warns("unrecognized subcommand 'rnu'");
    bench.run(&[]).exits(3);
    bench.run(&["--help"]).exits(0).says("Exit codes");
    bench.run(&["run", "sfb-online", "--target", "sim", "--wait", "long"]).exits(3);
    let told = bench.run(&["check", "sfb-onlin", "--json"]).exits(3).json();
    assert_eq!((&told["error"]["code"], &told["exit"]), (&json!("FB0109"), &json!(3)));
    assert!(told["error"]["hint"].is_string() && told["errors"].is_array(), "{told}");
}

#[test]
fn digests_and_verbs_that_do_not_fit() {
    let bench = Bench::new();
    bench.run(&["run", "sfb-online", "--target", "sim", "--plan", "xyz"]).exits(3).warns("FB0951");
    let run = bench.run(&["run", "sfb-online", "--target", "sim", "--json"]).exits(0).run();
    for verb in ["cancel", "pause", "resume"] {
        bench.run(&[verb, &run]).exits(1).warns("FB0402");
    }
    bench
        .run(&["simulate", "reset", "lab", "--world", "nowhere"])
        .exits(1)
        .warns("FB0902")
        .warns("half-done");
}
