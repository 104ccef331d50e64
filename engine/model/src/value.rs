//! What scripts, parameters, plans and the journal speak in: JSON plus what JSON cannot say.
//!
//! Three values have no JSON form of their own and are written as one-entry objects: an *unknown*
//! (`{"unknown": "step.output"}`: a typed hole, filled later by that output), a *cannot tell*
//! (`{"$cannot_tell": "why"}`) and a *secret handle* (`{"$secret": "name"}`: never the secret itself).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub type Map = BTreeMap<String, Value>;

/// How deep a value may nest; deeper input is refused where it enters, so that no recursion here can overflow.
pub const DEPTH_MAX: usize = 64;

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Looked at and absent, or nothing given.
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Map(Map),
    /// Filled later by the named output: `step.output`.
    Unknown(String),
    /// Looked, and could not tell; the text says why.
    CannotTell(String),
    /// The name of a secret. Its value never enters a `Value`.
    Secret(String),
}

impl Value {
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The entry of a map; `None` when this is no map or has no such key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The first unknown inside, by depth-first order of keys.
    pub fn first_unknown(&self) -> Option<&str> {
        match self {
            Value::Unknown(origin) => Some(origin),
            Value::List(items) => items.iter().find_map(Value::first_unknown),
            Value::Map(map) => map.values().find_map(Value::first_unknown),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::CannotTell(_)
            | Value::Secret(_) => None,
        }
    }

    /// What kind of value this is, in the words an error message uses.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool(_) => "a bool",
            Value::Int(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Unknown(_) => "an unknown",
            Value::CannotTell(_) => "a \"cannot tell\"",
            Value::Secret(_) => "a secret handle",
        }
    }

    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("a value always has a JSON form")
    }

    pub fn from_json(json: serde_json::Value) -> Value {
        serde_json::from_value(json).expect("every JSON document is a value")
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Value {
        Value::List(items)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Value {
        Value::Map(map)
    }
}

impl<K: Into<String>, const N: usize> From<[(K, Value); N]> for Value {
    fn from(entries: [(K, Value); N]) -> Value {
        Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

/// One line of JSON; for messages and logs.
impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.to_json())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tagged = |serializer: S, tag: &str, text: &str| {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(tag, text)?;
            map.end()
        };
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Int(number) => serializer.serialize_i64(*number),
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items),
            Value::Map(map) => serializer.collect_map(map),
            Value::Unknown(origin) => tagged(serializer, "unknown", origin),
            Value::CannotTell(why) => tagged(serializer, "$cannot_tell", why),
            Value::Secret(name) => tagged(serializer, "$secret", name),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    /// Numbers beyond `i64` become text: an id must never lose digits.
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            map.insert(key, value);
        }
        Ok(untag(map))
    }
}

/// Turns the one-entry objects of the module's introduction back into what they stand for.
fn untag(mut map: Map) -> Value {
    if map.len() == 1 {
        for tag in ["unknown", "$cannot_tell", "$secret"] {
            if let Some(Value::Text(text)) = map.get_mut(tag) {
                let text = std::mem::take(text);
                return match tag {
                    "unknown" => Value::Unknown(text),
                    "$secret" => Value::Secret(text),
                    _ => Value::CannotTell(text),
                };
            }
        }
    }
    Value::Map(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_values_survive_json() {
        for value in [
            Value::Unknown("account.guid".into()),
            Value::CannotTell("no answer".into()),
            Value::Secret("graph".into()),
            Value::from([("a", Value::List(vec![Value::Null, Value::Int(3), Value::Bool(true)]))]),
        ] {
            assert_eq!(Value::from_json(value.to_json()), value);
        }
    }

    #[test]
    fn a_number_beyond_i64_keeps_its_digits() {
        assert_eq!(Value::from_json(serde_json::json!(u64::MAX)), Value::text(u64::MAX.to_string()));
    }

    #[test]
    fn the_first_unknown_is_found_at_any_depth() {
        let value =
            Value::from([("a", Value::List(vec![Value::from([("b", Value::Unknown("s.o".into()))])]))]);
        assert_eq!(value.first_unknown(), Some("s.o"));
    }
}
