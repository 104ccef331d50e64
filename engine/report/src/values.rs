//! One value, and the way from one value to another, as a person reads them.

use model::Value;
use serde::Serialize;

use crate::{Paint, Style};

/// Longer texts (certificates, mostly) are cut in the middle of a line.
const TEXT_LENGTH_MAX: usize = 96;

/// One line.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "(absent)".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Text(text) => format!("\"{}\"", cut(&clean(text))),
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, item)| format!("{}: {}", clean(key), shown(item))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Unknown(origin) => format!("(known after {origin})"),
        Value::CannotTell(why) => format!("(cannot tell: {})", clean(why)),
        Value::Secret(name) => format!("(secret {name})"),
    }
}

/// Text from elsewhere must not steer the terminal it is shown on, nor turn around what stands beside it.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|one| if one.is_control() || turns_text(one) { '\u{fffd}' } else { one }).collect()
}

/// The characters of Unicode that set the direction of text.
pub(crate) fn turns_text(one: char) -> bool {
    matches!(one, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn cut(text: &str) -> String {
    let count = text.chars().count();
    if count <= TEXT_LENGTH_MAX {
        return text.to_owned();
    }
    let head: String = text.chars().take(TEXT_LENGTH_MAX - 16).collect();
    format!("{head}… ({count} characters)")
}

/// One line a property that differs: `name: before → after`; added and removed ones with `+` and `-`.
pub(crate) fn difference(before: &Value, after: &Value, indent: usize, style: Style) -> String {
    let mut lines = Vec::new();
    walk("", before, after, &mut lines);
    let width = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        let name = format!("{:width$}", line.name);
        let body = match (line.before, line.after) {
            (Value::Null, after) => format!("{} {name} = {}", style.paint(Paint::Create, "+"), shown(after)),
            (before, Value::Null) => {
                format!("{} {name} = {}", style.paint(Paint::Delete, "-"), style.quiet(&shown(before)))
            }
            (before, after) => {
                format!(
                    "{} {name} : {} → {}",
                    style.paint(Paint::Update, "~"),
                    style.quiet(&shown(before)),
                    shown(after)
                )
            }
        };
        text.push_str(&format!("{:indent$}{}\n", "", body.trim_end()));
    }
    text
}

/// One property that differs, each side as it is shown; absent on a side where it does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    pub name: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// The same differences as [`difference`], for a table.
pub(crate) fn rows(before: &Value, after: &Value) -> Vec<Row> {
    let mut lines = Vec::new();
    walk("", before, after, &mut lines);
    let side = |value: &Value| (!value.is_null()).then(|| shown(value));
    lines
        .into_iter()
        .map(|line| Row { name: line.name, before: side(line.before), after: side(line.after) })
        .collect()
}

struct Line<'a> {
    name: String,
    before: &'a Value,
    after: &'a Value,
}

const ABSENT: &Value = &Value::Null;

fn walk<'a>(at: &str, before: &'a Value, after: &'a Value, lines: &mut Vec<Line<'a>>) {
    if before == after {
        return;
    }
    let place = |name: &str| if at.is_empty() { clean(name) } else { format!("{at}.{}", clean(name)) };
    match (before, after) {
        (Value::Map(left), Value::Map(right)) => {
            for name in left.keys().chain(right.keys().filter(|name| !left.contains_key(*name))) {
                let side = |map: &'a model::value::Map| map.get(name).unwrap_or(ABSENT);
                walk(&place(name), side(left), side(right), lines);
            }
        }
        (Value::Null, Value::Map(right)) if !right.is_empty() => {
            for (name, value) in right {
                if !value.is_null() {
                    walk(&place(name), ABSENT, value, lines);
                }
            }
        }
        (Value::Map(left), Value::Null) if !left.is_empty() => {
            for (name, value) in left {
                if !value.is_null() {
                    walk(&place(name), value, ABSENT, lines);
                }
            }
        }
        (Value::List(left), Value::List(right)) => {
            for gone in left.iter().filter(|item| !right.contains(item)) {
                lines.push(Line { name: format!("{at}[]"), before: gone, after: ABSENT });
            }
            for new in right.iter().filter(|item| !left.contains(item)) {
                lines.push(Line { name: format!("{at}[]"), before: ABSENT, after: new });
            }
            let same =
                left.iter().all(|item| right.contains(item)) && right.iter().all(|item| left.contains(item));
            if same {
                lines.push(Line { name: at.to_owned(), before, after });
            }
        }
        _ => {
            let name = if at.is_empty() { "it".to_owned() } else { at.to_owned() };
            lines.push(Line { name, before, after });
        }
    }
}

/// `1 change`, `2 changes`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_properties_that_differ() {
        let before = Value::from([
            ("hidden", Value::Bool(false)),
            ("entries", Value::List(vec!["A".into(), "B".into()])),
            ("same", Value::Int(1)),
        ]);
        let after = Value::from([
            ("hidden", Value::Bool(true)),
            ("entries", Value::List(vec!["B".into(), "C".into()])),
            ("guid", Value::Unknown("a.guid".into())),
            ("same", Value::Int(1)),
        ]);
        let expected = "  - entries[] = \"A\"\n  + entries[] = \"C\"\n  ~ hidden    : false → true\n  + guid      = (known after a.guid)\n";
        assert_eq!(difference(&before, &after, 2, Style::Plain), expected);
    }

    #[test]
    fn what_is_created_is_shown_property_by_property() {
        let after = Value::from([("a", Value::Int(1)), ("b", Value::from([("c", Value::text("x"))]))]);
        assert_eq!(difference(&Value::Null, &after, 0, Style::Plain), "+ a   = 1\n+ b.c = \"x\"\n");
        assert_eq!(difference(&Value::Null, &Value::text("y"), 0, Style::Plain), "+ it = \"y\"\n");
    }

    #[test]
    fn foreign_text_cannot_steer_the_terminal_and_long_text_is_cut() {
        assert!(!shown(&Value::text("a\u{1b}[2Jb")).contains('\u{1b}'));
        assert!(shown(&Value::text("x".repeat(5000))).chars().count() < 130);
    }
}
