//! A run that goes on with other code: compared step by step, approved, pinned, and still undone as a whole.

use serde_json::Value;

use crate::support::{Bench, Outcome, transcripts};
use crate::world::{world, writes};

const RUN: [&str; 6] = ["run", "./roles", "--target", "sim:lab", "--yes", "--json"];

/// Makes one management role, and judges it as `verify` says.
fn step(role: &str, verify: &str) -> String {
    format!(
        r#"fn probe(ctx) {{
    let role = exchange::management_role(#{{ name: "{role}" }});
    #{{ objects: #{{ "management_role:{role}": if role == () {{ () }} else {{ #{{ parent: role.parent }} }} }} }}
}}
fn plan(ctx, seen) {{
    let before = seen.objects["management_role:{role}"];
    if before != () {{ return []; }}
    let after = #{{ parent: "UserApplication" }};
    [#{{ key: "role", target: "management_role:{role}", kind: "create", before: before, after: after }}]
}}
fn apply(ctx, change) {{ exchange::new_management_role(#{{ name: "{role}", parent: "UserApplication" }}) }}
fn verify(ctx, seen) {{ {verify} }}
fn undo(ctx, change, outcome) {{ taking::back("{role}"); }}
"#
    )
}

const GOOD: &str = "()";
/// The mistake of this story: there is no such property.
const BUG: &str = r#"if seen.objects["management_role:Beta"].owner.name == "" { throw "nobody owns it"; }"#;
const LIB: &str = "fn back(name) { exchange::remove_management_role(#{ name: name }); }\n";

/// Steps with what they need, in a manifest of the given version.
fn manifest(version: &str, steps: &[(&str, &[&str])]) -> String {
    let mut text = format!("[workflow]\nid = \"roles\"\nversion = \"{version}\"\ntitle = \"Roles\"\n");
    for (id, needs) in steps {
        text.push_str(&format!("\n[steps.{id}]\ntitle = \"Role {id}\"\nneeds = {needs:?}\n"));
    }
    text
}

fn write(bench: &Bench, folder: &str, manifest: &str, scripts: &[(&str, String)]) {
    bench.write(&format!("{folder}/workflow.toml"), manifest);
    bench.write(&format!("{folder}/lib/taking.rhai"), LIB);
    for (id, script) in scripts {
        bench.write(&format!("{folder}/steps/{id}.rhai"), script);
    }
}

/// Alpha is done, beta has made its role and failed at its own mistake, gamma waits.
fn failed() -> (Bench, String) {
    let bench = Bench::new();
    let needs = manifest("1.0.0", &[("alpha", &[]), ("beta", &["alpha"]), ("gamma", &["beta"])]);
    let scripts =
        [("alpha", step("Alpha", GOOD)), ("beta", step("Beta", BUG)), ("gamma", step("Gamma", GOOD))];
    write(&bench, "roles", &needs, &scripts);
    let run = bench.run(&RUN).exits(1).run();
    (bench, run)
}

fn resumed(bench: &Bench, run: &str, folder: &str, more: &[&str]) -> Outcome {
    bench.run(&[&["resume", run, "--with", folder], more].concat())
}

fn events(bench: &Bench, run: &str) -> Vec<Value> {
    bench.run(&["logs", run, "--json"]).exits(0).json_lines()
}

fn roles(bench: &Bench) -> Vec<String> {
    let snapshot = world(bench, "lab").snapshot();
    let all = snapshot.pointer("/exchange/ManagementRole").and_then(Value::as_object).expect("roles").clone();
    let ours = ["Alpha", "Beta", "Gamma", "Delta"];
    all.keys().filter(|name| ours.contains(&name.as_str())).cloned().collect()
}

fn without_names(text: &str) -> Vec<&str> {
    let named = |line: &&str| !line.contains(" with other code") && !line.starts_with("digest ");
    text.lines().filter(named).collect()
}

#[test]
fn a_mended_script_is_compared_approved_and_carried_on() {
    let (bench, run) = failed();
    let before = (events(&bench, &run), writes(&bench, "lab"));
    bench.run(&["explain", &run]).exits(0).says(&format!("footbridge resume {run} --with FOLDER"));
    bench.write("roles/steps/beta.rhai", &step("Beta", GOOD));

    // As the guide shows it, but for the run's name and the digest.
    let [guide] = transcripts("guides/resume-with.md", "--dry-run").try_into().expect("one transcript");
    let arguments: Vec<&str> = guide.arguments.iter().map(String::as_str).collect();
    let told = bench.run(&arguments).exits(2).stdout;
    assert_eq!(without_names(&told), without_names(&guide.told));

    // Shown, and nothing done: nobody is there to ask, or only looking was asked for.
    let shown = resumed(&bench, &run, "./roles", &[]).exits(6).warns("nobody is here to ask");
    shown
        .says("same     alpha  done")
        .says(
            "changed  beta   script; failed; it begins again, and its undo takes back what was done before:",
        )
        .says("created management_role:Beta (ours, can be taken back)")
        .says("same     gamma  pending")
        .says("2 same, 1 changed")
        .says("done before this plan was made")
        .says("+ create management_role:Gamma");
    let document = resumed(&bench, &run, "./roles", &["--dry-run", "--json"]).exits(2).json();
    assert_eq!(document["comparison"]["steps"][1]["fate"], "changed", "{document}");
    assert_eq!(document["comparison"]["steps"][1]["differs"], serde_json::json!(["script"]));
    assert_eq!(document["differs"], true);
    assert_eq!((events(&bench, &run), writes(&bench, "lab")), before, "looking writes nothing");

    let why = "beta looked for an owner that roles do not have";
    let ended = resumed(&bench, &run, "./roles", &["--yes", "--note", why, "--json"]).exits(0).json();
    assert_eq!((&ended["run"], &ended["state"]), (&Value::from(run.as_str()), &Value::from("succeeded")));
    assert_eq!(roles(&bench), ["Alpha", "Beta", "Gamma"]);
    let logs = bench.run(&["logs", &run]).exits(0);
    let logs = logs.says("goes on with version 1.0.0").says(why);
    let told = logs.stdout.find("goes on with").zip(logs.stdout.rfind("planned: 1 change"));
    assert!(told.is_some_and(|(repinned, planned)| repinned < planned), "{}", logs.whole());

    // Undo takes back what was done before the re-pin and after it.
    bench.run(&["undo", &run, "--yes"]).exits(0);
    assert_eq!(roles(&bench), Vec::<String>::new());
}

#[test]
fn what_a_gone_step_did_is_listed_and_still_taken_back() {
    let (bench, run) = failed();
    // Alpha is gone, and the shared function that its undo calls is another one now.
    let needs = manifest("2.0.0", &[("beta", &[]), ("gamma", &["beta"])]);
    let other = |role: &str| step(role, GOOD).replace("taking::back", "taking::away");
    write(&bench, "next", &needs, &[("beta", other("Beta")), ("gamma", other("Gamma"))]);
    bench.write("next/lib/taking.rhai", &LIB.replace("back", "away"));
    resumed(&bench, &run, "./next", &["--plan"])
        .exits(2)
        .says("version 1.0.0 → 2.0.0")
        .says("gone     alpha  done; what it did stays, and undo still takes it back:")
        .says("created management_role:Alpha (ours, can be taken back)")
        .says("1 change of steps that are gone would stand");
    resumed(&bench, &run, "./next", &["--yes"]).exits(0).says("retired");
    assert_eq!(roles(&bench), ["Alpha", "Beta", "Gamma"], "nothing is undone unasked");
    bench.run(&["verify", &run]).exits(0);
    bench.run(&["undo", &run]).exits(6).says("remove management_role:Alpha");
    bench.run(&["undo", &run, "--yes"]).exits(0);
    assert_eq!(roles(&bench), Vec::<String>::new());
}

#[test]
fn what_is_done_stays_as_it_was_done_and_what_is_new_is_done() {
    let (bench, run) = failed();
    // Alpha's undo is broken in the new version; gamma is called zeta there; delta is new, before all that is done.
    let mut needs = manifest(
        "1.1.0",
        &[("delta", &[]), ("alpha", &["delta"]), ("beta", &["alpha"]), ("zeta", &["beta"])],
    );
    needs.push_str("\n[params.owner]\ntype = \"string\"\nrequired = true\nhelp = \"who owns the roles\"\n");
    let broken = step("Alpha", GOOD).replace("taking::back(\"Alpha\");", "throw \"never\";");
    let delta = step("Delta", "if ctx.params.owner != \"ann\" { throw \"not ann\"; }");
    let scripts =
        [("delta", delta), ("alpha", broken), ("beta", step("Beta", GOOD)), ("zeta", step("Gamma", GOOD))];
    write(&bench, "next", &needs, &scripts);
    let before = events(&bench, &run);
    resumed(&bench, &run, "./next", &["--yes"]).exits(3).warns("FB0112").warns("--var owner=");
    assert_eq!(events(&bench, &run), before);
    let with = ["--var", "owner=ann", "--yes"];
    resumed(&bench, &run, "./next", &with)
        .exits(0)
        .warns("new      delta  will be done, though alpha after it is done already")
        .warns(
            "changed  alpha  script, lib, needs; done already; what differs has no effect on it in this run",
        )
        .warns("moved    zeta   was gamma; pending; its state goes along")
        .warns("parameter owner is new");
    assert_eq!(roles(&bench), ["Alpha", "Beta", "Delta", "Gamma"]);
    bench.run(&["undo", &run, "--yes"]).exits(0);
    assert_eq!(roles(&bench), Vec::<String>::new(), "alpha's own undo was used, not the broken one");
}

#[test]
fn a_plan_that_waits_for_its_approval_is_made_anew() {
    let bench = Bench::new();
    write(&bench, "roles", &manifest("1.0.0", &[("alpha", &[])]), &[("alpha", step("Alpha", GOOD))]);
    let run = bench.run(&["run", "./roles", "--target", "sim:lab", "--json"]).exits(6).run();
    resumed(&bench, &run, "./roles", &["--dry-run"]).exits(0).says("1 same");
    bench.write("roles/steps/alpha.rhai", &step("Beta", GOOD));
    let old = bench.run(&["explain", &run, "--json"]).exits(0).json()["plan"]["digest"].clone();
    let ended = resumed(&bench, &run, "./roles", &["--yes", "--json"]).exits(0).json();
    assert_ne!(ended["plan"], old, "the approval is of the new plan");
    assert_eq!(roles(&bench), ["Beta"]);
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_written() {
    let (bench, run) = failed();
    let before = (events(&bench, &run), writes(&bench, "lab"));
    let all = [("alpha", &[][..]), ("beta", &["alpha"][..]), ("gamma", &["beta"][..])];
    let scripts =
        [("alpha", step("Alpha", GOOD)), ("beta", step("Beta", GOOD)), ("gamma", step("Gamma", GOOD))];

    crate::notes::write(&bench);
    resumed(&bench, &run, "./notes", &["--yes"]).exits(1).warns("FB0417").warns("not of 'notes'");
    bench.run(&["resume", &run, "--yes"]).exits(3).warns("--with");
    write(&bench, "mute", &manifest("2.0.0", &all), &scripts);
    bench.write("mute/steps/gamma.rhai", &step("Gamma", "exchange::shout(#{})"));
    resumed(&bench, &run, "./mute", &["--yes"]).exits(4).warns("exchange::shout");

    // Mended half-way: the same key for a further change of the same role.
    write(&bench, "again", &manifest("2.0.0", &all), &scripts);
    let further = step("Beta", GOOD)
        .replace("if before != () { return []; }", "if before?.parent == \"Mine\" { return []; }")
        .replace("let after = #{ parent: \"UserApplication\" };", "let after = #{ parent: \"Mine\" };")
        .replace("kind: \"create\"", "kind: \"update\"");
    bench.write("again/steps/beta.rhai", &further);
    resumed(&bench, &run, "./again", &["--dry-run"]).exits(2).says("FB0418");
    resumed(&bench, &run, "./again", &["--yes"]).exits(1).warns("FB0418").warns("a key of its own");
    assert_eq!((events(&bench, &run), writes(&bench, "lab")), before);

    // A run that is over.
    write(&bench, "roles", &manifest("1.0.0", &all), &scripts);
    resumed(&bench, &run, "./roles", &["--yes"]).exits(0);
    resumed(&bench, &run, "./again", &["--yes"]).exits(1).warns("FB0417").warns("has succeeded");
    bench.run(&["undo", &run, "--yes"]).exits(0);
    resumed(&bench, &run, "./again", &["--yes"]).exits(1).warns("FB0417").warns("was undone");
}
