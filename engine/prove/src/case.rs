//! A case: the world before, what others do meanwhile, the answers to forms, and what must hold afterwards.

use std::collections::BTreeMap;

use model::value::Map;
use model::{Answer, Code, Failure, Place};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

/// A case file, read. `workflows/README.md` describes the format.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The file's name without its ending; not written in the file.
    #[serde(skip)]
    pub name: String,
    pub title: String,
    /// What the laboratory makes the world from.
    #[serde(default = "empty")]
    pub world: Json,
    #[serde(default)]
    pub params: Map,
    #[serde(default)]
    pub(crate) during: Vec<During>,
    #[serde(default)]
    pub(crate) answers: BTreeMap<String, BTreeMap<String, Answered>>,
    pub(crate) expect: Expect,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct During {
    pub(crate) at: At,
    pub(crate) act: Json,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum At {
    Approval,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) state: CaseEnd,
    pub(crate) plan: Option<BTreeMap<String, usize>>,
    pub(crate) unchecked: Option<Vec<String>>,
    pub(crate) code: Option<Code>,
    /// What undo brings back; where it is not said, something may stay that the plan called irreversible.
    pub(crate) undo: Option<CaseUndo>,
    #[serde(default)]
    pub(crate) holds: Vec<Holds>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CaseEnd {
    Succeeded,
    Failed,
    Stale,
    Conflict,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CaseUndo {
    /// Exactly the world from before.
    Whole,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Holds {
    pub(crate) pointer: String,
    pub(crate) equals: Option<Json>,
    #[serde(default)]
    pub(crate) absent: bool,
}

/// `yes`, `no: why` or `cannot tell: why`.
#[derive(Clone, Debug)]
pub(crate) struct Answered(pub(crate) Answer);

impl<'de> Deserialize<'de> for Answered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Answered, D::Error> {
        let text = String::deserialize(deserializer)?;
        let answer = match text.split_once(':') {
            None if text == "yes" => Answer::So,
            Some(("no", why)) => Answer::NotSo(why.trim().to_owned()),
            Some(("cannot tell", why)) => Answer::CannotTell(why.trim().to_owned()),
            _ => {
                return Err(serde::de::Error::custom(format!(
                    "'{text}' is no answer; write yes, 'no: why' or 'cannot tell: why'"
                )));
            }
        };
        Ok(Answered(answer))
    }
}

impl Case {
    /// On such a case everything may be disturbed: it succeeds, and nobody else acts.
    pub(crate) fn succeeds_alone(&self) -> bool {
        self.expect.state == CaseEnd::Succeeded && self.during.is_empty()
    }
}

fn empty() -> Json {
    Json::Object(serde_json::Map::new())
}

/// Reads a case file. `file` is how errors name it; its stem is the case's name.
pub fn read_case(file: &str, text: &str) -> Result<Case, Failure> {
    let mut case: Case = toml::from_str(text).map_err(|error| {
        let place =
            error.span().map_or(Place { file: file.into(), line: 0, column: 0, text: None }, |span| {
                place(file, text, span.start)
            });
        Failure::invalid(Code::Case, format!("read the case {file}: {}", error.message()))
            .hint("workflows/README.md describes every key of a case")
            .at(place)
    })?;
    if let Some(bad) = case.expect.holds.iter().find(|one| one.equals.is_some() == one.absent) {
        let why =
            format!("read the case {file}: {} must have either 'equals' or 'absent = true'", bad.pointer);
        return Err(Failure::invalid(Code::Case, why));
    }
    let stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
    stem.trim_end_matches(".toml").clone_into(&mut case.name);
    Ok(case)
}

fn place(file: &str, text: &str, at: usize) -> Place {
    let before = &text[..text.floor_char_boundary(at)];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    Place {
        file: file.to_owned(),
        line,
        column: before[start..].chars().count() + 1,
        text: text.lines().nth(line - 1).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_with_their_place() {
        let good = "title = 'x'\n[answers.s]\nq = 'no: why'\n[expect]\nstate = 'succeeded'\n";
        let case = read_case("cases/a-b.toml", good).unwrap();
        assert_eq!((case.name.as_str(), case.succeeds_alone()), ("a-b", true));
        for (text, line) in [
            ("title = 'x'\nworlds = 1\n[expect]\nstate = 'succeeded'\n", 2),
            ("title = 'x'\n[expect]\nstate = 'done'\n", 3),
            ("title = 'x'\n[answers.s]\nq = 'maybe'\n[expect]\nstate = 'failed'\n", 3),
            ("title = \n", 1),
        ] {
            let failure = read_case("cases/a.toml", text).unwrap_err();
            assert_eq!(
                (failure.code, failure.place.map(|place| place.line)),
                (Code::Case, Some(line)),
                "{text}"
            );
        }
        let both = format!("{good}[[expect.holds]]\npointer = '/x'\nabsent = true\nequals = 1\n");
        assert!(read_case("a.toml", &both).unwrap_err().message.contains("/x"));
    }
}
