//! Which name somebody may have meant.

/// The known name nearest to what was written, when it is near enough to be worth suggesting.
/// Of equally near ones the first wins.
pub fn nearest<'n>(written: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let length = written.chars().count();
    let mut best: Option<(usize, &'n str)> = None;
    for name in known {
        // A text differs from another by at least the difference of their lengths: saves most of the comparing.
        let allowed =
            best.map_or((length.max(name.chars().count()) / 3).clamp(1, 6), |(distance, _)| distance - 1);
        if name.chars().count().abs_diff(length) > allowed {
            continue;
        }
        let distance = strsim::damerau_levenshtein(written, name);
        if distance == 0 {
            return Some(name);
        }
        if distance <= allowed {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// `did you mean 'x'?` where something is near, else the fallback.
pub(crate) fn suggestion<'n>(
    written: &str,
    known: impl IntoIterator<Item = &'n str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    nearest(written, known).map_or_else(otherwise, |name| format!("did you mean '{name}'?"))
}

/// `a, b, c`; of many only the first ones.
pub(crate) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.into_iter().collect();
    let mut text = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let known = ["title", "needs", "timeout", "deadline"];
        for (written, expected) in [
            ("titel", Some("title")),
            ("need", Some("needs")),
            ("time_out", Some("timeout")),
            ("deadlines", Some("deadline")),
            ("zebra", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..20).map(|number| format!("n{number}")).collect();
        assert!(listed(names.iter().map(String::as_str)).ends_with("n11 and 8 more"));
        assert_eq!(listed(["a", "b"]), "a, b");
    }
}
