//! A step whose plan needs what only the server will know: shown as such, and approved by its own gate once it is known.

use crate::support::Bench;

const MANIFEST: &str = r#"[workflow]
id = "two"
version = "1.0.0"
title = "Two accounts"

[steps.first]
title = "First account"

[steps.second]
title = "Second account, named after the first one's guid"
needs = ["first"]
with = { guid = "steps.first.guid" }
"#;

const FIRST: &str = r#"fn probe(ctx) {
    let account = exchange::mail_user(#{ name: "First" });
    #{ objects: #{ "mail_user:First": if account == () { () } else { #{ guid: account.guid } } } }
}
fn plan(ctx, seen) {
    if seen.objects["mail_user:First"] != () { return []; }
    [#{ key: "create", target: "mail_user:First", kind: "create", before: (), after: #{ guid: unknown("guid") } }]
}
fn apply(ctx, change) {
    let made = exchange::new_mail_user(#{ name: "First", external_email_address: "first@contoso.com" });
    #{ guid: made.guid }
}
fn outputs(ctx, seen) { #{ guid: seen.objects["mail_user:First"].guid } }
fn undo(ctx, change, outcome) { exchange::remove_mail_user(#{ guid: outcome.guid }); }
"#;

const SECOND: &str = r#"fn name(ctx) { "Second-" + ctx.inputs.guid.sub_string(0, 8) }
fn probe(ctx) {
    let account = exchange::mail_user(#{ name: name(ctx) });
    let objects = #{};
    objects["mail_user:" + name(ctx)] = if account == () { () } else { #{ name: name(ctx) } };
    #{ objects: objects }
}
fn plan(ctx, seen) {
    let target = "mail_user:" + name(ctx);
    if seen.objects[target] != () { return []; }
    [#{ key: "create", target: target, kind: "create", before: (), after: #{ name: name(ctx) } }]
}
fn apply(ctx, change) {
    let made = exchange::new_mail_user(#{ name: name(ctx), external_email_address: "second@contoso.com" });
    #{ made: made.guid }
}
fn undo(ctx, change, outcome) { exchange::remove_mail_user(#{ guid: outcome.made }); }
"#;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("two/workflow.toml", MANIFEST);
    bench.write("two/steps/first.rhai", FIRST);
    bench.write("two/steps/second.rhai", SECOND);
    bench
}

#[test]
fn it_is_shown_as_known_later_and_held_until_a_person_approves() {
    let bench = bench();
    bench.run(&["check", "./two"]).exits(0);
    let planned = bench.run(&["plan", "./two", "--target", "sim:lab", "--json"]).exits(2).json();
    let digest = planned["digest"].as_str().expect("a digest").to_owned();
    bench.run(&["plan", "./two", "--target", "sim:lab"]).exits(2).says("known after first.guid");

    bench.run(&["run", "./two", "--target", "sim:lab", "--plan", &digest]).exits(6);
    bench.run(&["explain", "latest"]).exits(0).says("second");
    let status = bench.run(&["status", "latest", "--json"]).exits(0).json();
    assert_eq!(status["runs"][0]["steps"][0]["state"], "done");
    assert_eq!(status["runs"][0]["steps"][1]["state"], "held");

    bench.run(&["approve", "latest", "second"]).exits(0).says("succeeded");
    bench.run(&["verify", "latest"]).exits(0);
    bench.run(&["undo", "latest", "--yes"]).exits(0).says("undone");
    bench.run(&["plan", "./two", "--target", "sim:lab"]).exits(2);
}

#[test]
fn whoever_says_yes_beforehand_is_not_asked_again() {
    let bench = bench();
    bench.run(&["run", "./two", "--target", "sim:lab", "--yes"]).exits(0).says("succeeded");
    bench.run(&["run", "./two", "--target", "sim:lab", "--yes"]).exits(0);
    bench.run(&["plan", "./two", "--target", "sim:lab"]).exits(0);
}
