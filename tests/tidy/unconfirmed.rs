//! What the code marks as unconfirmed is told in docs/unconfirmed.md, and nothing is told that the code no longer marks.

use std::collections::BTreeSet;

use crate::repository::{has_extension, read, text_files};

const MARK: &str = "unconfirmed:";

#[test]
fn every_unconfirmed_fact_in_the_code_is_told_and_every_place_told_is_marked() {
    let marked: BTreeSet<String> = text_files()
        .into_iter()
        .filter(|file| is_code(&file.path) && file.text.contains(MARK))
        .map(|file| file.path)
        .collect();
    assert!(marked.len() > 10, "only {} marked files found", marked.len());
    let page = read("docs/unconfirmed.md");
    let told: BTreeSet<String> =
        page.split('`').skip(1).step_by(2).filter(|code| is_code(code)).map(str::to_owned).collect();
    assert_eq!(marked, told, "on the left the files with `{MARK}`, on the right those that the page names");
}

fn is_code(path: &str) -> bool {
    ["engine/", "stdlib/", "workflows/"].iter().any(|folder| path.starts_with(folder))
        && ["rs", "rhai", "toml"].iter().any(|extension| has_extension(path, extension))
}
