//! What a file was found to be, with a verdict and its reasons: for a person and as JSON. Nests, as traces hold requests and
//! requests hold tokens.

use model::Value;
use serde_json::json;

use crate::style::{Paint, Style};
use crate::values::clean;

/// How good it is, whatever the verdict is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grade {
    #[default]
    Fine,
    /// Usable, and something is to be said.
    Warn,
    CannotTell,
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examined {
    /// `certificate`, `token`, `har`, `trace`, `request`.
    pub kind: &'static str,
    pub grade: Grade,
    /// The grade in the words of its kind; empty where there is nothing to judge.
    pub verdict: &'static str,
    /// For people, where there are several of a kind: `request 3`.
    pub title: String,
    pub reasons: Vec<String>,
    /// In the order in which people should read them. Empty values are left out of the text.
    pub facts: Vec<(&'static str, Value)>,
    pub parts: Vec<(&'static str, Part)>,
}

/// What lies inside.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    One(Box<Examined>),
    Many(Vec<Examined>),
}

impl Examined {
    pub fn fact(mut self, name: &'static str, value: impl Into<Value>) -> Examined {
        self.facts.push((name, value.into()));
        self
    }
}

/// `{"kind", "verdict"?, "reasons", …facts, …parts}`.
pub fn json(examined: &Examined) -> serde_json::Value {
    let mut document = serde_json::Map::new();
    document.insert("kind".to_owned(), json!(examined.kind));
    if !examined.verdict.is_empty() {
        document.insert("verdict".to_owned(), json!(examined.verdict));
        document.insert("reasons".to_owned(), json!(examined.reasons));
    }
    for (name, value) in &examined.facts {
        document.insert((*name).to_owned(), value.to_json());
    }
    for (name, part) in &examined.parts {
        let value = match part {
            Part::One(one) => json(one),
            Part::Many(many) => many.iter().map(json).collect(),
        };
        document.insert((*name).to_owned(), value);
    }
    serde_json::Value::Object(document)
}

/// The verdict first, then why, then the facts, then what lies inside.
pub fn text(examined: &Examined, style: Style) -> String {
    let mut out = String::new();
    write(&mut out, examined, "", style);
    out
}

fn write(out: &mut String, examined: &Examined, indent: &str, style: Style) {
    let title = if examined.title.is_empty() { examined.kind.to_owned() } else { clean(&examined.title) };
    out.push_str(&format!("{indent}{}", style.strong(&title)));
    if !examined.verdict.is_empty() {
        out.push_str(&format!(": {}", style.paint(examined.grade.paint(), examined.verdict)));
    }
    out.push('\n');
    for reason in &examined.reasons {
        out.push_str(&format!("{indent}  - {}\n", clean(reason)));
    }
    let lines: Vec<(String, String)> = examined
        .facts
        .iter()
        .map(|(name, value)| (name.replace('_', " "), clean(&shown(value))))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in lines {
        out.push_str(&format!("{indent}  {}  {value}\n", style.quiet(&format!("{name:width$}"))));
    }
    let inner = format!("{indent}  ");
    for (_, part) in &examined.parts {
        match part {
            Part::One(one) => write(out, one, &inner, style),
            Part::Many(many) => many.iter().for_each(|one| write(out, one, &inner, style)),
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::List(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Map(map) => {
            map.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

impl Grade {
    fn paint(self) -> Paint {
        match self {
            Grade::Fine => Paint::Good,
            Grade::Warn => Paint::Update,
            Grade::CannotTell => Paint::Unknown,
            Grade::Bad => Paint::Conflict,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let token = Examined { kind: "token", ..Examined::default() }.fact("app_id", "x").fact("empty", "");
        let examined = Examined {
            kind: "trace",
            grade: Grade::Bad,
            verdict: "fail",
            reasons: vec!["it \u{1b}[2J expired".to_owned()],
            parts: vec![
                ("token", Part::One(Box::new(token.clone()))),
                ("requests", Part::Many(vec![Examined { title: "request 1".into(), ..token }])),
            ],
            ..Examined::default()
        }
        .fact("ok", true)
        .fact("hosts", Value::List(vec!["a".into(), "b".into()]));
        assert_eq!(
            text(&examined, Style::Plain),
            "trace: fail\n  - it \u{fffd}[2J expired\n  ok     yes\n  hosts  a, b\n  token\n    app id  x\n  request 1\n    app id  x\n"
        );
        assert_eq!(
            json(&examined),
            json!({
                "kind": "trace", "verdict": "fail", "reasons": ["it \u{1b}[2J expired"], "ok": true, "hosts": ["a", "b"],
                "token": { "kind": "token", "app_id": "x", "empty": "" },
                "requests": [{ "kind": "token", "app_id": "x", "empty": "" }],
            })
        );
    }
}
