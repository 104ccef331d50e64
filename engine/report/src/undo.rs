//! What undo would do, newest change first.

use model::refine::Difference;
use model::{Digest, RunId, Value};

use crate::values::{clean, counted, difference};
use crate::{Paint, Style, stale};

/// One change and what undo would do with it.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    pub step: &'a str,
    pub target: &'a str,
    /// What the run left there.
    pub left: &'a Value,
    /// What undo would bring back.
    pub before: &'a Value,
    pub fate: Fate<'a>,
}

#[derive(Clone, Debug)]
pub enum Fate<'a> {
    Undo,
    Covered(&'a str),
    AlreadySo,
    Conflict(&'a [Difference]),
    Irreversible(&'a str),
    Presumed,
    CannotTell(&'a str),
}

pub fn text(run: RunId, digest: Digest, items: &[Item<'_>], style: Style) -> String {
    let mut text = format!("undo of {}\n\n", style.strong(&run.to_string()));
    // Many small changes of one object are covered together.
    let groups = items.chunk_by(|one, other| {
        matches!((&one.fate, &other.fate), (Fate::Covered(_), Fate::Covered(_)))
            && (one.step, one.target) == (other.step, other.target)
    });
    for group in groups {
        let item = &group[0];
        let (sign, note) = match item.fate {
            Fate::Undo if item.before.is_null() => (style.paint(Paint::Delete, "-"), "remove".to_owned()),
            Fate::Undo if item.left.is_null() => (style.paint(Paint::Create, "+"), "create again".to_owned()),
            Fate::Undo => (style.paint(Paint::Update, "~"), "bring back".to_owned()),
            Fate::Covered(by) => (style.quiet("·"), format!("covered by the undo of {}:", clean(by))),
            Fate::AlreadySo => (style.paint(Paint::Good, "="), "already as it was:".to_owned()),
            Fate::Conflict(_) => (style.paint(Paint::Conflict, "!"), "someone changed it since:".to_owned()),
            Fate::Irreversible(why) => (style.quiet("·"), format!("stays ({}):", clean(why))),
            Fate::Presumed => (
                style.paint(Paint::Unknown, "?"),
                "presumed ours only, its answer was lost; a person must say so:".to_owned(),
            ),
            Fate::CannotTell(why) => {
                (style.paint(Paint::Unknown, "?"), format!("cannot tell ({}):", clean(why)))
            }
        };
        let times = if group.len() > 1 { format!(" ({} changes)", group.len()) } else { String::new() };
        let step = style.quiet(&format!("{}{times}", item.step));
        text.push_str(&format!("  {sign} {note} {}  {step}\n", clean(item.target)));
        match item.fate {
            Fate::Undo | Fate::Presumed => text.push_str(&difference(item.left, item.before, 6, style)),
            Fate::Conflict(differences) => text.push_str(&stale::text(differences, style)),
            Fate::Covered(_) | Fate::AlreadySo | Fate::Irreversible(_) | Fate::CannotTell(_) => {}
        }
    }
    let undone = items.iter().filter(|item| matches!(item.fate, Fate::Undo | Fate::Covered(_))).count();
    let refused = items
        .iter()
        .filter(|item| matches!(item.fate, Fate::Conflict(_) | Fate::Presumed | Fate::CannotTell(_)))
        .count();
    text.push_str(&format!("\n{} to take back", counted(undone, "change", "changes")));
    if refused > 0 {
        text.push_str(&format!(", {refused} not without a person"));
    }
    text.push_str(&format!(
        "\ndigest {} ({})\n",
        style.strong(&digest.short()),
        style.quiet(&digest.to_string())
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fate_has_its_sign() {
        let left = Value::from([("a", Value::Int(1))]);
        let item = |fate| Item { step: "s", target: "t:x", left: &left, before: &Value::Null, fate };
        let items =
            [item(Fate::Undo), item(Fate::Covered("t:y")), item(Fate::Presumed), item(Fate::AlreadySo)];
        let text = text(RunId::new(0, 0), Digest::default(), &items, Style::Plain);
        for line in [
            "  - remove t:x  s\n      - a = 1\n",
            "  · covered by the undo of t:y: t:x",
            "2 changes to take back, 1 not",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
