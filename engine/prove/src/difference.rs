//! Where two pictures of a world differ.

use serde_json::{Map, Value as Json};

/// By JSON pointer; empty when they are the same.
pub(crate) fn differences(left: &Json, right: &Json) -> Vec<String> {
    let mut found = Vec::new();
    compare("", left, right, &mut found);
    found
}

fn compare(at: &str, left: &Json, right: &Json, found: &mut Vec<String>) {
    if let (Some(one), Some(other)) = (left.as_object(), right.as_object()) {
        for key in one.keys().chain(other.keys().filter(|key| !one.contains_key(*key))) {
            let side = |map: &Map<String, Json>| map.get(key).cloned().unwrap_or_default();
            compare(&format!("{at}/{key}"), &side(one), &side(other), found);
        }
    } else if left != right {
        found.push(format!("{at}: {left} is not {right}"));
    }
}
