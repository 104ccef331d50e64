//! Secrets of a target: read where the file says, spent, and found nowhere afterwards.

use crate::support::{Bench, Outcome};
use crate::targets::LAB;

pub(crate) const SECRET: &str = "q8-never-to-be-seen-again";

/// Exchange is the world `lab` of this process, the tenant another one's: a client secret goes over the wire.
pub(crate) fn target(bench: &Bench, tenant: &mut crate::support::Going, secret: &str) -> String {
    let address = |line: String| line.split_once(": ").expect("a name and an address").1.to_owned();
    let login = address(tenant.wait_for("sign-in: "));
    let graph = address(tenant.wait_for("graph: "));
    let text = format!(
        "{LAB}\n[graph]\nlogin = \"{login}\"\nendpoint = \"{graph}/v1.0\"\n\
         client_id = \"5e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10\"\nauth = \"client-secret\"\nsecret = {secret}\n"
    );
    bench.write("targets/lab.toml", &text);
    graph
}

fn with_secret(bench: &Bench, arguments: &[&str]) -> Outcome {
    let output = bench.command(arguments).env("LAB_SECRET", SECRET).output().expect("the binary starts");
    Outcome::new(arguments, output)
}

#[test]
fn a_secret_of_the_environment_does_the_whole_job_and_is_kept_nowhere() {
    let bench = Bench::new();
    let mut tenant = bench.start(&["simulate", "--name", "cloud"]);
    target(&bench, &mut tenant, "{ env = \"LAB_SECRET\" }");
    let missing = bench.run(&["doctor", "--target", "lab"]).exits(1);
    assert!(missing.stdout.contains("LAB_SECRET is not set"), "{}", missing.whole());
    bench.run(&["plan", "sfb-online", "--target", "lab"]).exits(1).says("LAB_SECRET is not set");

    with_secret(&bench, &["doctor", "--target", "lab"]).exits(0).says("environment variable LAB_SECRET");
    let ended = with_secret(&bench, &["run", "sfb-online", "--target", "lab", "--yes", "--json"]).exits(0);
    assert_eq!(ended.json()["state"], "succeeded");
    let logged = bench.run(&["logs", "latest", "--json"]).exits(0);
    for outcome in [&ended, &logged] {
        assert!(!outcome.whole().contains(SECRET), "{}", outcome.whole());
    }
    let mut files = 0;
    for file in walk(&bench.state()) {
        let bytes = std::fs::read(&file).expect("a file of the store");
        let found = bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
        assert!(!found, "the secret is kept in {}", file.display());
        files += 1;
    }
    assert!(files > 2, "only {files} files looked at");
}

#[test]
fn a_second_identity_is_the_only_one_that_writes() {
    let bench = Bench::new();
    let mut tenant = bench.start(&["simulate", "--name", "cloud"]);
    target(&bench, &mut tenant, "{ env = \"LAB_SECRET\" }");
    let path = bench.files().join("targets/lab.toml");
    let mut text = std::fs::read_to_string(&path).expect("the target file");
    text.push_str(
        "[graph.write]\nclient_id = \"6e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10\"\nauth = \"client-secret\"\n\
         secret = { env = \"LAB_WRITE_SECRET\" }\n",
    );
    std::fs::write(&path, text).expect("the target file");
    let found = with_secret(&bench, &["doctor", "--target", "lab"]).exits(1);
    found.says("sign-in-write").says("LAB_WRITE_SECRET is not set").says("permissions-read");
    // Planning only looks, and needs the first one alone.
    with_secret(&bench, &["plan", "sfb-online", "--target", "lab"]).exits(2);
    let run = ["run", "sfb-online", "--target", "lab", "--yes", "--wait", "1s", "--json"];
    let failed = with_secret(&bench, &run);
    let document = failed.json();
    let upload =
        document["steps"].as_array().expect("steps").iter().find(|step| step["id"] == "upload_auth_cert");
    assert_eq!(
        upload.expect("the step that writes there")["failure"]["code"],
        "FB0904",
        "{}",
        failed.whole()
    );
    let both = bench
        .command(&["resume", "latest", "--json"])
        .env("LAB_SECRET", SECRET)
        .env("LAB_WRITE_SECRET", "another-one-never-to-be-seen")
        .output();
    let resumed = Outcome::new(&["resume", "latest"], both.expect("the binary starts")).exits(0);
    assert_eq!(resumed.json()["state"], "succeeded");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_holds_no_secret() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    let mut tenant = bench.start(&["simulate", "--name", "cloud"]);
    target(&bench, &mut tenant, "{ file = \"lab.secret\" }");
    let file = bench.write("targets/lab.secret", &format!("{SECRET}\n"));
    let mode =
        |mode: u32| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set");
    mode(0o644);
    let told =
        bench.run(&["doctor", "--target", "lab"]).exits(1).says("can be read by others").says("chmod 600");
    assert!(!told.whole().contains(SECRET), "{}", told.whole());
    mode(0o600);
    bench.run(&["doctor", "--target", "lab"]).exits(0);
}

#[test]
fn a_secret_to_be_asked_for_needs_somebody_to_ask() {
    let bench = Bench::new();
    let mut tenant = bench.start(&["simulate", "--name", "cloud"]);
    target(&bench, &mut tenant, "{ prompt = \"Secret of the lab\" }");
    bench.run(&["doctor", "--target", "lab"]).exits(1).says("no terminal to ask at");
    target_keyring(&bench);
    bench.run(&["doctor", "--target", "lab"]).exits(1).says("footbridge-test/not-there");
}

/// The same file with a keyring entry that nobody made.
fn target_keyring(bench: &Bench) {
    let path = bench.files().join("targets/lab.toml");
    let text = std::fs::read_to_string(&path).expect("the target file");
    let text =
        text.replace("{ prompt = \"Secret of the lab\" }", "{ keyring = \"footbridge-test/not-there\" }");
    std::fs::write(&path, text).expect("the target file");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of the store").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}
