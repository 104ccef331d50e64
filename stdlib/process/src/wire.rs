//! The protocol: what footbridge writes to a program, and what it reads from it. One JSON object a line.

use std::collections::BTreeMap;

use contracts::WireRequest;
use model::value::{DEPTH_MAX, Map};
use model::{Class, Effect, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The version of the protocol. A program of another version is refused.
pub const PROTOCOL: u32 = 1;

/// No line is longer, in either direction, its end not counted.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// What a person would read of a message, at most.
const TEXT_CHARACTERS_MAX: usize = 2_000;

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Say<'a> {
    Hello {
        protocol: u32,
        module: &'a str,
        /// Only where the program stands in for reality: an empty folder at first, where it keeps its world.
        #[serde(skip_serializing_if = "Option::is_none")]
        world: Option<&'a str>,
    },
    Call {
        id: u64,
        function: &'a str,
        arguments: &'a Map,
        /// Absent while planning without a run.
        #[serde(skip_serializing_if = "Option::is_none")]
        run: Option<String>,
        mode: Effect,
        time_left_ms: u64,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        secrets: BTreeMap<&'a str, &'a str>,
    },
    /// What would the same call send?
    Describe { id: u64, function: &'a str, arguments: &'a Map },
    /// The answer to this call is no longer waited for, or not for long.
    Cancel { id: u64 },
}

impl Say<'_> {
    /// The line with its end, in ASCII, so that no program has to know in which encoding it reads. `None` where it is
    /// longer than a line may be.
    pub(crate) fn line(&self) -> Option<String> {
        let json = serde_json::to_string(self).expect("what footbridge says always has a JSON form");
        let mut line = String::with_capacity(json.len() + 1);
        for one in json.chars() {
            if one.is_ascii() {
                line.push(one);
            } else {
                let mut units = [0; 2];
                for unit in one.encode_utf16(&mut units) {
                    line.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
        line.push('\n');
        (line.len() <= LINE_BYTES_MAX + 1).then_some(line)
    }
}

/// What a program may say.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Hello { protocol: u32, functions: Vec<String>, describes: bool },
    Reply { id: u64, value: Value, evidence: Map },
    Described { id: u64, requests: Vec<WireRequest> },
    Failed { id: u64, failed: Failed },
}

/// A failure, as the program classified it.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    pub class: Class,
    pub message: String,
    pub hint: Option<String>,
    pub retry_after_ms: Option<u64>,
    pub evidence: Map,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Said {
    Hello {
        protocol: u32,
        functions: Vec<String>,
        #[serde(default)]
        describes: bool,
    },
    Reply {
        id: u64,
        #[serde(default)]
        value: Json,
        #[serde(default)]
        evidence: serde_json::Map<String, Json>,
    },
    Described {
        id: u64,
        requests: Vec<WireRequest>,
    },
    Failure {
        id: u64,
        class: SaidClass,
        message: String,
        #[serde(default)]
        hint: Option<String>,
        #[serde(default)]
        retry_after_ms: Option<u64>,
        #[serde(default)]
        evidence: serde_json::Map<String, Json>,
    },
}

/// The classes that a program may choose from; a bug is what footbridge finds out by itself.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SaidClass {
    Transient,
    InDoubt,
    Conflict,
    Denied,
    Invalid,
}

/// Reads one line, or says in one clean line what is wrong with it.
pub fn read_answer(line: &[u8]) -> Result<Answer, String> {
    let said: Said = serde_json::from_slice(line).map_err(|error| clean(&error.to_string()))?;
    Ok(match said {
        Said::Hello { protocol, functions, describes } => {
            let functions = functions.iter().map(|name| clean(name)).collect();
            Answer::Hello { protocol, functions, describes }
        }
        Said::Reply { id, value, evidence } => {
            Answer::Reply { id, value: value_of(value, DEPTH_MAX / 2)?, evidence: map_of(evidence)? }
        }
        Said::Described { id, requests } => Answer::Described { id, requests },
        Said::Failure { id, class, message, hint, retry_after_ms, evidence } => {
            let class = match class {
                SaidClass::Transient => Class::Transient,
                SaidClass::InDoubt => Class::InDoubt,
                SaidClass::Conflict => Class::Conflict,
                SaidClass::Denied => Class::Denied,
                SaidClass::Invalid => Class::Invalid,
            };
            let (message, hint) = (clean(&message), hint.as_deref().map(clean));
            let evidence = map_of(evidence)?;
            Answer::Failed { id, failed: Failed { class, message, hint, retry_after_ms, evidence } }
        }
    })
}

