//! Words that scripts cannot use as a name: Rhai's keywords and reserved words cannot even be read as a property
//! (`inputs.export` does not parse), so no step, parameter or input may be called like that.

/// From Rhai 1.27's tokenizer (`KEYWORDS_LIST` and `RESERVED_LIST`), lower-case words only: others are no identifiers.
const WORDS: [&str; 62] = [
    "as",
    "async",
    "await",
    "break",
    "call",
    "case",
    "catch",
    "const",
    "continue",
    "curry",
    "debug",
    "default",
    "do",
    "else",
    "eval",
    "exit",
    "export",
    "false",
    "fn",
    "for",
    "global",
    "go",
    "goto",
    "if",
    "import",
    "in",
    "is",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "let",
    "loop",
    "match",
    "module",
    "new",
    "nil",
    "null",
    "package",
    "print",
    "private",
    "protected",
    "public",
    "return",
    "shared",
    "spawn",
    "static",
    "super",
    "switch",
    "sync",
    "this",
    "thread",
    "throw",
    "true",
    "try",
    "type_of",
    "until",
    "use",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Why a text cannot name a step, a parameter or an input; `None` when it can.
pub(crate) fn unfit(name: &str) -> Option<String> {
    if WORDS.contains(&name) {
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
