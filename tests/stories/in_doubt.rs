//! Writes whose answers are lost: settled by looking where that can tell, otherwise by a person who is told everything.

use serde_json::json;
use sim::{Act, Faults, Injection};

use crate::support::{Bench, Outcome};
use crate::world::{world, writes};

/// An action: it leaves nothing that could be looked at.
const ACTION: &str = r#"fn apply(ctx, change) {
    let made = exchange::new_mail_user(#{ name: "Told", external_email_address: "told@contoso.com" });
    #{ guid: made.guid }
}
"#;

/// The same as a wanted state, which can be looked at.
const STATE: &str = r#"fn probe(ctx) {
    let account = exchange::mail_user(#{ name: "Told" });
    #{ objects: #{ "mail_user:Told": if account == () { () } else { #{ name: account.name } } } }
}
fn plan(ctx, seen) {
    if seen.objects["mail_user:Told"] != () { return []; }
    [#{ key: "create", target: "mail_user:Told", kind: "create", before: (), after: #{ name: "Told" } }]
}
fn apply(ctx, change) {
    exchange::new_mail_user(#{ name: "Told", external_email_address: "told@contoso.com" });
    #{}
}
"#;

fn write(bench: &Bench, script: &str) {
    let head = "[workflow]\nid = \"told\"\nversion = \"1.0.0\"\ntitle = \"Told\"\n";
    bench.write("told/workflow.toml", &format!("{head}\n[steps.tell]\ntitle = \"Tell\"\n"));
    bench.write("told/steps/tell.rhai", script);
    bench.run(&["plan", "./told", "--target", "sim:lab"]).exits(2);
}

fn fail(bench: &Bench, act: Act) {
    let injection = Injection { on: "New-MailUser".into(), nth: 1, times: 1, act };
    let plan = Faults { injections: vec![injection], ..Faults::default() };
    world(bench, "lab").faults(plan).expect("a plan of faults");
}

fn run(bench: &Bench) -> Outcome {
    bench.run(&["run", "./told", "--target", "sim:lab", "--yes", "--json"])
}

#[test]
fn every_way_to_lose_an_answer_is_settled_by_looking() {
    let error = |after_effect| Act::ServerError { status: 503, after_effect };
    for (act, settled) in [
        (Act::TimeoutBefore, "it did not take effect"),
        (Act::TimeoutAfter, "it took effect"),
        (Act::Cut { after_effect: false }, "it did not take effect"),
        (Act::Cut { after_effect: true }, "it took effect"),
        (error(true), "it took effect"),
    ] {
        let bench = Bench::new();
        write(&bench, STATE);
        let way = format!("{act:?}");
        fail(&bench, act);
        let run = run(&bench).exits(0).run();
        assert_eq!(writes(&bench, "lab"), ["New-MailUser MailUser/Told"], "{way}");
        let logs = bench.run(&["logs", &run]).exits(0).says("tell: create: in doubt: ").stdout;
        let told = format!("tell: create: settled by looking: {settled}");
        assert!(logs.contains(&told), "{way}: {logs}");
    }
}

/// A run whose action did its work, and whose answer was lost.
fn asked(bench: &Bench) -> String {
    write(bench, ACTION);
    fail(bench, Act::Cut { after_effect: true });
    run(bench).exits(7).run()
}

#[test]
fn a_person_who_must_decide_is_told_everything_everywhere() {
    let bench = Bench::new();
    let run = asked(&bench);
    let what = "tell: run run:tell by exchange::new_mail_user";
    let status = bench.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["runs"][0]["state"], "in-doubt");
    let doubt = &status["runs"][0]["doubts"][0];
    assert_eq!((&doubt["step"], &doubt["function"]), (&"tell".into(), &"exchange::new_mail_user".into()));
    assert_eq!((&doubt["looks"], &doubt["settled_by"]["by"]), (&0.into(), &"person".into()));
    assert!(doubt["sent"].is_u64() && doubt["why"].as_str().is_some_and(|why| !why.is_empty()), "{doubt}");
    let choices: Vec<_> =
        doubt["choices"].as_array().expect("choices").iter().map(|one| one["choice"].clone()).collect();
    assert_eq!(json!(choices), json!(["retry", "done", "abort"]));

    bench.run(&["status"]).exits(0).says(&format!("in doubt: {what}, sent "));
    let explained = bench.run(&["explain", &run, "--json"]).exits(0).json();
    assert!(explained["doubts"][0]["sent"].as_str().is_some_and(|at| at.ends_with('Z')), "{explained}");
    for told in [
        bench.run(&["status", &run]).exits(0).stdout,
        bench.run(&["explain", &run]).exits(0).stdout,
        bench.run(&["logs", &run]).exits(0).stderr,
        bench.run(&["report", &run]).exits(0).says("What is in doubt").stdout.clone(),
    ] {
        for part in [
            what,
            "its answer is not known: ",
            "looking cannot tell, you decide: an action leaves nothing behind",
            &format!("footbridge approve {run} tell --retry"),
            "it is done twice: the action happens a second time",
            &format!("footbridge approve {run} tell --done --note"),
            "an undo will ask before it takes the change back",
            &format!("footbridge approve {run} tell --abort --note"),
            "What was written stays",
        ] {
            assert!(told.contains(part), "'{part}' is missing in:\n{told}");
        }
    }
    bench
        .run(&["logs", &run])
        .exits(0)
        .says("tell: run: only a person can tell: an action leaves nothing behind");
    // Nobody goes round the decision by stepping in at the step.
    for verb in ["skip", "done"] {
        bench.run(&[verb, &run, "tell", "--note", "enough"]).exits(7).warns("FB0406").warns("--abort");
    }
}

#[test]
fn each_choice_causes_what_it_says() {
    for (choice, exit, steps, sent) in [
        (["--done", "--note", "seen in the console"].as_slice(), 0, "done", 1),
        (["--abort", "--note", "not worth it"].as_slice(), 1, "failed", 1),
        // Done twice: the first did its work, and the target refuses the second.
        (["--retry"].as_slice(), 1, "failed", 2),
    ] {
        let bench = Bench::new();
        let run = asked(&bench);
        let arguments = [&["approve", &run, "tell", "--json"], choice].concat();
        let ended = bench.run(&arguments).exits(exit).json();
        assert_eq!(ended["steps"][0]["state"], steps, "{choice:?}");
        assert_eq!(ended["doubts"], json!(null), "{choice:?}");
        assert_eq!(writes(&bench, "lab"), ["New-MailUser MailUser/Told"], "{choice:?}");
        let logs = bench.run(&["logs", &run]).exits(0).stdout;
        assert_eq!(logs.matches("about to call exchange::new_mail_user").count(), sent, "{logs}");
    }
}

/// The answer came, and then the script ran into its limit: what was written is known and is not written again.
#[test]
fn a_phase_that_never_ends_after_its_write_has_written_once() {
    let bench = Bench::new();
    bench.run(&["plan", "sfb-online", "--target", "sim:lab"]).exits(2);
    let fresh = world(&bench, "lab").snapshot();
    let shipped = include_str!("../../workflows/sfb-online/steps/role_assignment.rhai");
    let endless = shipped.replacen("    #{ name: made.name }\n", "    loop { }\n", 1);
    assert_ne!(shipped, endless);
    bench.write("contoso/steps/role_assignment.rhai", &endless);
    let run = ["run", "sfb-online", "--target", "sim:lab", "--layer", "./contoso", "--yes", "--json"];
    let run = bench.run(&run).exits(1).warns("FB0204").run();
    let assigned = |bench: &Bench| {
        let written = writes(bench, "lab");
        written.iter().filter(|write| write.contains("New-ManagementRoleAssignment")).count()
    };
    assert_eq!(assigned(&bench), 1);
    bench.run(&["resume", &run]).exits(0);
    assert_eq!(assigned(&bench), 1, "it was found");
    bench.run(&["undo", &run, "--yes"]).exits(0);
    assert_eq!(world(&bench, "lab").snapshot(), fresh);
}