/// One line that can be shown: no control characters, not without end.
pub(crate) fn clean(text: &str) -> String {
    let mut shown: String =
        text.chars().take(TEXT_CHARACTERS_MAX).map(|one| if one.is_control() { ' ' } else { one }).collect();
    if text.chars().nth(TEXT_CHARACTERS_MAX).is_some() {
        shown.push('…');
    }
    shown.trim().to_owned()
}

fn map_of(fields: serde_json::Map<String, Json>) -> Result<Map, String> {
    fields.into_iter().map(|(name, value)| Ok((name, value_of(value, DEPTH_MAX / 2)?))).collect()
}

/// A program may say that it cannot tell; holes and handles are footbridge's alone.
fn value_of(json: Json, depth: usize) -> Result<Value, String> {
    let Some(deeper) = depth.checked_sub(1) else { return Err("a value is nested too deep".to_owned()) };
    Ok(match json {
        Json::Array(items) => {
            Value::List(items.into_iter().map(|item| value_of(item, deeper)).collect::<Result<Vec<_>, _>>()?)
        }
        Json::Object(fields) => {
            let only = if fields.len() == 1 { fields.iter().next() } else { None };
            match only.map(|(name, value)| (name.as_str(), value)) {
                Some(("$cannot_tell", Json::String(why))) => Value::CannotTell(clean(why)),
                Some((name @ ("unknown" | "$secret"), Json::String(_))) => {
                    return Err(format!("a value is {{\"{name}\": …}}, which only footbridge may write"));
                }
                _ => Value::Map(
                    fields
                        .into_iter()
                        .map(|(name, item)| Ok((name, value_of(item, deeper)?)))
                        .collect::<Result<Map, String>>()?,
                ),
            }
        }
        simple @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => Value::from_json(simple),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_may_say() {
        let good = [
            r#"{"type":"hello","protocol":1,"functions":["note"]}"#,
            r#"{"type":"reply","id":3,"value":{"a":[1,null,{"$cannot_tell":"no"}]}}"#,
            "{\"type\":\"reply\",\"id\":3}\r",
            r#"{"type":"described","id":3,"requests":[{"channel":"http","line":"POST /x"}]}"#,
            r#"{"type":"failure","id":3,"class":"in_doubt","message":"cut","retry_after_ms":5}"#,
        ];
        for line in good {
            assert!(read_answer(line.as_bytes()).is_ok(), "{line}");
        }
        for (line, part) in [
            ("", "EOF"),
            ("ready", "expected value"),
            ("[1]", "type"),
            (r#"{"type":"repl","id":3}"#, "unknown variant `repl`"),
            (r#"{"type":"reply","id":3,"val":1}"#, "unknown field `val`"),
            (r#"{"type":"reply","id":-3}"#, "invalid value"),
            (r#"{"type":"reply","id":3,"value":{"$secret":"x"}}"#, "only footbridge"),
            (r#"{"type":"failure","id":3,"class":"bug","message":"x"}"#, "unknown variant `bug`"),
            (r#"{"type":"failure","id":3,"class":"denied"}"#, "missing field `message`"),
        ] {
            let why = read_answer(line.as_bytes()).expect_err(line);
            assert!(why.contains(part), "{line}: {why}");
        }
        let deep = format!(r#"{{"type":"reply","id":1,"value":{}{}}}"#, "[".repeat(60), "]".repeat(60));
        assert_eq!(read_answer(deep.as_bytes()), Err("a value is nested too deep".to_owned()));
    }

    #[test]
    fn what_is_said_is_one_line_of_ascii_that_means_the_same() {
        let arguments = Map::from([("name".to_owned(), Value::text("Zürich\n😀"))]);
        let say = Say::Describe { id: 7, function: "note", arguments: &arguments };
        let line = say.line().expect("short");
        assert!(line.is_ascii() && line.matches('\n').count() == 1 && line.ends_with('\n'), "{line}");
        let read: Json = serde_json::from_str(&line).expect("json");
        assert_eq!(read["arguments"]["name"], "Zürich\n😀");
        let long = Map::from([("text".to_owned(), Value::text("x".repeat(LINE_BYTES_MAX)))]);
        assert_eq!(Say::Describe { id: 7, function: "note", arguments: &long }.line(), None);
    }
}
