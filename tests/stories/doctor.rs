//! `footbridge doctor`: so, not so and cannot tell, with what to do; nothing is written.

use serde_json::Value;

use crate::support::{Bench, Transcript, transcripts, without_numbers};
use crate::targets::LAB;
use crate::world::writes;

/// Of `area/name`: the verdict and what to do.
fn check(found: &Value, area: &str, name: &str) -> (String, String) {
    let checks = found["checks"].as_array().expect("checks");
    let one = checks.iter().find(|one| one["area"] == area && one["name"] == name);
    let one = one.unwrap_or_else(|| panic!("no check {area}/{name} in {found:#}"));
    let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
    (text("verdict"), text("advice"))
}

#[test]
fn a_target_in_order_is_told_from_name_to_permission() {
    let bench = Bench::new();
    bench.write("targets/lab.toml", LAB);
    let found = bench.run(&["doctor", "--target", "lab", "--json"]).exits(0).json();
    assert_eq!((&found["target"], &found["verdict"]), (&"lab".into(), &"so".into()), "{found:#}");
    for (area, name) in [
        ("exchange", "organization"),
        ("exchange", "roles-write"),
        ("metadata", "document"),
        ("graph", "clock"),
        ("graph", "sign-in"),
        ("graph", "service-principal"),
    ] {
        assert_eq!(check(&found, area, name).0, "so", "{found:#}");
    }
    assert_eq!(found["settings"][0]["origin"], "targets/lab.toml:1:10");
    bench
        .run(&["doctor", "--target", "lab"])
        .exits(0)
        .says("exchange.world")
        .says("targets/lab.toml:5:9")
        .says("checks are so");
    assert!(writes(&bench, "lab").is_empty(), "doctor writes nothing");
    bench.run(&["status"]).exits(0).says("no runs yet");
}

#[test]
fn what_is_not_so_says_what_to_do() {
    let bench = Bench::new();
    let begin = |world: &str| {
        bench.run(&["simulate", "reset", "lab", "--world", world]).exits(0);
    };
    begin("sfb-online/wrong-tenant");
    let found = bench.run(&["doctor", "--target", "sim:lab", "--json"]).exits(1).json();
    let (verdict, advice) = check(&found, "graph", "token-tenant");
    assert_eq!((found["verdict"].as_str(), verdict.as_str()), (Some("not_so"), "not_so"), "{found:#}");
    assert!(!advice.is_empty(), "{found:#}");
    let after = found["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .any(|one| one["name"] == "organization" && one["area"] == "graph");
    assert!(!after, "a token of another tenant is used for nothing: {found:#}");

    begin("sfb-online/missing-service-principal");
    let found = bench.run(&["doctor", "--target", "sim:lab", "--json"]).exits(1).json();
    let (verdict, advice) = check(&found, "graph", "service-principal");
    assert_eq!(verdict, "not_so", "{found:#}");
    assert!(!advice.is_empty(), "{found:#}");
    bench.run(&["doctor", "--target", "sim:lab"]).exits(1).says("not so").says("do: ");
}

#[test]
fn another_tenant_than_the_files_is_found_before_anything_else_of_graph() {
    let bench = Bench::new();
    bench.write("targets/lab.toml", &LAB.replace("1d6e9b0f", "2d6e9b0f"));
    let found = bench.run(&["doctor", "--target", "lab", "--json"]).exits(1).json();
    assert_eq!(check(&found, "graph", "tenant-known").0, "not_so", "{found:#}");
    bench.run(&["run", "sfb-online", "--target", "lab", "--yes"]).exits(1);
    assert!(writes(&bench, "lab").is_empty(), "nothing is written for a tenant that does not answer");
}

#[test]
fn a_tenant_nobody_answers_for_is_never_so() {
    let bench = Bench::new();
    let graph = "\n[graph]\nlogin = \"http://127.0.0.1:1\"\nendpoint = \"http://127.0.0.1:1/v1.0\"\n\
                 client_id = \"5e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10\"\nauth = \"client-secret\"\nsecret = { env = \"X\" }\n";
    bench.write("targets/lab.toml", &format!("{LAB}{graph}"));
    let found = bench.run(&["doctor", "--target", "lab", "--json"]).exits(1).json();
    assert_ne!(check(&found, "graph", "login").0, "so", "{found:#}");
    assert_ne!(found["verdict"], "so");
}

#[test]
fn a_target_without_a_server_is_told_as_it_is() {
    let bench = Bench::new();
    bench.write(
        "targets/contoso.toml",
        "tenant = \"1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17\"\n\n[exchange]\nuri = \"https://127.0.0.1:1/PowerShell/\"\n\
         auth = \"basic\"\nuser = \"admin@contoso.com\"\npassword = { env = \"P\" }\n\n[graph]\n\
         login = \"http://127.0.0.1:1\"\nendpoint = \"http://127.0.0.1:1\"\nauth = \"token\"\ntoken = { env = \"T\" }\n",
    );
    let found = bench.run(&["doctor", "--target", "contoso", "--json"]).exits(1).json();
    assert_ne!(found["verdict"], "so", "{found:#}");
    assert_eq!(check(&found, "exchange", "dns").0, "so", "{found:#}");
    let (verdict, advice) = check(&found, "exchange", "tcp");
    assert_eq!(verdict, "not_so", "{found:#}");
    assert!(advice.contains("nobody answers"), "{advice}");
}

#[test]
fn the_guide_shows_what_doctor_prints() {
    let bench = Bench::new();
    bench.write("targets/lab.toml", LAB);
    for (name, world) in [("without", "missing-service-principal"), ("another", "wrong-tenant")] {
        bench.run(&["simulate", "reset", name, "--world", &format!("sfb-online/{world}")]).exits(0);
    }
    let shown =
        [transcripts("guides/connect.md", "--target lab"), transcripts("guides/connect.md", "--target sim:")];
    let shown = shown.concat();
    assert_eq!(shown.len(), 3);
    for Transcript { arguments, told } in shown {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let printed = bench.run(&arguments);
        assert_eq!(without_numbers(&printed.stdout), told, "{}", printed.whole());
    }
}
