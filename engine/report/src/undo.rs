//! What undo would do, newest change first.

use model::refine::Difference;
use model::{Digest, RunId, UndoScope, Value};

use crate::values::{clean, counted, difference, shown};
use crate::{Paint, Style};

/// One change and what undo would do with it.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    pub step: &'a str,
    pub key: &'a str,
    pub target: &'a str,
    /// What is there.
    pub now: &'a Value,
    /// What undo would bring back.
    pub before: &'a Value,
    /// What others changed since and undo keeps.
    pub kept: &'a [Difference],
    pub fate: Fate<'a>,
}

#[derive(Clone, Debug)]
pub enum Fate<'a> {
    Undo,
    Covered(&'a str),
    AlreadySo,
    Conflict(&'a [Difference]),
    Replaced(&'a [Difference]),
    Overruled(&'a [Difference]),
    Left,
    Irreversible(&'a str),
    WithLoss(&'a str),
    Presumed,
    CannotTell(&'a str),
}

pub fn text(run: RunId, scope: &UndoScope, digest: Digest, items: &[Item<'_>], style: Style) -> String {
    let part = match scope {
        UndoScope::All => String::new(),
        UndoScope::To(step) => format!(", everything after step {step}"),
        UndoScope::Only(step) => format!(", step {step} alone"),
    };
    let mut text = format!("undo of {}{part}\n\n", style.strong(&run.to_string()));
    // Many small changes of one object are covered together.
    let groups = items.chunk_by(|one, other| {
        matches!((&one.fate, &other.fate), (Fate::Covered(_), Fate::Covered(_)))
            && (one.step, one.target) == (other.step, other.target)
    });
    for group in groups {
        text.push_str(&line(group, style));
    }
    text.push_str(&format!(
        "\n{}\ndigest {} ({})\n",
        counts(items),
        style.strong(&digest.short()),
        style.quiet(&digest.to_string())
    ));
    text
}

/// One change, or many covered ones of one object.
pub fn line(group: &[Item<'_>], style: Style) -> String {
    let item = &group[0];
    let unknown = || style.paint(Paint::Unknown, "?");
    let refused = || style.paint(Paint::Conflict, "!");
    let (sign, note) = match item.fate {
        Fate::Undo if item.before.is_null() => (style.paint(Paint::Delete, "-"), "remove".to_owned()),
        Fate::Undo if item.now.is_null() => (style.paint(Paint::Create, "+"), "create again".to_owned()),
        Fate::Undo => (style.paint(Paint::Update, "~"), "bring back".to_owned()),
        Fate::Covered(by) => (style.quiet("·"), format!("covered by the undo of {}:", clean(by))),
        Fate::AlreadySo => (style.paint(Paint::Good, "="), "already as it was:".to_owned()),
        Fate::Conflict(_) => (refused(), "someone changed it since:".to_owned()),
        Fate::Replaced(_) => (refused(), "another object of that name, never removed:".to_owned()),
        Fate::Overruled(_) => (
            style.paint(Paint::Delete, "~"),
            "taken back although someone changed it since, which is lost:".to_owned(),
        ),
        Fate::Left => (style.quiet("·"), "left as it is, by a person's decision:".to_owned()),
        Fate::Irreversible(why) => (style.quiet("·"), format!("stays ({}):", clean(why))),
        Fate::WithLoss(what) => {
            (unknown(), format!("taken back, but lost is {}; a person must say so:", clean(what)))
        }
        Fate::Presumed => {
            (unknown(), "presumed ours only, its answer was lost; a person must say so:".to_owned())
        }
        Fate::CannotTell(why) => (unknown(), format!("cannot tell ({}):", clean(why))),
    };
    let place = match group.len() {
        1 => format!("{}/{}", item.step, clean(item.key)),
        many => format!("{} ({many} changes)", item.step),
    };
    let mut text = format!("  {sign} {note} {}  {}\n", clean(item.target), style.quiet(&place));
    match item.fate {
        Fate::Undo | Fate::Presumed | Fate::WithLoss(_) => {
            text.push_str(&difference(item.now, item.before, 6, style));
            text.push_str(&kept(item.kept, style));
        }
        Fate::Overruled(differences) => {
            text.push_str(&three_ways(differences, style));
            text.push_str(&kept(item.kept, style));
        }
        Fate::Conflict(differences) | Fate::Replaced(differences) => {
            text.push_str(&three_ways(differences, style));
        }
        Fate::Covered(_) | Fate::AlreadySo | Fate::Left | Fate::Irreversible(_) | Fate::CannotTell(_) => {}
    }
    text
}

fn counts(items: &[Item<'_>]) -> String {
    let count = |wanted: fn(&Fate<'_>) -> bool| items.iter().filter(|item| wanted(&item.fate)).count();
    let back = count(|fate| matches!(fate, Fate::Undo | Fate::Covered(_)));
    let person = count(|fate| {
        matches!(
            fate,
            Fate::Conflict(_)
                | Fate::Replaced(_)
                | Fate::Overruled(_)
                | Fate::WithLoss(_)
                | Fate::Presumed
                | Fate::CannotTell(_)
        )
    });
    let mut text = format!("{} to take back", counted(back, "change", "changes"));
    if person > 0 {
        text.push_str(&format!(", {person} not without a person"));
    }
    text
}

/// What was before, what the run left, and what is there now; a place each.
pub fn three_ways(differences: &[Difference], style: Style) -> String {
    let mut text = String::new();
    for one in differences {
        if !one.at.is_empty() {
            text.push_str(&format!("      {}\n", style.strong(&clean(&one.at))));
        }
        text.push_str(&format!("        before           {}\n", shown(&one.wanted)));
        text.push_str(&format!("        left by the run  {}\n", shown(&one.planned_from)));
        text.push_str(&format!(
            "        now              {}\n",
            style.paint(Paint::Update, &shown(&one.now))
        ));
    }
    text
}

fn kept(differences: &[Difference], style: Style) -> String {
    let mut text = String::new();
    for one in differences {
        let at = if one.at.is_empty() { "it" } else { &one.at };
        let moved = format!("{} → {}", shown(&one.planned_from), shown(&one.now));
        let sign = style.quiet("·");
        text.push_str(&format!("      {sign} {} : {moved}, changed by someone since and kept\n", clean(at)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fate_has_its_sign() {
        let now = Value::from([("a", Value::Int(1))]);
        let moved = [Difference {
            target: "t:x".into(),
            at: "a".into(),
            planned_from: Value::Int(1),
            now: Value::Int(2),
            wanted: Value::Int(0),
        }];
        let item = |fate| Item {
            step: "s",
            key: "k",
            target: "t:x",
            now: &now,
            before: &Value::Null,
            kept: &[],
            fate,
        };
        let kept = Item { kept: &moved, ..item(Fate::WithLoss("its history")) };
        let items = [
            item(Fate::Undo),
            item(Fate::Covered("t:y")),
            item(Fate::Covered("t:y")),
            kept,
            item(Fate::Conflict(&moved)),
            item(Fate::Left),
            item(Fate::AlreadySo),
        ];
        let only = UndoScope::Only("s".into());
        let run = RunId::new(0, 0);
        let expected = format!(
            "undo of {run}, step s alone\n\n  \
             - remove t:x  s/k\n      - a = 1\n  \
             · covered by the undo of t:y: t:x  s (2 changes)\n  \
             ? taken back, but lost is its history; a person must say so: t:x  s/k\n      - a = 1\n      \
             · a : 1 → 2, changed by someone since and kept\n  \
             ! someone changed it since: t:x  s/k\n      a\n        before           0\n        \
             left by the run  1\n        now              2\n  \
             · left as it is, by a person's decision: t:x  s/k\n  \
             = already as it was: t:x  s/k\n\n\
             3 changes to take back, 2 not without a person\n\
             digest 000000000000 ({})\n",
            Digest::default()
        );
        assert_eq!(text(run, &only, Digest::default(), &items, Style::Plain), expected);
    }
}
