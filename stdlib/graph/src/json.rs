//! Documents of the service as values for scripts, and values as documents for the service.

use model::value::{DEPTH_MAX, Map};
use model::{Class, Code, Failure, Value};
use serde_json::{Map as JsonMap, Value as Json};

/// A document of somebody else. What would look like a hole or a handle of ours stays a plain map.
pub(crate) fn value_of(json: &Json) -> Result<Value, Failure> {
    shallow(json, DEPTH_MAX / 2).ok_or_else(|| {
        Failure::new(Code::GraphInvalid, Class::Invalid, "read the answer: it is nested too deep")
    })
}

fn shallow(json: &Json, depth: usize) -> Option<Value> {
    let deeper = depth.checked_sub(1)?;
    Some(match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        // A number beyond the integers keeps its digits as text.
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => Value::Int(number),
            (None, None, Some(number)) => Value::Float(number),
            _ => Value::text(number.to_string()),
        },
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => {
            Value::List(items.iter().map(|item| shallow(item, deeper)).collect::<Option<_>>()?)
        }
        Json::Object(fields) => Value::Map(
            fields
                .iter()
                .map(|(name, item)| Some((name.clone(), shallow(item, deeper)?)))
                .collect::<Option<Map>>()?,
        ),
    })
}

/// A document to send. Holes, doubts and secrets are no part of one.
pub(crate) fn json_of(value: &Value) -> Result<Json, Failure> {
    let refused = |what: &str| {
        Err(Failure::new(Code::Argument, Class::Invalid, format!("the argument 'body' holds {what}")))
    };
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) => Json::from(*number),
        Value::Float(number) => match serde_json::Number::from_f64(*number) {
            Some(number) => Json::Number(number),
            None => return refused("a number that JSON cannot write"),
        },
        Value::Text(text) => Json::from(text.as_str()),
        Value::List(items) => Json::Array(items.iter().map(json_of).collect::<Result<_, _>>()?),
        Value::Map(fields) => {
            let mut object = JsonMap::new();
            for (name, item) in fields {
                object.insert(name.clone(), json_of(item)?);
            }
            Json::Object(object)
        }
        Value::Unknown(_) => return refused("a value that is not known yet"),
        Value::CannotTell(_) => return refused("a \"cannot tell\""),
        Value::Secret(_) => {
            return refused("a secret handle: the body of a write is journaled, so no secret may be in it");
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_come_in_as_they_are_and_hold_no_handles() {
        let document = json!({ "a": [1, 1.5, null, true, "x"], "n": u64::MAX, "s": { "$secret": "graph" } });
        let value = value_of(&document).unwrap();
        assert_eq!(value.get("n"), Some(&Value::text(u64::MAX.to_string())));
        assert_eq!(value.get("s").and_then(|secret| secret.get("$secret")), Some(&Value::text("graph")));
        let mut deep = json!(1);
        for _ in 0..40 {
            deep = json!([deep]);
        }
        assert_eq!(value_of(&deep).unwrap_err().code, Code::GraphInvalid);
    }

    #[test]
    fn what_is_no_document_is_not_sent() {
        for bad in [
            Value::Unknown("a.b".into()),
            Value::CannotTell("x".into()),
            Value::Secret("s".into()),
            Value::Float(f64::NAN),
        ] {
            let nested = Value::from([("a", Value::List(vec![bad]))]);
            assert_eq!(json_of(&nested).unwrap_err().code, Code::Argument);
        }
        let good = Value::from([("a", Value::List(vec![Value::Null, Value::Int(1)]))]);
        assert_eq!(json_of(&good).unwrap(), json!({ "a": [null, 1] }));
    }
}
