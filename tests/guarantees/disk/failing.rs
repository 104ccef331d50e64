//! A disk that is full, read-only or broken stops a run with a clear message and its state intact; once it is mended the
//! run goes on as if nothing had been.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{OUTSIDE, shim};
use crate::binary::Bench;
use crate::bounds;
use crate::lab::{differences, shipped, sorted};

/// How many places a disk fails at, for each way of failing, without being asked for more.
const PLACES: u64 = 8;
/// More bytes, and more syncs, than a run of a shipped workflow with its undo needs.
const BYTES: u64 = 800_000;
const SYNCS: u64 = 60;

#[test]
fn a_disk_that_fails_anywhere_stops_a_run_with_its_state_intact() {
    let places = bounds::of("FOOTBRIDGE_DISK_PLACES", PLACES);
    let tools = tempfile::tempdir().expect("a folder for the shim");
    let shim = shim(tools.path());
    let mut stopped = 0;
    for (id, workflow) in shipped() {
        let quiet = Bench::new(&workflow);
        quiet.ends("succeeded", &quiet.run());
        let (world, effects) = quiet.look();
        quiet.ends("undone", &["undo", "latest", "--yes"]);
        let (untouched, all_effects) = quiet.look();
        let undo_effects = sorted(all_effects[effects.len()..].to_vec());
        let effects = sorted(effects);
        for place in 0..places {
            for fault in
                [format!("full:{}", BYTES * place / places), format!("sync:{}", SYNCS * place / places)]
            {
                let name = format!("{id}, {fault}");
                let bench = Bench::new(&workflow);
                for (wanted, expected, done) in
                    [("succeeded", &world, &effects), ("undone", &untouched, &undo_effects)]
                {
                    stopped += u64::from(fails(&bench, &shim, &fault, wanted, &name));
                    bench.finish(wanted, &name);
                    let (after, all) = bench.look();
                    assert_eq!(
                        differences(&after, expected),
                        Vec::<String>::new(),
                        "{name}\n{}",
                        bench.logs()
                    );
                    let before = if wanted == "undone" { effects.len() } else { 0 };
                    assert_eq!(&sorted(all[before..].to_vec()), done, "{name}\n{}", bench.logs());
                }
            }
        }
    }
    println!("times that a disk stopped a run: {stopped}");
    assert!(stopped >= places, "the disk failed only {stopped} times");
}

/// What a person types next, on the failing disk; whether it was stopped by it, and said so.
fn fails(bench: &Bench, shim: &Path, fault: &str, wanted: &str, name: &str) -> bool {
    let next = bench.next(wanted, name).expect("the run is not as wanted yet");
    fs::create_dir_all(bench.state_folder()).expect("a state folder");
    let output = on(bench, shim, fault, &next);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return false;
    }
    assert_eq!(output.status.code(), Some(1), "{name}: {told}");
    assert!(told.contains("FB0505") && told.contains("help:"), "{name}: {told}");
    assert!(!told.contains("panicked"), "{name}: {told}");
    true
}

fn on(
    bench: &Bench,
    shim: &Path,
    fault: &str,
    arguments: &[impl AsRef<std::ffi::OsStr>],
) -> std::process::Output {
    let mut command = bench.command(arguments);
    command.env("LD_PRELOAD", shim).env("DISK_ROOT", bench.state_folder());
    command.env("DISK_OUTSIDE", OUTSIDE).env("DISK_FAULT", fault);
    command.output().expect("the binary starts")
}

#[test]
fn a_read_only_disk_is_told_and_left_as_it_is() {
    let tools = tempfile::tempdir().expect("a folder for the shim");
    let shim = shim(tools.path());
    let workflow = shipped().into_values().next().expect("a workflow is shipped");
    let bench = Bench::new(&workflow);
    bench.ends("succeeded", &bench.run());
    let before = contents(&bench.state_folder());
    for arguments in [&bench.run()[..], &["status"], &["resume", "latest"], &["undo", "latest", "--yes"]] {
        let output = on(&bench, &shim, "read-only", arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(
            told.contains("FB0505") && told.to_lowercase().contains("read-only"),
            "{arguments:?}: {told}"
        );
        assert!(told.contains("let this user write to the folder"), "{arguments:?}: {told}");
        assert_eq!(contents(&bench.state_folder()), before, "{arguments:?}");
    }
    bench.finish("undone", "once it can be written again");
}

/// Every file below the folder with its bytes.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else if path.is_file() {
            all.insert(path.clone(), fs::read(&path).expect("readable"));
        }
    }
    all
}
