//! A run in one file: out of one store, into another, whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use crate::notes;
use crate::support::{Bench, Outcome};
use crate::targets::LAB;

/// A finished run with a file that a person gave, exported.
fn exported(bench: &Bench) -> (String, PathBuf) {
    bench.write("targets/lab.toml", LAB);
    let run = bench.run(&["run", "sfb-online", "--target", "lab", "--yes", "--json"]).exits(0).run();
    fs::write(bench.files().join("presence.png"), b"\x89PNG\xff\x00").expect("a picture");
    let answer =
        ["approve", &run, "verify_features", "--answer", "voicemail=yes", "--evidence", "presence.png"];
    bench.run(&answer).exits(0);
    bench.run(&["export", &run, "run.jsonl"]).exits(0).says(&run).says("2 kept files");
    let file = bench.files().join("run.jsonl");
    (run, file)
}

fn import(bench: &Bench, file: &Path, more: &[&str]) -> Outcome {
    let file = file.to_str().expect("a path of this test is text");
    bench.run(&[&["import", file, "--json"], more].concat())
}

#[test]
fn a_run_moves_whole_and_comes_out_as_it_went_in() {
    let here = Bench::new();
    let (run, file) = exported(&here);
    fs::rename(here.files().join("targets"), here.files().join("elsewhere")).expect("moved");
    let there = Bench::new();
    let imported = import(&there, &file, &[]).exits(0).warns("target cannot be found from here");
    let document = imported.json();
    assert_eq!(
        (&document["run"], &document["found"], &document["state"]),
        (&run.as_str().into(), &"nothing".into(), &"succeeded".into())
    );
    for shown in [&["logs", "latest", "--json"][..], &["status", "--json"], &["explain", "latest", "--json"]]
    {
        assert_eq!(here.run(shown).exits(0).stdout, there.run(shown).exits(0).stdout);
    }
    there.run(&["export", &run, "again.jsonl"]).exits(0);
    let bytes = fs::read(&file).expect("the export");
    assert!(fs::read(there.files().join("again.jsonl")).expect("an export") == bytes, "byte for byte");
    let again = import(&there, &file, &[]).exits(0).json();
    assert_eq!((&again["found"], &again["added"]), (&"same".into(), &0.into()));
}

#[test]
fn an_export_is_never_half_written_and_replaces_nothing_unasked() {
    let bench = Bench::new();
    let (run, file) = exported(&bench);
    let before = fs::read(&file).expect("the export");
    bench.run(&["export", &run, "run.jsonl"]).exits(1).warns("FB0803").warns("--force");
    bench.run(&["export", &run, "run.jsonl", "--force"]).exits(0);
    assert!(fs::read(&file).expect("the export") == before, "nothing happened in between");
    bench.run(&["export", &run, "no/such/folder/run.jsonl"]).exits(1).warns("FB0803");
    bench.run(&["export", "nothing", "x.jsonl"]).exits(3).warns("FB0401");
    let told = bench.run(&["export", &run, "-"]).exits(0).warns("head");
    assert!(told.stdout.as_bytes() == before, "the same to standard output");
    let mut names: Vec<_> = fs::read_dir(bench.files())
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["presence.png", "run.jsonl", "targets"]);
}

#[test]
fn a_file_that_is_not_whole_is_refused_and_nothing_of_it_is_kept() {
    let here = Bench::new();
    let (_, file) = exported(&here);
    let text = fs::read_to_string(&file).expect("JSON");
    let there = Bench::new();
    there.run(&["status"]).exits(0);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let answered = text.replacen(
        "\"type\":\"finished\",\"succeeded\":true",
        "\"type\":\"finished\",\"succeeded\":false",
        1,
    );
    assert_ne!(answered, text);
    for (name, other) in [
        ("cut", lines[..lines.len() - 1].concat()),
        ("edited", answered),
        ("newer", text.replacen("\"format\":1", "\"format\":2", 1)),
        ("other", "{\"a\": 1}\n".to_owned()),
    ] {
        let path = there.write(&format!("{name}.jsonl"), &other);
        import(&there, &path, &[]).exits(1).says("FB0507");
    }
    there.run(&["import", "missing.jsonl"]).exits(3).warns("cannot be read");
    assert_eq!(there.run(&["status", "--json"]).exits(0).json()["runs"], serde_json::json!([]));
    let payloads = fs::read_dir(there.state().join("payload")).expect("the store").count();
    assert_eq!(payloads, 0, "nothing is kept of what was refused");
}

