//! Stores that are foreign, newer, damaged, unusable or held: said clearly, and not touched.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Bench, Outcome};

/// Every file below a folder with its bytes.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push((path.clone(), fs::read(&path).expect("readable")));
            }
        }
    }
    found.sort();
    found
}

/// The store of the bench is refused by `status` and by `run` alike, and stays byte for byte as it is.
fn refused(bench: &Bench, code: &str) -> Outcome {
    let before = contents(&bench.state());
    bench.run(&["run", "./notes", "--target", "sim:lab", "--yes"]).exits(1).warns(code);
    let told = bench.run(&["status"]).exits(1).warns(code).warns(&bench.state().display().to_string());
    // The lock and who held it last say nothing about what is kept.
    let kept = |all: Vec<(PathBuf, Vec<u8>)>| -> Vec<(PathBuf, Vec<u8>)> {
        all.into_iter().filter(|(path, _)| !path.ends_with("lock") && !path.ends_with("holder")).collect()
    };
    let (before, after) = (kept(before), kept(contents(&bench.state())));
    let names =
        |all: &[(PathBuf, Vec<u8>)]| -> Vec<PathBuf> { all.iter().map(|(path, _)| path.clone()).collect() };
    assert_eq!(names(&before), names(&after));
    assert!(before == after, "the store was touched");
    told.warns(&format!("explain {code}"))
}

fn made() -> Bench {
    let bench = Bench::new();
    crate::notes::write(&bench);
    bench.run(&["run", "./notes", "--target", "sim:lab", "--yes", "--wait", "1s"]).exits(6);
    bench
}

#[test]
fn a_foreign_folder() {
    let bench = Bench::new();
    crate::notes::write(&bench);
    fs::write(bench.state().join("holiday.jpg"), "x").expect("written");
    refused(&bench, "FB0504").warns("holiday.jpg").warns("--state");
}

#[test]
fn a_newer_store() {
    let bench = made();
    fs::write(bench.state().join("FORMAT"), "footbridge store 2\n").expect("written");
    refused(&bench, "FB0503").warns("format 2").warns("newer footbridge");
}

#[test]
fn a_damaged_store() {
    let bench = made();
    fs::remove_file(bench.state().join("journal/db")).expect("removed");
    refused(&bench, "FB0502").warns("journal/db").warns("backup");
}

#[test]
fn a_file_where_the_folder_should_be() {
    let bench = Bench::new();
    let file = bench.write("file", "mine");
    let below = file.join("store");
    for (state, code) in [(&file, "FB0504"), (&below, "FB0505")] {
        let state = state.to_str().expect("text");
        bench.run(&["status", "--state", state]).exits(1).warns(code).warns(state).warns("--state");
    }
    assert_eq!(fs::read_to_string(&file).expect("there"), "mine");
}

#[test]
fn a_store_held_by_a_process_that_does_not_answer() {
    let bench = made();
    let lock = fs::File::options().write(true).open(bench.state().join("lock")).expect("the lock is there");
    lock.try_lock().expect("nobody else holds it");
    bench.run(&["status"]).exits(9).warns("FB0953").warns("wait for it or end it");
    drop(lock);
    bench.run(&["status"]).exits(0);
}
