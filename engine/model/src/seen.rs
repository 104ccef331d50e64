//! What a probe saw: per object its comparable projection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::Map;
use crate::{Change, Value};

/// The map a `probe` returns: `objects`, and whatever else the step's own phases want to know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Seen(Map);

impl Seen {
    /// Refuses anything that is not a map with a map of `objects`.
    pub fn from_value(value: Value) -> Result<Seen, String> {
        match value {
            Value::Map(map) => match map.get("objects") {
                Some(Value::Map(_)) => Ok(Seen(map)),
                Some(other) => Err(format!("'objects' must be a map, not {}", other.kind_name())),
                None => Err("a probe gives a map with 'objects'".to_owned()),
            },
            other => Err(format!("a probe gives a map with 'objects', not {}", other.kind_name())),
        }
    }

    pub fn to_value(&self) -> Value {
        Value::Map(self.0.clone())
    }

    pub fn objects(&self) -> &Map {
        static NONE: Map = Map::new();
        self.0.get("objects").and_then(Value::as_map).unwrap_or(&NONE)
    }

    /// The object's state: `None` = not looked, `Null` = looked and absent.
    pub fn object(&self, target: &str) -> Option<&Value> {
        self.objects().get(target)
    }

    /// What would be seen after these changes.
    pub fn with_changes<'a>(&self, changes: impl IntoIterator<Item = &'a Change>) -> Seen {
        let mut map = self.0.clone();
        let mut objects = self.objects().clone();
        for change in changes {
            if change.writes() {
                objects.insert(change.target.clone(), change.after.clone());
            }
        }
        map.insert("objects".to_owned(), Value::Map(objects));
        Seen(map)
    }
}
