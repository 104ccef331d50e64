//! `footbridge doctor RUN` and `--all`: false states are found, each with its mend, and the mend helps.

use std::fs;

use serde_json::Value;

use crate::notes;
use crate::support::Bench;
use crate::targets::LAB;

/// The verdict and the mend of a check; both empty where it was not made.
fn check(found: &Value, area: &str, name: &str) -> (String, String) {
    let checks = found["checks"].as_array().expect("checks");
    let one = checks.iter().find(|one| one["area"] == area && one["name"] == name);
    let text = |key: &str| one.and_then(|one| one[key].as_str()).unwrap_or_default().to_owned();
    (text("verdict"), text("advice"))
}

fn doctor(bench: &Bench, arguments: &[&str], code: i32) -> Value {
    bench.run(&[&["doctor", "--json"], arguments].concat()).exits(code).json()
}

#[test]
fn a_store_in_order_is_so() {
    let bench = Bench::new();
    doctor(&bench, &["--all"], 1); // The bench's folder is open to others.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let found = doctor(&bench, &["--all"], 1);
        let (verdict, mend) = check(&found, "store", "permissions");
        assert_eq!(verdict, "not_so", "{found:#}");
        assert!(mend.starts_with("chmod 700 "), "{mend}");
        fs::set_permissions(bench.state(), fs::Permissions::from_mode(0o700)).expect("its owner may");
    }
    bench.write("targets/lab.toml", LAB);
    bench.run(&["run", "sfb-online", "--target", "lab", "--yes"]).exits(0);
    let found = doctor(&bench, &["--all"], 0);
    assert_eq!(found["verdict"], "so", "{found:#}");
    doctor(&bench, &["latest"], 0);
    bench.run(&["doctor", "--all"]).exits(0).says("store\n").says("checks are so");
    bench.run(&["doctor"]).exits(3);
    bench.run(&["doctor", "latest", "--all"]).exits(3);
    bench.run(&["doctor", "nothing"]).exits(3).warns("FB0401");
}

#[test]
fn a_run_without_an_owner_is_found_and_its_mend_carries_it_on() {
    let bench = Bench::new();
    notes::write_with(&bench, notes::MANIFEST, notes::UNTIL_GO);
    let mut going = bench.start_watched(&["run", "./notes", "--target", "sim:lab", "--yes"]);
    going.wait_for("first: 1 change");
    let run = bench.run(&["status", "--json"]).exits(0).json()["runs"][0]["run"]
        .as_str()
        .expect("an id")
        .to_owned();
    let owned = doctor(&bench, &[&run], 0);
    assert_eq!(check(&owned, &run, "carried on").0, "so", "{owned:#}");
    going.kill();
    let found = doctor(&bench, &[&run], 1);
    let (verdict, mend) = check(&found, &run, "carried on");
    assert_eq!((verdict.as_str(), mend), ("not_so", format!("footbridge resume {run}")), "{found:#}");
    bench.run(&["doctor", &run]).exits(1).says("no process carries it on").says("do: footbridge resume");
}

#[test]
fn a_target_or_a_secret_that_is_gone_is_found_before_the_run_needs_it() {
    let bench = Bench::new();
    let graph = "\n[graph]\nlogin = \"http://127.0.0.1:1\"\nendpoint = \"http://127.0.0.1:1/v1.0\"\n\
                 client_id = \"5e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10\"\nauth = \"client-secret\"\nsecret = { env = \"LAB_SECRET\" }\n";
    notes::write(&bench);
    bench.write("targets/lab.toml", &format!("{LAB}{graph}"));
    let run = ["run", "./notes", "--target", "lab", "--yes", "--wait", "1s", "--json"];
    let run = bench.run(&run).exits(6).run();
    let found = doctor(&bench, &[&run], 1);
    let (verdict, mend) = check(&found, &run, "secret");
    assert_eq!(verdict, "not_so", "{found:#}");
    assert!(mend.contains("set LAB_SECRET"), "{mend}");
    assert_eq!(check(&found, &run, "target").0, "so", "{found:#}");
    let (timer, mend) = check(&found, &run, "timer");
    assert_eq!((timer.as_str(), mend), ("so", format!("then footbridge resume {run}")), "{found:#}");

    let there = bench.command(&["doctor", &run, "--json"]).env("LAB_SECRET", "never-to-be-shown").output();
    let there = there.expect("the binary starts");
    assert_eq!(there.status.code(), Some(0));
    let told = String::from_utf8(there.stdout).expect("text");
    assert!(told.contains("graph.secret can be read") && !told.contains("never-to-be-shown"), "{told}");

    bench.write("targets/lab.toml", &format!("{LAB}{graph}").replace("\"lab\"", "\"other\""));
    let moved = doctor(&bench, &[&run], 1);
    assert_eq!(check(&moved, &run, "target").0, "not_so", "{moved:#}");
    fs::remove_file(bench.files().join("targets/lab.toml")).expect("it was there");
    let gone = doctor(&bench, &[&run], 1);
    assert_eq!(check(&gone, &run, "target").0, "not_so", "{gone:#}");
}

#[test]
fn a_run_that_cannot_be_read_does_not_hide_the_others() {
    let bench = Bench::new();
    notes::write(&bench);
    let arguments = ["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "1s", "--json"];
    let broken = bench.run(&arguments).exits(6).run();
    let payload = fs::read_dir(bench.state().join("payload")).expect("kept files").next();
    fs::remove_file(payload.expect("one").expect("a file").path()).expect("removed");
    let other = bench.run(&["run", "sfb-online", "--target", "sim:other", "--yes", "--json"]).exits(0).run();
    let found = doctor(&bench, &["--all"], 1);
    let (verdict, mend) = check(&found, &broken, "history");
    assert_eq!(verdict, "not_so", "{found:#}");
    assert!(mend.contains("backup"), "{mend}");
    assert_eq!(check(&found, &other, "history").0, "so", "{found:#}");
    fs::write(bench.state().join("FORMAT"), "footbridge store 2\n").expect("written");
    bench.run(&["doctor", "--all"]).exits(1).warns("FB0503").warns("newer footbridge");
}
