//! `footbridge audit secrets`: the whole job with marked secrets leaves none of them anywhere, and one that is planted is
//! found wherever it lies.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::support::{Bench, Going, Outcome};
use crate::targets::LAB;
use crate::world::other_admin;

/// Two secrets that stand nowhere else, with letters that most ways of writing change.
const SECRET: &str = "Mk1-\"q8&Zr<never>/+'tobeseen=7Y";
const WRITER: &str = "Mk2-\"w3&Xt<nowhere>/+'tobeseen=9K";

/// A tenant that is reached over HTTP with two marked client secrets; Exchange is the world `lab` of the binary itself.
fn marked(bench: &Bench, cloud: &mut Going) {
    let address = |line: String| line.split_once(": ").expect("a name and an address").1.to_owned();
    let login = address(cloud.wait_for("sign-in: "));
    let graph = address(cloud.wait_for("graph: "));
    let text = format!(
        "{LAB}\n[graph]\nlogin = \"{login}\"\nendpoint = \"{graph}/v1.0\"\n\
         client_id = \"5e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10\"\nauth = \"client-secret\"\nsecret = {{ env = \"LAB_SECRET\" }}\n\
         [graph.write]\nclient_id = \"6e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10\"\nauth = \"client-secret\"\n\
         secret = {{ env = \"LAB_WRITER\" }}\n"
    );
    bench.write("targets/lab.toml", &text);
}

fn spent(bench: &Bench, arguments: &[&str]) -> Outcome {
    let mut command = bench.command(arguments);
    let output = command.env("LAB_SECRET", SECRET).env("LAB_WRITER", WRITER).output();
    Outcome::new(arguments, output.expect("the binary starts"))
}

/// Whether the bytes hold the secret, looked for by means of this test's own.
fn holds(bytes: &[u8], secret: &str) -> bool {
    let percent: String = secret
        .bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") }
            },
        )
        .collect();
    let json = serde_json::to_string(secret).expect("a text has a JSON form");
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let inner = |text: String| text.as_bytes()[4..text.len() - 4].to_vec();
    let mut written =
        vec![secret.as_bytes().to_vec(), percent.into_bytes(), json.trim_matches('"').into(), wide];
    // A few letters at both ends depend on what stands beside them.
    written.extend(["", "a", "ab"].map(|before| inner(STANDARD.encode(format!("{before}{secret}")))));
    written.extend(["", "a", "ab"].map(|before| inner(URL_SAFE_NO_PAD.encode(format!("{before}{secret}")))));
    written.iter().any(|part| bytes.windows(part.len()).any(|window| window == part))
}

fn walk(folder: &Path, look: &mut dyn FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).expect("a folder of the bench").flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, look);
        } else if path.is_file() {
            look(&path, &fs::read(&path).expect("a file of the bench"));
        }
    }
}

