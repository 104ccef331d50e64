//! What every source file keeps to: its first line, its length, and words that have no place in finished work.

use crate::repository::{TextFile, has_extension, text_files};

/// Longer files hold more than one concept.
const LINES_MAX: usize = 500;

/// Written in two halves, so that this file does not find itself.
const FORBIDDEN: [(&str, &str); 9] = [
    ("to", "do!("),
    ("unimple", "mented!("),
    ("db", "g!("),
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X"),
    ("#[ig", "nore"),
    ("/wo", "rk/"),
    ("/tmp/b", "rief"),
];

#[test]
fn every_rust_file_says_on_its_first_line_what_it_is_for() {
    let mut count = 0;
    for file in rust(&text_files()) {
        let first = file.text.lines().next().unwrap_or_default();
        let purpose = first.strip_prefix("//! ").unwrap_or_default();
        assert!(
            purpose.len() >= 10,
            "{}: the first line is a `//!` comment saying what it is for",
            file.path
        );
        count += 1;
    }
    assert!(count > 50, "only {count} Rust files found");
}

#[test]
fn no_source_file_is_too_long() {
    let mut count = 0;
    let mut long = Vec::new();
    for file in &text_files() {
        if has_extension(&file.path, "rs") || has_extension(&file.path, "rhai") {
            let lines = file.text.lines().count();
            if lines > LINES_MAX {
                long.push(format!("{}: {lines}", file.path));
            }
            count += 1;
        }
    }
    assert!(count > 50, "only {count} source files found");
    assert!(long.is_empty(), "over {LINES_MAX} lines; split by concept: {long:#?}");
}

#[test]
fn no_file_holds_a_forbidden_word() {
    let mut found = Vec::new();
    let words: Vec<String> = FORBIDDEN.iter().map(|(head, tail)| format!("{head}{tail}")).collect();
    for file in &text_files() {
        if file.path == "Cargo.lock" {
            continue;
        }
        for (number, line) in file.text.lines().enumerate() {
            for word in &words {
                if holds(line, word) {
                    found.push(format!("{}:{}: {word}", file.path, number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_file_is_left_over_from_a_review_or_a_merge() {
    for file in &text_files() {
        assert!(!has_extension(&file.path, "new"), "{}: a snapshot that nobody reviewed", file.path);
        assert!(!has_extension(&file.path, "orig"), "{}: left over from a merge", file.path);
        let marked =
            file.text.lines().any(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "));
        assert!(!marked, "{}: holds the marks of a merge", file.path);
    }
}

#[test]
fn the_search_for_words_finds_them() {
    for (line, word, found) in [
        ("    // XYZ: later", "XYZ", true),
        ("let x = XYZW;", "XYZ", false),
        ("AXYZ", "XYZ", false),
        ("xyz!(1)", "xyz!(", true),
        ("debug_xyz!(1)", "xyz!(", false),
        ("see /home/me/x", "/home/", true),
    ] {
        assert_eq!(holds(line, word), found, "{word} in {line}");
    }
}

/// Whether the word stands in the line by itself: a letter, digit or `_` beside one of its own is another word.
fn holds(line: &str, word: &str) -> bool {
    let is_part = |other: char| other.is_alphanumeric() || other == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_part) && word.starts_with(is_part);
        let after = line[at + word.len()..].chars().next().is_some_and(is_part) && word.ends_with(is_part);
        !before && !after
    })
}

fn rust(files: &[TextFile]) -> impl Iterator<Item = &TextFile> {
    files.iter().filter(|file| has_extension(&file.path, "rs"))
}
