//! Operating a run: pause, resume, cancel, and stepping in at one step, each with who and why.

use serde_json::json;

use crate::notes;
use crate::support::Bench;
use crate::world::{other_admin, world, writes};

/// Two steps that fail until somebody made a mail user for them, and one that reads what the first gives.
const MANIFEST: &str = r#"[workflow]
id = "three"
version = "1.0.0"
title = "Three accounts"

[steps.account]
title = "An account that others need"

[steps.reader]
title = "Reads the account's guid"
needs = ["account"]
with = { guid = "steps.account.guid" }

[steps.other]
title = "Needs nobody and is needed by nobody"
"#;

/// Its `apply` is never allowed, but what another administrator makes is as good.
const ACCOUNT: &str = r#"fn probe(ctx) {
    let account = exchange::mail_user(#{ name: "Account" });
    #{ objects: #{ "mail_user:Account": if account == () { () } else { #{ guid: account.guid } } } }
}
fn plan(ctx, seen) {
    if seen.objects["mail_user:Account"] != () { return []; }
    [#{ key: "create", target: "mail_user:Account", kind: "create", before: (), after: #{ guid: unknown("guid") } }]
}
fn apply(ctx, change) { throw "nobody lets us"; }
fn verify(ctx, seen) { throw "not as we would have made it"; }
fn outputs(ctx, seen) { #{ guid: seen.objects["mail_user:Account"].guid } }
"#;

const READER: &str = "fn apply(ctx, change) { #{ read: ctx.inputs.guid } }\n";

const OTHER: &str = r#"fn apply(ctx, change) {
    if exchange::mail_user(#{ name: "Other" }) == () { throw "there is no Other yet"; }
    #{ seen: "Other" }
}
"#;

/// The run, failed in two of its steps.
fn failed(bench: &Bench) -> String {
    bench.write("three/workflow.toml", MANIFEST);
    bench.write("three/steps/account.rhai", ACCOUNT);
    bench.write("three/steps/reader.rhai", READER);
    bench.write("three/steps/other.rhai", OTHER);
    let ended = bench.run(&["run", "./three", "--target", "sim:lab", "--yes", "--json"]).exits(1);
    assert_eq!(states(&ended.json()), json!(["failed", "blocked", "failed"]));
    ended.run()
}

fn states(run: &serde_json::Value) -> serde_json::Value {
    run["steps"].as_array().expect("steps").iter().map(|step| step["state"].clone()).collect()
}

fn make(bench: &Bench, name: &str) {
    let address = format!("{name}@contoso.com");
    other_admin(bench, "lab", "New-MailUser", json!({ "Name": name, "ExternalEmailAddress": address }));
}

#[test]
fn each_failed_step_is_mended_in_its_own_way() {
    let bench = Bench::new();
    let run = failed(&bench);
    bench
        .run(&["explain", &run])
        .exits(0)
        .says(&format!("footbridge retry {run} other"))
        .says(&format!("footbridge skip {run} account --note \"why\""))
        .says(&format!("footbridge done {run} account --note \"how you know\""));

    // One step alone starts again; the other stays failed.
    make(&bench, "Other");
    let retried = bench.run(&["retry", &run, "other", "--note", "made it", "--json"]).exits(1).json();
    assert_eq!(states(&retried), json!(["failed", "blocked", "done"]));
    bench.run(&["retry", &run, "other"]).exits(1).warns("FB0413").warns("is done already");
    bench.run(&["retry", &run, "reader"]).exits(1).warns("has not failed");
    bench.run(&["retry", &run, "othr"]).exits(3).warns("did you mean 'other'?");

    // Somebody needs what it gives, so it cannot be skipped; why must be said in any case.
    bench.run(&["skip", &run, "account"]).exits(3).warns("--note");
    bench
        .run(&["skip", &run, "account", "--note", "not ours"])
        .exits(1)
        .warns("FB0413")
        .warns("step 'reader' reads what it gives, as steps.account.guid")
        .warns(&format!("footbridge done {run} account"));

    // A word alone gives no outputs; with the object there it counts, though `verify` would have refused.
    bench
        .run(&["done", &run, "account", "--note", "made by hand"])
        .exits(1)
        .says("FB0414")
        .says("nothing was written");
    make(&bench, "Account");
    let before = writes(&bench, "lab");
    bench.write("ticket.txt", "CHG-1204");
    let vouch = ["done", &run, "account", "--note", "made by hand", "--evidence", "ticket.txt", "--json"];
    let done = bench.run(&vouch).exits(0).json();
    assert_eq!((&done["state"], states(&done)), (&"succeeded".into(), json!(["done", "done", "done"])));
    assert_eq!(done["steps"][0]["by_hand"]["intervention"], "done");
    assert_eq!(done["files"][0]["name"], "ticket.txt");
    assert_eq!(writes(&bench, "lab"), before, "nothing is written for a step that is vouched for");
    let told = "account: done (vouched for by someone: made by hand)";
    bench.run(&["explain", &run]).exits(0).says(told);
    bench.run(&["status", &run]).exits(0).says("done (vouched for by someone: made by hand)");
    bench
        .run(&["logs", &run])
        .exits(0)
        .says("other: started again by someone (made it)")
        .says("account: vouched for by someone (made by hand), with ticket.txt");
    bench.run(&["done", &run, "account", "--note", "again"]).exits(1).warns("FB0402");
}

#[test]
fn a_run_goes_on_without_steps_that_are_skipped_last_reader_first() {
    let bench = Bench::new();
    let run = failed(&bench);
    let skip = |step: &str| bench.run(&["skip", &run, step, "--note", "not here", "--json"]);
    assert_eq!(states(&skip("reader").exits(1).json()), json!(["failed", "skipped", "failed"]));
    assert_eq!(states(&skip("account").exits(1).json()), json!(["skipped", "skipped", "failed"]));
    let ended = skip("other").exits(0).json();
    assert_eq!((&ended["state"], &ended["changes"]), (&"succeeded".into(), &0.into()));
    bench.run(&["status", &run]).exits(0).says("skipped (by someone: not here)");
    bench.run(&["logs", &run]).exits(0).says("reader: skipped by someone (not here)");
}

#[test]
fn a_paused_run_says_by_whom_and_why_and_is_stepped_into_without_going_on() {
    let bench = Bench::new();
    notes::write(&bench);
    let run = bench
        .run(&["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "1s", "--json"])
        .exits(6)
        .run();
    let paused = bench.run(&["pause", &run, "--note", "the window is over", "--json"]).exits(0).json();
    assert_eq!(paused["stopped_by"], json!({ "by": "someone", "note": "the window is over" }));
    let why = "paused by someone: the window is over";
    bench.run(&["status", &run]).exits(0).says(why);
    bench.run(&["explain", &run]).exits(0).says(why).says(&format!("footbridge skip {run} second"));

    let skipped = bench.run(&["skip", &run, "second", "--note", "said it on the phone", "--json"]).exits(0);
    assert_eq!(skipped.json()["state"], "paused");
    skipped.warns("stays paused");
    let ended = bench.run(&["resume", &run, "--note", "a new window", "--json"]).exits(0).json();
    assert_eq!((&ended["state"], states(&ended)), (&"succeeded".into(), json!(["done", "skipped"])));
    bench
        .run(&["logs", &run])
        .exits(0)
        .says("someone asked to pause (the window is over)")
        .says("taken up by someone; failed steps start again (a new window)");
}

/// A run of the whole shipped workflow that is stopped before its last step.
fn stopped(bench: &Bench) -> String {
    bench.run(&["plan", "sfb-online", "--target", "sim:lab"]).exits(2);
    let late =
        "fn probe(ctx) { #{ objects: #{} } }\nfn verify(ctx, seen) { not_yet(\"nothing comes\", \"1h\") }\n";
    bench.write("slow/steps/verify_features.rhai", late);
    let run =
        ["run", "sfb-online", "--target", "sim:lab", "--yes", "--layer", "./slow", "--wait", "1s", "--json"];
    bench.run(&run).exits(6).run()
}

#[test]
fn cancel_takes_back_what_was_done_where_it_is_asked_to() {
    let bench = Bench::new();
    let run = stopped(&bench);
    assert_eq!(writes(&bench, "lab").len(), 23);
    // Nobody is here to be asked: it is cancelled, and what an undo would do is shown.
    let shown = bench.run(&["cancel", &run, "--note", "wrong tenant", "--undo", "--json"]).exits(6);
    assert_eq!(shown.json()["undo"]["run"], run.as_str());
    assert_eq!(writes(&bench, "lab").len(), 23);
    bench.run(&["status", &run]).exits(0).says("cancelled by someone: wrong tenant");
    bench.run(&["retry", &run, "verify_features"]).exits(1).warns("FB0402");
    bench.run(&["undo", &run, "--yes"]).exits(0);

    let fresh = world(&bench, "lab").snapshot();
    let run = stopped(&bench);
    bench.run(&["cancel", &run, "--yes"]).exits(3).warns("--undo");
    let undone = bench.run(&["cancel", &run, "--undo", "--yes", "--json"]).exits(0);
    assert_eq!(undone.json()["state"], "undone");
    assert_eq!(world(&bench, "lab").snapshot(), fresh);
}
