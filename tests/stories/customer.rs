//! A customer's own folder over a shipped workflow, and a customer's own workflow.

use crate::notes;
use crate::support::Bench;
use crate::world::world;

const WITH: [&str; 2] = ["--layer", "./contoso"];
const PLAN: [&str; 6] = ["plan", "sfb-online", "--target", "sim:lab", "--layer", "./contoso"];

#[test]
fn a_layer_sets_parameters_and_replaces_a_step() {
    let bench = Bench::new();
    bench.write("contoso/overlay.toml", "[params]\nrole_name = \"ContosoTeams\"\n");
    bench.write("contoso/steps/verify_features.rhai", "fn apply(ctx, change) { #{ by: \"contoso\" } }\n");
    let check = bench.run(&["check", "sfb-online", WITH[0], WITH[1], "--json"]).exits(0).json();
    assert_eq!(check["overruled"][0]["step"], "verify_features");
    bench
        .run(&PLAN)
        .exits(2)
        .says("./contoso/steps/verify_features.rhai (./contoso)")
        .says("workflows/sfb-online/steps/application_role.rhai (shipped)")
        .says("+ create management_role:ContosoTeams");
    let ended = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes", WITH[0], WITH[1]]).exits(0);
    ended.warns("ContosoTeams").warns("contoso");
    let snapshot = world(&bench, "lab").snapshot();
    assert!(snapshot.pointer("/exchange/ManagementRole/ContosoTeams").is_some());
    assert!(snapshot.pointer("/exchange/ManagementRole/TeamsApp").is_none());
}

#[test]
fn the_command_line_wins_over_a_layer_and_the_environment_names_layers_too() {
    let bench = Bench::new();
    bench.write("contoso/overlay.toml", "[params]\nrole_name = \"ContosoTeams\"\n");
    bench.write("values.toml", "role_name = \"FromFile\"\naccount_name = \"Bridge\"\n");
    let with = |more: &[&'static str]| [&PLAN[..], more].concat();
    bench.run(&with(&["--var", "role_name=Typed"])).exits(2).says("create management_role:Typed");
    bench
        .run(&with(&["--var-file", "values.toml"]))
        .exits(2)
        .says("create management_role:FromFile")
        .says("create mail_user:Bridge");
    let output = bench
        .command(&["plan", "sfb-online", "--target", "sim:lab"])
        .env("FOOTBRIDGE_LAYERS", "contoso")
        .output()
        .expect("the binary starts");
    assert!(String::from_utf8_lossy(&output.stdout).contains("management_role:ContosoTeams"));
}

#[test]
fn a_layer_with_an_unknown_key_is_refused_with_its_place() {
    let bench = Bench::new();
    bench.write("contoso/overlay.toml", "[params]\nrole_name = \"Contoso\"\n\n[parms]\nx = 1\n");
    bench
        .run(&["check", "sfb-online", WITH[0], WITH[1]])
        .exits(4)
        .warns("FB0113")
        .warns("contoso/overlay.toml:4:2")
        .warns("parms")
        .warns("did you mean 'params'?");
    bench.write("contoso/overlay.toml", "[params]\nrole_nam = \"Contoso\"\n");
    let told =
        bench.run(&["check", "sfb-online", WITH[0], WITH[1]]).exits(4).warns("contoso/overlay.toml:2:1");
    told.warns("FB0110").warns("did you mean 'role_name'?");
    bench.run(&["check", "sfb-online", "--layer", "./nowhere"]).exits(4).warns("FB0113").warns("./nowhere");
    bench.run(&PLAN).exits(4).warns("FB0110");
    assert!(!bench.state().join("sim/lab.json").exists(), "a refused layer touches no target");
}

#[test]
fn a_layer_that_breaks_the_contract_is_refused_before_anything_runs() {
    let bench = Bench::new();
    bench.write(
        "contoso/steps/verify_features.rhai",
        "fn probe(ctx) {\n    exchange::remove_mail_user(#{ guid: \"x\" });\n    #{ objects: #{} }\n}\n",
    );
    bench
        .run(&["check", "sfb-online", WITH[0], WITH[1]])
        .exits(4)
        .warns("FB0303")
        .warns("contoso/steps/verify_features.rhai:2");
}

#[test]
fn a_workflow_of_ones_own_is_named_by_its_path() {
    let bench = Bench::new();
    notes::write(&bench);
    bench.run(&["check", "./notes"]).exits(0).says("notes 1.0.0 is in order: 2 steps");
    bench.run(&["check", "notes"]).exits(3).warns("FB0109").warns("write ./notes");
    bench.run(&["plan", "./notes", "--target", "sim:lab"]).exits(2).says("./notes/steps/first.rhai");
    let ended = bench.run(&["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "1s", "--json"]);
    let document = ended.exits(6).json();
    assert_eq!((&document["workflow"], &document["state"]), (&"notes".into(), &"waiting".into()));
    assert!(document["next"]["at"].is_string(), "{document}");
    bench.run(&["cancel", "latest"]).exits(0).says("cancelled");
}

#[test]
fn a_layer_replaces_a_shared_function() {
    let bench = Bench::new();
    notes::write_with(&bench, notes::MANIFEST, "fn apply(ctx, change) { #{ said: wording::greeting() } }\n");
    bench.write("notes/lib/wording.rhai", "fn greeting() { \"hello\" }\n");
    bench.write("contoso/lib/wording.rhai", "fn greeting() { \"grüezi\" }\n");
    let run = ["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "1s"];
    for (layer, said) in [(&[][..], "hello"), (&WITH[..], "grüezi")] {
        bench.run(&[&run[..], layer].concat()).exits(6);
        let records = bench.run(&["logs", "latest", "--json"]).exits(0);
        assert!(records.stdout.contains(said), "{}", records.whole());
    }
}
