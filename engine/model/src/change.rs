//! One intended write to one target object.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::Map;
use crate::{Reversibility, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Create,
    Update,
    Delete,
    /// Not a desired state but an action, such as a notification.
    Run,
    /// Already so.
    None,
    /// The object is there and not as it may be changed.
    Conflict,
    /// Not known yet, or nobody can tell.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Unique and stable within its step.
    pub key: String,
    /// `<kind>:<name or id>`, a key of what `probe` saw.
    pub target: String,
    pub kind: ChangeKind,
    /// As seen, with the earlier changes of the same step laid over.
    pub before: Value,
    pub after: Value,
    /// One sentence for a person; the reason, for a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    #[serde(default)]
    pub reversibility: Reversibility,
    /// What undo cannot bring back, for a person: `the mailbox's permissions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<String>,
    /// Free data for `apply` and `undo`; never part of the digest.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub note: Value,
}

impl Change {
    /// Whether anything would be written.
    pub fn writes(&self) -> bool {
        match self.kind {
            ChangeKind::Create | ChangeKind::Update | ChangeKind::Delete | ChangeKind::Run => true,
            ChangeKind::None | ChangeKind::Conflict | ChangeKind::Unknown => false,
        }
    }

    /// Reads the map a script gave: `#{ key, target, kind, before, after, summary?, reversibility?, loss?,
    /// note? }`.
    pub fn from_value(value: &Value) -> Result<Change, String> {
        const KEYS: [&str; 9] =
            ["key", "target", "kind", "before", "after", "summary", "reversibility", "loss", "note"];
        let map =
            value.as_map().ok_or_else(|| format!("a change must be a map, not {}", value.kind_name()))?;
        if let Some(stray) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!("a change has no '{stray}'; it has {}", KEYS.join(", ")));
        }
        let text = |name: &str| match map.get(name) {
            Some(Value::Text(text)) if !text.is_empty() => Ok(text.clone()),
            Some(other) => Err(format!("a change's '{name}' must be a string, not {}", other.kind_name())),
            None => Err(format!("a change needs '{name}'")),
        };
        let word = |name: &str| serde_json::Value::String(text(name).unwrap_or_default());
        let change = Change {
            key: text("key")?,
            target: text("target")?,
            kind: serde_json::from_value(word("kind")).map_err(|_| {
                "a change's 'kind' must be create, update, delete, run, none, conflict or unknown".to_owned()
            })?,
            before: map.get("before").cloned().unwrap_or_default(),
            after: map.get("after").cloned().unwrap_or_default(),
            summary: map.get("summary").and_then(Value::as_text).map(str::to_owned),
            reversibility: match map.get("reversibility") {
                None => Reversibility::default(),
                Some(_) => serde_json::from_value(word("reversibility")).map_err(|_| {
                    "a change's 'reversibility' must be reversible, with_loss or irreversible".to_owned()
                })?,
            },
            loss: map.get("loss").and_then(Value::as_text).map(str::to_owned),
            note: map.get("note").cloned().unwrap_or_default(),
        };
        if change.loss.is_some() && change.reversibility == Reversibility::Reversible {
            return Err(
                "a change with a 'loss' needs reversibility: \"with_loss\" or \"irreversible\"".to_owned()
            );
        }
        Ok(change)
    }

    /// The same map, for handing the change to `apply` and `undo`.
    pub fn to_value(&self) -> Value {
        Value::from_json(serde_json::to_value(self).expect("a change always has a JSON form"))
    }

    /// What counts for the digest of a plan.
    pub fn digestible(&self) -> Map {
        let mut map = Map::new();
        map.insert("key".into(), Value::text(&self.key));
        map.insert("target".into(), Value::text(&self.target));
        map.insert("kind".into(), Value::from_json(serde_json::json!(self.kind)));
        map.insert("before".into(), self.before.clone());
        map.insert("after".into(), self.after.clone());
        map
    }
}

/// How we know that an object is as a change wanted it, and so what undo may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ownership {
    /// The answer to our write said so.
    Ours,
    /// It was there before.
    Adopted,
    /// The answer was lost; looking found it so. Undo asks first.
    Presumed,
}

/// A change that took effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Applied {
    pub ownership: Ownership,
    /// What `apply` returned; empty when the answer was lost.
    #[serde(default)]
    pub outcome: Value,
    /// Request ids, domain controller and the like.
    #[serde(default)]
    pub evidence: Map,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_round_trips_and_refuses_what_it_does_not_know() {
        let mut map = Map::new();
        for (key, text) in [("key", "create"), ("target", "mail_user:x"), ("kind", "create")] {
            map.insert(key.into(), text.into());
        }
        let change = Change::from_value(&Value::Map(map.clone())).expect("whole");
        assert_eq!(Change::from_value(&change.to_value()), Ok(change));
        map.insert("colour".into(), "red".into());
        assert!(Change::from_value(&Value::Map(map.clone())).is_err());
        map.remove("colour");
        map.insert("loss".into(), "its history".into());
        assert!(Change::from_value(&Value::Map(map.clone())).is_err(), "what is lost is said with its class");
        map.insert("reversibility".into(), "with_loss".into());
        let change = Change::from_value(&Value::Map(map.clone())).expect("whole");
        assert_eq!(change.loss.as_deref(), Some("its history"));
        assert_eq!(Change::from_value(&change.to_value()), Ok(change));
        map.insert("kind".into(), "paint".into());
        assert!(Change::from_value(&Value::Map(map)).is_err());
    }
}
