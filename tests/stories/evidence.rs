//! A run as one file: written with the given files in it, verified where there is no store, and found out when altered.

use std::process::Command;

use crate::notes;
use crate::support::Bench;

/// A run that a form was answered in with a picture: its id and its head.
fn finished(bench: &Bench) -> (String, String) {
    let run = bench.run(&["run", "sfb-online", "--target", "sim", "--json"]).exits(0).run();
    std::fs::write(bench.files().join("seen.png"), b"\x89PNG\r\n\x1a\n\0\xff").expect("written");
    let answer =
        ["approve", &run, "verify_features", "--answer", "voicemail=yes", "--evidence", "seen.png", "--json"];
    let head = bench.run(&answer).exits(0).json()["head"].as_str().expect("a head").to_owned();
    (run, head)
}

#[test]
fn promise_10_a_run_becomes_one_file_that_another_machine_verifies() {
    let bench = Bench::new();
    let (run, head) = finished(&bench);
    let written = bench.run(&["evidence", &run, "-o", "run.html", "--json"]).exits(0).json();
    assert_eq!(written["head"], head.as_str());
    let again = bench.files().join("again.html");
    bench.run(&["evidence", &run, "-o", again.to_str().expect("text")]).exits(0).says(&head);
    let file = std::fs::read_to_string(bench.files().join("run.html")).expect("the file");
    assert_eq!(std::fs::read_to_string(&again).expect("the file"), file, "the same run gives the same bytes");
    for part in [
        "Connect Exchange Server with Skype for Business Online",
        "<svg",
        "mail_user:SfBOnline-ApplicationAccount",
        "domain_controller",
        "client_request_id",
        "data:image/png;base64,",
        &head,
    ] {
        assert!(file.contains(part), "{part}");
    }
    for foreign in ["<script src", "<link", "href=", "@import", "url(http", "onload="] {
        assert!(!file.contains(foreign), "{foreign}");
    }

    // Another machine has the file and what somebody told: no store, no settings, no target.
    let other = Bench::new();
    std::fs::write(other.files().join("run.html"), &file).expect("copied");
    let verify = ["evidence", "verify", "run.html"];
    other.run(&verify).exits(0).says("\nconsistent, not authenticated\n").warns("--head HASH");
    other
        .run(&[&verify[..], &["--head", &head]].concat())
        .exits(0)
        .says("\nauthenticated by the head hash\n");
    let document = other.run(&[&verify[..], &["--head", &head, "--json"]].concat()).exits(0).json();
    assert_eq!(document["verdict"], "authenticated-by-head");
    assert_eq!(document["run"]["run"], run.as_str());
    assert_eq!(std::fs::read_dir(other.state()).expect("a folder").count(), 0, "nothing was made of a store");

    // A word on the page, a name in a record, a hash of another run, a hash cut short, a file of another kind.
    for (from, to) in [("The run succeeded.", "The run has succeeded."), ("\"by\":\"", "\"by\":\"x")] {
        std::fs::write(other.files().join("altered.html"), file.replacen(from, to, 1)).expect("written");
        let altered = other.run(&["evidence", "verify", "altered.html", "--head", &head, "--json"]).exits(10);
        assert_eq!(altered.json()["verdict"], "altered", "{from}");
    }
    let wrong = "0".repeat(64);
    other.run(&[&verify[..], &["--head", &wrong]].concat()).exits(10).says("\naltered\n").warns("FB0806");
    other.run(&[&verify[..], &["--head", &head[..16]]].concat()).exits(3).warns("64 hexadecimal digits");
    other.write("page.html", "<!DOCTYPE html><p>a page</p>");
    other.run(&["evidence", "verify", "page.html"]).exits(1).warns("FB0805");
    other.run(&["evidence", "verify", "none.html"]).exits(1).warns("FB0805");
}

