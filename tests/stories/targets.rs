//! A target with a file: found by name or path, judged, used for the whole job, and bound to each run.

use crate::notes;
use crate::support::Bench;

pub(crate) const LAB: &str = r#"tenant = "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17"

[exchange]
transport = "sim"
world = "lab"
"#;

/// A whole file of a real organisation; nothing of it is reached by being read.
const CONTOSO: &str = r#"tenant = "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17"

[exchange]
transport = "remote"
uri = "https://ex01.contoso.com/PowerShell/"
auth = "basic"
user = "admin@contoso.com"
password = { env = "CONTOSO_EXCHANGE_PASSWORD" }

[graph]
client_id = "5e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10"
auth = "client-secret"
secret = { env = "CONTOSO_GRAPH_SECRET" }
"#;

#[test]
fn the_six_steps_against_a_target_file() {
    let bench = Bench::new();
    bench.write("targets/lab.toml", LAB);
    let ended = bench.run(&["run", "sfb-online", "--target", "lab", "--yes", "--json"]).exits(0).json();
    assert_eq!(
        (&ended["state"], &ended["target"], &ended["changes"]),
        (&"succeeded".into(), &"lab".into(), &23.into())
    );
    bench.run(&["verify", "latest"]).exits(0);
    let planned =
        bench.run(&["plan", "sfb-online", "--target", "targets/lab.toml", "--json"]).exits(0).json();
    assert_eq!((&planned["target"], &planned["has_changes"]), (&"lab".into(), &false.into()));
    bench.run(&["undo", "latest", "--yes", "--json"]).exits(0);
}

#[test]
fn a_plan_that_was_read_is_the_one_that_is_run() {
    let bench = Bench::new();
    bench.write("targets/lab.toml", LAB);
    let planned = bench.run(&["plan", "sfb-online", "--target", "lab", "--json"]).exits(2).json();
    let digest = planned["digest"].as_str().expect("a digest");
    let stands_for = planned["target_is"].as_str().expect("what is approved");
    assert!(stands_for.contains("1d6e9b0f") && stands_for.contains("the simulated world lab"), "{planned}");
    // Another world under the same name looks the same, and is another target all the same.
    bench.write("targets/lab.toml", &LAB.replace("\"lab\"", "\"other\""));
    bench.run(&["run", "sfb-online", "--target", "lab", "--plan", digest]).exits(8).warns("FB0302");
    bench.write("targets/lab.toml", LAB);
    bench.run(&["run", "sfb-online", "--target", "lab", "--plan", digest]).exits(0);
}

#[test]
fn a_file_is_found_in_the_folder_one_works_in_and_then_in_the_configuration() {
    let bench = Bench::new();
    let configured = bench.state().with_file_name("home").join(".config/footbridge/targets");
    std::fs::create_dir_all(&configured).expect("a folder of targets");
    std::fs::write(configured.join("lab.toml"), LAB.replace("\"lab\"", "\"far\"")).expect("a target file");
    let settings = |found: serde_json::Value| found["settings"][2]["value"].as_str().map(str::to_owned);
    let doctor = ["doctor", "--target", "lab", "--json"];
    assert_eq!(settings(bench.run(&doctor).exits(0).json()).as_deref(), Some("far"));
    bench.write("targets/lab.toml", LAB);
    assert_eq!(settings(bench.run(&doctor).exits(0).json()).as_deref(), Some("lab"));
}