#[test]
fn the_whole_job_with_marked_secrets_leaves_them_nowhere() {
    let bench = Bench::new();
    let mut cloud = bench.start(&["simulate", "--name", "cloud", "--faults", "flaky"]);
    marked(&bench, &mut cloud);
    let mut said = Vec::new();
    let mut run = |arguments: &[&str]| {
        let outcome = spent(&bench, arguments);
        said.push(outcome.whole());
        outcome
    };
    run(&["doctor", "--target", "lab"]);
    run(&["plan", "sfb-online", "--target", "lab", "--commands"]).exits(2);

    // Killed in the middle of its work, on a tenant that fails every tenth request.
    bench.write("slow/steps/verify_features.rhai", crate::notes::UNTIL_GO);
    let mut command = bench.command(&["run", "sfb-online", "--target", "lab", "--yes", "--layer", "./slow"]);
    command.env("LAB_SECRET", SECRET).env("LAB_WRITER", WRITER);
    let mut going = bench.go(command);
    going.wait_for("verify_features: 1 change");
    going.kill();
    run(&["explain", "latest"]);
    let go = serde_json::json!({ "Name": "Go", "ExternalEmailAddress": "go@contoso.com" });
    other_admin(&bench, "lab", "New-MailUser", go);
    // A wrong secret on the way: what the tenant answers must not repeat it.
    let wrong =
        bench.command(&["verify", "latest"]).env("LAB_SECRET", WRITER).env("LAB_WRITER", SECRET).output();
    said.push(Outcome::new(&["verify", "latest"], wrong.expect("the binary starts")).whole());
    let mut run = |arguments: &[&str]| {
        let outcome = spent(&bench, arguments);
        said.push(outcome.whole());
        outcome
    };
    for _ in 0..20 {
        let state = run(&["resume", "latest", "--json"]).json()["state"].clone();
        if state == "succeeded" {
            break;
        }
    }
    run(&["status", "latest"]).exits(0).says("succeeded");
    run(&["logs", "latest"]).exits(0).says("taken up by");
    run(&["logs", "latest", "--json"]).exits(0);
    run(&["status", "--json"]).exits(0);
    run(&["explain", "latest", "--json"]).exits(0);
    run(&["doctor", "--all", "--json"]);
    run(&["verify", "latest", "--json"]);
    run(&["export", "latest", "run.jsonl"]).exits(0);
    run(&["evidence", "latest", "-o", "run.html"]).exits(0);
    run(&["graph", "--run", "latest", "--format", "svg"]).exits(0);
    for form in ["text", "markdown", "html"] {
        run(&["report", "latest", "--format", form]).exits(0);
    }
    let clean = run(&["audit", "secrets", "latest", "--json"]).exits(0).json();
    run(&["audit", "secrets", "--all"]).exits(0).says("for 2 secret values in 10 forms").says("clean");
    run(&["undo", "latest", "--yes"]);
    run(&["audit", "secrets", "--all"]).exits(0);

    assert_eq!(clean["verdict"], "clean", "{clean:#}");
    let names: Vec<&Value> =
        clean["looked_for"].as_array().expect("a list").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["graph.secret", "graph.write.secret"]);
    assert!(clean["looked_at"]["files"].as_u64().is_some_and(|files| files > 5), "{clean:#}");
    let mut files = 0;
    for secret in [SECRET, WRITER] {
        assert!(holds(format!("x {secret}").as_bytes(), secret), "this test can find it");
        for told in &said {
            assert!(!holds(told.as_bytes(), secret), "{told}");
        }
        walk(bench.files().parent().expect("the bench's own folder"), &mut |path, bytes| {
            assert!(!holds(bytes, secret), "a secret is kept in {}", path.display());
            files += 1;
        });
    }
    assert!(files > 20, "only {files} files looked at");
}

/// Where the audit found the secret `graph.secret`, and in which form.
fn places(found: &Value) -> Vec<(String, String)> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let findings = found["findings"].as_array().expect("findings");
    let ours = findings.iter().filter(|one| one["value"] == "graph.secret");
    ours.map(|one| (text(one, "place"), text(one, "form"))).collect()
}

