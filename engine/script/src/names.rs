//! The nearest known word to a mistyped one.

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
    use model::reserved::{RESERVED, is_reserved};

    use super::*;

    #[test]
    fn the_list_is_exactly_what_cannot_be_read() {
        let mut engine = rhai::Engine::new_raw();
        crate::engine::disable(&mut engine);
        let unreadable = |word: &str| engine.compile_expression(format!("a.{word}")).is_err();
        let readable: Vec<_> = RESERVED.iter().filter(|word| !unreadable(word)).collect();
        assert_eq!(readable, Vec::<&&str>::new(), "reserved without need");
        let others = "name guid tenant domain objects step run kind before after params inputs ctx seen thumbprint \
            and or not end type enum struct impl trait mut ref self true_ where with_ each is as exit let_ begin";
        for word in others.split_whitespace() {
            assert_eq!(unreadable(word), is_reserved(word), "{word}");
        }
    }

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        let known = ["mail_user", "set_mail_user", "organization"];
        assert_eq!(nearest("mail_usr", known), Some("mail_user"));
        assert_eq!(nearest("xyz", known), None);
    }
}