#[test]
fn every_mistake_in_a_file_is_told_at_its_place() {
    let bench = Bench::new();
    bench.write(
        "targets/contoso.toml",
        &CONTOSO
            .replace("password =", "passwort =")
            .replace("auth = \"client-secret\"", "auth = \"device-code\""),
    );
    for verb in [&["plan", "sfb-online"][..], &["run", "sfb-online", "--yes"], &["doctor"]] {
        let told = bench.run(&[verb, &["--target", "contoso"]].concat()).exits(3);
        told.warns("FB0903")
            .warns("targets/contoso.toml:8:1")
            .warns("[exchange] has no key 'passwort'")
            .warns("did you mean 'password'?")
            .warns("lacks 'password'")
            .warns("targets/contoso.toml:13:1")
            .warns("'secret' is for auth = \"client-secret\"");
    }
    let errors = bench.run(&["plan", "sfb-online", "--target", "contoso", "--json"]).exits(3).json();
    assert_eq!(errors["errors"].as_array().map(Vec::len), Some(3), "{errors}");
}

#[test]
fn a_secret_in_the_file_is_refused_and_repeated_nowhere() {
    let bench = Bench::new();
    bench.write(
        "targets/contoso.toml",
        &CONTOSO.replace("{ env = \"CONTOSO_EXCHANGE_PASSWORD\" }", "\"Hunter2-Sommer\""),
    );
    for json in [&[][..], &["--json"]] {
        let told = bench.run(&[&["doctor", "--target", "contoso"][..], json].concat()).exits(3);
        assert!(!told.whole().contains("Hunter2"), "{}", told.whole());
        assert!(told.whole().contains("a secret is never written into a target file"), "{}", told.whole());
    }
}

#[test]
fn a_password_never_travels_in_the_clear_to_another_machine() {
    let bench = Bench::new();
    for (text, why) in [
        (CONTOSO.replace("https://ex01", "http://ex01"), "plain http"),
        (CONTOSO.replace("https://ex01.contoso.com", "http://127.0.0.1:8080"), "in the clear"),
        (CONTOSO.replace("[graph]", "[graph]\nlogin = \"http://login.contoso.com\""), "plain http"),
        (CONTOSO.replace("https://ex01", "https://admin:Hunter2-Sommer@ex01"), "user name or password"),
    ] {
        bench.write("targets/contoso.toml", &text);
        let told =
            bench.run(&["plan", "sfb-online", "--target", "contoso"]).exits(3).warns("FB0903").warns(why);
        assert!(!told.whole().contains("Hunter2"), "{}", told.whole());
    }
}

#[test]
fn a_target_nobody_knows_brings_the_nearest_to_mind() {
    let bench = Bench::new();
    bench.write("targets/contoso.toml", CONTOSO);
    for (typed, hint) in [
        ("contosso", "did you mean 'contoso'?"),
        ("simulator", "did you mean 'sim'?"),
        ("fabrikam", "known here: contoso, sim"),
        ("./fabrikam.toml", "path of a target file"),
    ] {
        bench.run(&["plan", "sfb-online", "--target", typed]).exits(3).warns("FB0901").warns(hint);
    }
}

#[test]
fn a_run_goes_on_from_any_folder_and_never_elsewhere() {
    let bench = Bench::new();
    notes::write(&bench);
    bench.write("targets/lab.toml", LAB);
    let run = ["run", "./notes", "--target", "lab", "--yes", "--wait", "1s", "--json"];
    let id = bench.run(&run).exits(6).run();
    // The name is looked for nowhere again: the run knows its file.
    let elsewhere = bench.state().with_file_name("home");
    let resumed = bench.command(&["resume", &id, "--wait", "1s"]).current_dir(&elsewhere).output();
    assert_eq!(resumed.expect("the binary starts").status.code(), Some(6));

    bench.write("targets/lab.toml", &LAB.replace("\"lab\"", "\"other\""));
    bench
        .run(&["resume", &id, "--wait", "1s"])
        .exits(3)
        .warns("FB0903")
        .warns("is not the one that run")
        .warns("the simulated world lab")
        .warns("the simulated world other");
    assert!(
        !bench.state().join("sim/other.json").exists() || crate::world::writes(&bench, "other").is_empty()
    );

    bench.write("targets/lab.toml", LAB);
    bench.run(&["resume", &id, "--wait", "1s"]).exits(6);
    bench.run(&["cancel", &id]).exits(0).says("cancelled");
}