#[test]
fn promise_10_a_signed_file_is_verified_by_the_key_alone() {
    let bench = Bench::new();
    let (run, _) = finished(&bench);
    let openssl = |arguments: &[&str]| {
        let made =
            Command::new("openssl").args(arguments).current_dir(bench.files()).output().expect("openssl");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    for name in ["mine", "other"] {
        let (key, public) = (format!("{name}.pem"), format!("{name}.pub.pem"));
        openssl(&["genpkey", "-algorithm", "ed25519", "-out", &key]);
        openssl(&["pkey", "-in", &key, "-pubout", "-out", &public]);
    }
    openssl(&["genpkey", "-algorithm", "rsa", "-out", "rsa.pem"]);
    let signed = bench.run(&["evidence", &run, "-o", "run.html", "--sign-key", "mine.pem"]).exits(0);
    let secret = std::fs::read_to_string(bench.files().join("mine.pem")).expect("a key");
    let secret = secret.lines().nth(1).expect("a line").to_owned();
    let file = std::fs::read_to_string(bench.files().join("run.html")).expect("the file");
    assert!(!signed.whole().contains(&secret) && !file.contains(&secret), "the key is nowhere");
    let verify = |file: &str, key: &str| bench.run(&["evidence", "verify", file, "--public-key", key]);
    verify("run.html", "mine.pub.pem").exits(0).says("\nauthenticated by the signature\n");
    verify("run.html", "other.pub.pem").exits(10).says("another key");
    bench
        .run(&["evidence", "verify", "run.html"])
        .exits(0)
        .says("whose key that is must be known from elsewhere");
    std::fs::write(bench.files().join("altered.html"), file.replacen("<html", "<HTML", 1)).expect("written");
    verify("altered.html", "mine.pub.pem").exits(10).says("the signature is of these bytes");
    // What is no key of ours is refused before anything is written, and no word of it is told.
    for (key, part) in
        [("rsa.pem", "no Ed25519 key"), ("mine.pub.pem", "PRIVATE KEY"), ("none.pem", "none.pem")]
    {
        bench
            .run(&["evidence", &run, "-o", "no.html", "--sign-key", key])
            .exits(1)
            .warns("FB0807")
            .warns(part);
    }
    verify("run.html", "mine.pem").exits(1).warns("FB0807").warns("private key");
    assert!(!bench.files().join("no.html").exists());
}

#[test]
fn a_report_tells_a_failed_and_an_undone_run_in_three_forms() {
    let bench = Bench::new();
    notes::write_with(&bench, notes::MANIFEST, "fn apply(ctx, change) { throw \"no ink\" }\n");
    let failed = bench.run(&["run", "./notes", "--target", "sim", "--yes", "--json"]);
    let failed = failed.run();
    bench
        .run(&["report", &failed])
        .exits(0)
        .says("The run failed. Nothing was undone unasked.")
        .says("no ink");
    let (run, _) = finished(&bench);
    bench.run(&["undo", &run, "--yes"]).exits(0);
    bench
        .run(&["report", &run])
        .exits(0)
        .says("The run was undone.")
        .says("written and taken back")
        .says("the undo of the whole run");
    let markdown = bench.run(&["report", &run, "--format", "markdown"]).exits(0);
    markdown
        .says("# Connect Exchange Server with Skype for Business Online · undone\n")
        .says("| property | before | after |");
    bench.run(&["report", &run, "--format", "html", "-o", "run.html"]).exits(0);
    let page = std::fs::read_to_string(bench.files().join("run.html")).expect("the page");
    assert!(page.contains("<svg") && !page.contains("<script"));
    bench.run(&["evidence", "verify", "run.html"]).exits(1).warns("FB0805");
    bench.run(&["report", &run, "--json"]).exits(0).json()["parts"].as_array().expect("parts");
    bench.run(&["report", &run, "-o", "none/run.txt"]).exits(1).warns("FB0803");
}

#[test]
fn a_picture_shows_a_workflow_or_how_a_run_stands() {
    let bench = Bench::new();
    let plain = bench.run(&["graph", "sfb-online", "--format", "svg"]).exits(0).stdout;
    assert!(plain.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && !plain.contains(">done<"));
    assert_eq!(plain.matches("class=\"fb-box\"").count(), 9);
    bench.run(&["run", "sfb-online", "--target", "sim"]).exits(0);
    let run = bench.run(&["graph", "--run", "latest", "--format", "svg"]).exits(0).stdout;
    assert_eq!(run.matches(">done<").count(), 9);
    bench.run(&["graph"]).exits(3);
}
