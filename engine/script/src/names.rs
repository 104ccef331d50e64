//! Words that name something already, and the nearest known word to a mistyped one.

/// Words of the script language that cannot be read as a property, so no step, parameter or output may have them.
const RESERVED: &[&str] = &[
    "Fn",
    "abstract",
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
    "each",
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
    "then",
    "this",
    "thread",
    "throw",
    "true",
    "try",
    "type_of",
    "undef",
    "unless",
    "until",
    "use",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Whether a word cannot name a step, a parameter or an output because scripts and expressions could not read it.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// The candidate most like the word, if any is like it at all.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word of the language that is an error as a property must be in the list.
    #[test]
    fn no_reserved_word_is_missing_from_the_list() {
        let engine = rhai::Engine::new_raw();
        for word in RESERVED {
            if ["as", "exit"].contains(word) {
                continue;
            }
            let readable = engine.compile_expression(format!("a.{word}")).is_ok();
            assert!(!readable || ["each", "is"].contains(word) || is_reserved(word), "{word}");
        }
        for word in ["name", "guid", "tenant", "domain", "objects", "step", "run"] {
            assert!(engine.compile_expression(format!("a.{word}")).is_ok(), "{word}");
            assert!(!is_reserved(word), "{word}");
        }
    }

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        let known = ["mail_user", "set_mail_user", "organization"];
        assert_eq!(nearest("mail_usr", known), Some("mail_user"));
        assert_eq!(nearest("xyz", known), None);
    }
}
