//! Masks what differs from run to run, so that output can be compared with a snapshot.

/// Run ids become `[run]`, SHA-256 digests and their short form `[digest]`, RFC 3339 moments `[time]`.
pub(crate) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for each in text.chars() {
        if each.is_ascii_alphanumeric() || matches!(each, '-' | ':') {
            word.push(each);
        } else {
            out.push_str(mask(&word));
            word.clear();
            out.push(each);
        }
    }
    out.push_str(mask(&word));
    out
}

fn mask(word: &str) -> &str {
    if is_run(word) {
        "[run]"
    } else if is_digest(word) {
        "[digest]"
    } else if is_moment(word) {
        "[time]"
    } else {
        word
    }
}

/// A ULID in lower case: 26 characters, the first at most 7.
fn is_run(word: &str) -> bool {
    word.len() == 26
        && word.starts_with(|first: char| first.is_ascii_digit() && first < '8')
        && word
            .chars()
            .all(|each| each.is_ascii_digit() || each.is_ascii_lowercase() && !"ilou".contains(each))
}

/// A whole digest, or its first twelve characters with at least one digit and one letter.
fn is_digest(word: &str) -> bool {
    let hexadecimal = word.chars().all(|each| matches!(each, '0'..='9' | 'a'..='f'));
    let mixed = word.contains(|each: char| each.is_ascii_digit()) && word.contains(char::is_alphabetic);
    hexadecimal && (word.len() == 64 || word.len() == 12 && mixed)
}

fn is_moment(word: &str) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:ddZ";
    word.len() == pattern.len()
        && word.chars().zip(pattern.chars()).all(|(found, wanted)| match wanted {
            'd' => found.is_ascii_digit(),
            other => found == other,
        })
}

#[test]
fn masks_hide_what_differs_and_nothing_else() {
    for (text, expected) in [
        ("run 01kav7q0z8n4w6y2x3c5b7d9f1 done", "run [run] done"),
        ("digest 0a1b2c3d4e5f.", "digest [digest]."),
        ("at 2026-11-24T08:00:00Z, since", "at [time], since"),
        ("00000004-0000-0ff1-ce00-000000000000", "00000004-0000-0ff1-ce00-000000000000"),
        ("application_account", "application_account"),
    ] {
        assert_eq!(masked(text), expected);
    }
}
