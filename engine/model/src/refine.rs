//! Whether what is seen now is what was planned: comparison of values with typed holes, and three-way differences.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Change, Value};

/// Where an approved plan and the world part: what was approved, what it was computed from, what is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    pub target: String,
    /// The place inside the object, dots between names; empty for the whole object.
    pub at: String,
    /// The state the plan was computed from.
    pub planned_from: Value,
    /// The state found now.
    pub now: Value,
    /// The state the plan wanted.
    pub wanted: Value,
}

/// Fills the holes of a value. `known` answers for an origin (`step.output`), or `None` while it is not known.
pub fn fill(value: &Value, known: &dyn Fn(&str) -> Option<Value>) -> Value {
    match value {
        Value::Unknown(origin) => known(origin).unwrap_or_else(|| value.clone()),
        Value::List(items) => Value::List(items.iter().map(|item| fill(item, known)).collect()),
        Value::Map(map) => {
            Value::Map(map.iter().map(|(key, item)| (key.clone(), fill(item, known))).collect())
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::CannotTell(_)
        | Value::Secret(_) => value.clone(),
    }
}

/// Whether `now` is `expected`; a hole that is still unknown matches anything but absence and "cannot tell".
pub fn matches(expected: &Value, now: &Value) -> bool {
    match (expected, now) {
        (Value::Unknown(_), Value::Null | Value::CannotTell(_)) => false,
        (Value::Unknown(_), _) => true,
        (Value::List(wanted), Value::List(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(one, other)| matches(one, other))
        }
        (Value::Map(wanted), Value::Map(found)) => {
            wanted.len() == found.len()
                && wanted.iter().all(|(key, one)| found.get(key).is_some_and(|other| matches(one, other)))
        }
        _ => expected == now,
    }
}

/// What `now` holds where `expected` has holes, by the name of the output: `step.guid` gives `guid`.
pub fn learned(expected: &Value, now: &Value) -> crate::value::Map {
    let mut found = crate::value::Map::new();
    learn(expected, now, &mut found);
    found
}

fn learn(expected: &Value, now: &Value, found: &mut crate::value::Map) {
    match (expected, now) {
        (Value::Unknown(origin), _) => {
            let name = origin.split_once('.').map_or(origin.as_str(), |(_, name)| name);
            found.insert(name.to_owned(), now.clone());
        }
        (Value::Map(left), Value::Map(right)) => {
            for (key, item) in left {
                if let Some(other) = right.get(key) {
                    learn(item, other, found);
                }
            }
        }
        (Value::List(left), Value::List(right)) => {
            for (item, other) in left.iter().zip(right) {
                learn(item, other, found);
            }
        }
        _ => {}
    }
}

/// The changes of a fresh plan against the approved ones that are not done yet. Empty when the fresh plan refines it:
/// same keys, targets and kinds in the same order, and only holes differ. `approved` must be filled already.
pub fn differences(approved: &[Change], fresh: &[Change]) -> Vec<Difference> {
    let mut found = Vec::new();
    for change in approved {
        match fresh.iter().find(|other| other.key == change.key) {
            None => found.push(Difference {
                target: change.target.clone(),
                at: String::new(),
                planned_from: change.before.clone(),
                now: Value::text("this change is no longer needed"),
                wanted: change.after.clone(),
            }),
            Some(other) => {
                if change.target != other.target || change.kind != other.kind {
                    found.push(Difference {
                        target: change.target.clone(),
                        at: "kind".to_owned(),
                        planned_from: Value::text(
                            format!("{:?} {}", change.kind, change.target).to_lowercase(),
                        ),
                        now: Value::text(format!("{:?} {}", other.kind, other.target).to_lowercase()),
                        wanted: change.after.clone(),
                    });
                }
                compare(&change.target, "", &change.before, &other.before, &change.after, &mut found);
                compare(&change.target, "", &change.after, &other.after, &change.after, &mut found);
            }
        }
    }
    for change in fresh {
        if !approved.iter().any(|other| other.key == change.key) {
            found.push(Difference {
                target: change.target.clone(),
                at: String::new(),
                planned_from: Value::text("no change"),
                now: change.before.clone(),
                wanted: change.after.clone(),
            });
        }
    }
    found.dedup();
    found
}

/// Walks into maps so that a difference names the property that differs.
pub fn compare(
    target: &str,
    at: &str,
    expected: &Value,
    now: &Value,
    wanted: &Value,
    found: &mut Vec<Difference>,
) {
    if matches(expected, now) {
        return;
    }
    if let (Value::Map(left), Value::Map(right)) = (expected, now) {
        for key in left.keys().chain(right.keys().filter(|key| !left.contains_key(*key))) {
            let place = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
            let side = |map: &crate::value::Map| map.get(key).cloned().unwrap_or_default();
            let aim = wanted.get(key).cloned().unwrap_or_default();
            compare(target, &place, &side(left), &side(right), &aim, found);
        }
        return;
    }
    found.push(Difference {
        target: target.to_owned(),
        at: at.to_owned(),
        planned_from: expected.clone(),
        now: now.clone(),
        wanted: wanted.clone(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChangeKind;

    fn change(before: Value, after: Value) -> Change {
        Change {
            key: "k".into(),
            target: "t:x".into(),
            kind: ChangeKind::Update,
            before,
            after,
            summary: None,
            reversibility: crate::Reversibility::Reversible,
            loss: None,
            note: Value::Null,
        }
    }

    #[test]
    fn holes_match_what_fills_them_and_nothing_else() {
        let hole = Value::Unknown("a.guid".into());
        assert!(matches(&hole, &Value::text("g")));
        assert!(!matches(&hole, &Value::Null));
        assert_eq!(fill(&hole, &|_| Some(Value::text("g"))), Value::text("g"));
        let approved =
            [change(Value::from([("h", Value::Bool(false))]), Value::from([("h", Value::Bool(true))]))];
        assert!(differences(&approved, &approved).is_empty());
        let fresh =
            [change(Value::from([("h", Value::Bool(true))]), Value::from([("h", Value::Bool(true))]))];
        let found = differences(&approved, &fresh);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].at.as_str(), &found[0].now), ("h", &Value::Bool(true)));
        assert_eq!(differences(&approved, &[]).len(), 1);
        assert_eq!(differences(&[], &fresh).len(), 1);
    }
}
