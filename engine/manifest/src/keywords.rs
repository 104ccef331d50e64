//! Why a text cannot name a step, a parameter or an input.

/// Why a text cannot name a step, a parameter or an input; `None` when it can.
pub(crate) fn unfit(name: &str) -> Option<String> {
    if model::reserved::is_reserved(name) {
        Some(format!("'{name}' is a word of the script language and cannot be a name"))
    } else if model::ids::is_identifier(name) {
        None
    } else {
        Some(format!("'{name}' cannot be a name"))
    }
}

/// What [`unfit`] wants instead.
pub(crate) const FIT: &str =
    "names are lower-case letters, digits and '_', start with a letter and have at most 64 characters";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_and_odd_texts_are_no_names() {
        for (name, fit) in [
            ("verified_domain", true),
            ("a1", true),
            ("export", false),
            ("call", false),
            ("private", false),
            ("with", false),
            ("is_def_var", false),
            ("Domain", false),
            ("a-b", false),
            ("", false),
            ("1a", false),
        ] {
            assert_eq!(unfit(name).is_none(), fit, "{name}");
        }
    }
}