#[test]
fn a_planted_secret_is_found_in_each_place_and_form_and_not_repeated() {
    let bench = Bench::new();
    let mut cloud = bench.start(&["simulate", "--name", "cloud"]);
    marked(&bench, &mut cloud);
    let run = spent(&bench, &["run", "sfb-online", "--target", "lab", "--yes", "--json"]).exits(0).run();
    spent(&bench, &["audit", "secrets", &run]).exits(0);

    // A person types it into a note and gives a file that holds it, in a process that does not know it as a secret.
    bench.write("notes.txt", &format!("{} is what I used", STANDARD.encode(format!("admin:{SECRET}"))));
    let note = format!("I signed in with {SECRET}");
    let answer = [
        "approve",
        &run,
        "verify_features",
        "--answer",
        "voicemail=yes",
        "--note",
        &note,
        "--evidence",
        "notes.txt",
    ];
    bench.run(&answer).exits(0);
    // Somebody copies things beside the store's own.
    let state = bench.state();
    let wide: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(state.join("sim/copy.bin"), [&b"\0\x01"[..], &wide].concat()).expect("planted");
    let page = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")];
    let page = page.iter().fold(SECRET.to_owned(), |text, (plain, escaped)| text.replace(plain, escaped));
    fs::write(state.join("page.html"), page).expect("planted");
    let hex = SECRET.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02X}"));
    fs::write(
        state.join("trace.log"),
        format!("{hex}\nAuthorization: Basic {}\n", STANDARD.encode("admin:hunter2")),
    )
    .expect("planted");
    fs::write(state.join("key.pem"), "-----BEGIN RSA PRIVATE KEY-----\n").expect("planted");

    let told = spent(&bench, &["audit", "secrets", &run]).exits(1);
    let told =
        told.says("found").says("FB0905").says("a private key (PEM)").says("a user with a password (Basic)");
    let outcome = spent(&bench, &["audit", "secrets", "--all", "--json"]).exits(1);
    for shown in [&told, &outcome] {
        let shown = shown.whole();
        assert!(!holds(shown.as_bytes(), SECRET) && !shown.contains("hunter2"), "{shown}");
    }
    let found = outcome.json();
    assert_eq!(found["verdict"], "found");
    let places = places(&found);
    let has = |part: &str, form: &str| places.iter().any(|(place, how)| place.contains(part) && how == form);
    for (part, form) in [
        ("/note", "plain"),
        ("given file 'notes.txt'", "base64"),
        (&format!("run {run} logs"), "plain"),
        ("logs --json", "json"),
        ("export", "json"),
        (&format!("run {run} report"), "plain"),
        (&format!("run {run} evidence"), "xml"),
        ("file journal", "plain"),
        ("file payload/", "base64"),
        ("file sim/copy.bin", "utf16"),
        ("file page.html", "xml"),
        ("file trace.log", "hex"),
    ] {
        assert!(has(part, form), "{part} {form}: {places:#?}");
    }
    let shapes = found["findings"].as_array().expect("findings").iter();
    let key = shapes.clone().find(|one| one["shape"] == "pem-private-key").expect("the key is found");
    assert_eq!((&key["place"], &key["offset"]), (&"file key.pem".into(), &0.into()));
    assert!(key["sha256"].as_str().is_some_and(|hash| hash.len() == 12), "{key}");
}

#[test]
fn what_cannot_be_looked_for_is_never_clean() {
    let bench = Bench::new();
    let mut cloud = bench.start(&["simulate", "--name", "cloud"]);
    marked(&bench, &mut cloud);
    spent(&bench, &["run", "sfb-online", "--target", "lab", "--yes"]).exits(0);
    let unset = bench.run(&["audit", "secrets", "latest", "--json"]).exits(1).json();
    assert_eq!(
        (&unset["verdict"], unset["cannot_tell"].as_array().map(Vec::len)),
        (&"cannot_tell".into(), Some(2)),
        "{unset:#}"
    );
    bench.run(&["audit", "secrets", "latest"]).exits(1).says("cannot tell").says("LAB_SECRET is not set");
    let short = bench
        .command(&["audit", "secrets", "latest"])
        .env("LAB_SECRET", "abc")
        .env("LAB_WRITER", WRITER)
        .output();
    Outcome::new(&["audit"], short.expect("the binary starts")).exits(1).says("too short");
    fs::remove_file(bench.files().join("targets/lab.toml")).expect("it was there");
    spent(&bench, &["audit", "secrets", "latest"]).exits(1).says("cannot be found");
    bench.run(&["audit", "secrets"]).exits(3);
    // The simulator's own targets use no secret, and their runs look like none.
    let other = Bench::new();
    for world in ["fresh", "half-done"] {
        other.run(&["simulate", "reset", world, "--world", world]).exits(0);
        other.run(&["run", "sfb-online", "--target", &format!("sim:{world}"), "--yes"]).exits(0);
    }
    other.run(&["audit", "secrets", "--all"]).exits(0).says("for 0 secret values").says("clean");
}
