//! Answers with files: what a person saw is kept with what they said.

use crate::support::Bench;

#[test]
fn a_form_is_answered_with_a_file_that_logs_status_and_explain_name() {
    let bench = Bench::new();
    let run = bench.run(&["run", "sfb-online", "--target", "sim", "--json"]).exits(0).run();
    let picture = bench.files().join("voice mail.png");
    std::fs::write(&picture, b"\x89PNG\r\n\x1a\n\0\xff").expect("written");
    let answer = ["approve", &run, "verify_features", "--answer", "voicemail=yes"];
    let with = |files: &[&str]| -> Vec<String> {
        let files = files.iter().flat_map(|file| ["--evidence", file]);
        answer.iter().copied().chain(files).map(str::to_owned).collect()
    };
    let run_with =
        |arguments: Vec<String>| bench.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    run_with(with(&["voice mail.png", picture.to_str().expect("text")])).exits(0);

    bench.run(&["logs", &run]).exits(0).says("answered voicemail: so, with voice mail.png (");
    bench
        .run(&["explain", &run])
        .exits(0)
        .says("voicemail of verify_features: file voice mail.png (10 bytes, ");
    let status = bench.run(&["status", &run, "--json"]).exits(0).json();
    let files = status["runs"][0]["files"].as_array().expect("files").clone();
    assert_eq!(files.len(), 2, "{status}");
    assert_eq!(files[0]["name"], "voice mail.png");
    assert_eq!(files[0]["about"], "voicemail");
    assert_eq!(
        files[0]["digest"], files[1]["digest"],
        "the folder is no part of the name, and the bytes are the same"
    );

    // What cannot be kept is refused, and nothing is recorded.
    let events = bench.run(&["logs", &run, "--json"]).exits(0).json_lines().len();
    run_with(with(&["none.png"])).exits(3).warns("none.png");
    std::fs::write(bench.files().join("huge.bin"), vec![0; 8 * 1024 * 1024 + 1]).expect("written");
    run_with(with(&["huge.bin"])).exits(3).warns("more than 8 MiB");
    bench
        .run(&["approve", &run, "verify_features", "--evidence", "voice mail.png"])
        .exits(3)
        .warns("--answer");
    assert_eq!(bench.run(&["logs", &run, "--json"]).exits(0).json_lines().len(), events);
}