/// Its hashes are right again, so only the meaning of its records can give it away.
#[test]
fn a_forged_chain_that_means_nothing_is_refused() {
    let here = Bench::new();
    let (_, file) = exported(&here);
    let mut whole = store::read_export(&fs::read(&file).expect("the export")[..]).expect("an export");
    whole.records.remove(2);
    let mut previous = model::Digest::default();
    for (sequence, record) in (0..).zip(&mut whole.records) {
        *record = model::Record::new(sequence, record.at, previous, record.event.clone());
        previous = record.hash;
    }
    let there = Bench::new();
    let put = |name: &str, whole: &contracts::WholeRun| {
        let mut bytes = Vec::new();
        store::write_export(whole, &mut bytes).expect("written");
        let path = there.files().join(name);
        fs::write(&path, bytes).expect("written");
        path
    };
    import(&there, &put("forged.jsonl", &whole), &[]).exits(1).says("FB0507").says("cannot follow");
    let mut whole = store::read_export(&fs::read(&file).expect("the export")[..]).expect("an export");
    let stray = contracts::Payload(b"smuggled".to_vec());
    whole.payloads.push(stray);
    import(&there, &put("stray.jsonl", &whole), &[]).exits(1).says("no record names");
    whole.payloads.clear();
    import(&there, &put("bare.jsonl", &whole), &[]).exits(1).says("FB0507").says("is missing");
}

#[test]
fn a_run_under_way_goes_on_in_one_place_only() {
    let here = Bench::new();
    notes::write(&here);
    let run = here
        .run(&["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "1s", "--json"])
        .exits(6)
        .run();
    here.run(&["export", &run, "early.jsonl"]).exits(0).warns("under way");
    let early = here.files().join("early.jsonl");
    let there = Bench::new();
    import(&there, &early, &[]).exits(1).says("FB0402").says("--take-over");
    assert_eq!(there.run(&["status", "--json"]).exits(0).json()["runs"], serde_json::json!([]));
    let taken = import(&there, &early, &["--take-over", "--note", "the old server retires"]).exits(0);
    assert_eq!(taken.warns("must then stay at rest").warns("simulated world").json()["state"], "waiting");
    there.run(&["logs", &run]).exits(0).says("brought here by").says("the old server retires");
    // The older copy is the beginning of what is here now.
    assert_eq!(import(&there, &early, &[]).exits(0).json()["found"], "further");

    // Back again: only when asked for, and only while the first store did not go on by itself.
    there.run(&["export", &run, "later.jsonl"]).exits(0);
    let later = there.files().join("later.jsonl");
    import(&here, &later, &[]).exits(1).says("FB0508").says("went on elsewhere since");
    let back = import(&here, &later, &["--take-over"]).exits(0).json();
    assert_eq!((&back["found"], &back["added"]), (&"beginning".into(), &1.into()));

    there.run(&["cancel", &run]).exits(0);
    there.run(&["export", &run, "parted.jsonl"]).exits(0);
    let parted = there.files().join("parted.jsonl");
    import(&here, &parted, &["--take-over"]).exits(1).says("FB0508").says("differs from record");
}

#[test]
fn exporting_and_importing_from_another_terminal() {
    let here = Bench::new();
    let (run, file) = exported(&here);
    let there = Bench::new();
    notes::write(&there);
    let mut going = there.start_watched(&["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "2h"]);
    going.wait_for("second: waits until");
    assert_eq!(import(&there, &file, &[]).exits(0).json()["found"], "nothing");
    there.run(&["export", &run, "-"]).exits(0).says("run export");
    assert_eq!(there.run(&["status", &run, "--json"]).exits(0).json()["runs"][0]["state"], "succeeded");
    going.kill();
}
