//! Values of the model to values of a script, and back.

use model::Value;
use model::value::{DEPTH_MAX, Map};
use rhai::Dynamic;

use crate::opaque::{CannotTell, SecretHandle, Unknown};

/// Fails when the value nests deeper than [`DEPTH_MAX`].
pub(crate) fn to_dynamic(value: &Value) -> Result<Dynamic, String> {
    to_dynamic_at(value, 0)
}

/// Fails for what the journal cannot keep: functions, ranges, times, blobs, and anything deeper than [`DEPTH_MAX`].
pub(crate) fn to_value(dynamic: &Dynamic) -> Result<Value, String> {
    to_value_at(dynamic, 0)
}

fn to_dynamic_at(value: &Value, depth: usize) -> Result<Dynamic, String> {
    check_depth(depth)?;
    Ok(match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => {
            let items: Result<rhai::Array, String> =
                items.iter().map(|item| to_dynamic_at(item, depth + 1)).collect();
            items?.into()
        }
        Value::Map(map) => {
            let map: Result<rhai::Map, String> = map
                .iter()
                .map(|(key, item)| Ok((key.as_str().into(), to_dynamic_at(item, depth + 1)?)))
                .collect();
            map?.into()
        }
        Value::Unknown(origin) => Dynamic::from(Unknown(origin.clone())),
        Value::CannotTell(why) => Dynamic::from(CannotTell(why.clone())),
        Value::Secret(name) => Dynamic::from(SecretHandle(name.clone())),
    })
}

fn to_value_at(dynamic: &Dynamic, depth: usize) -> Result<Value, String> {
    check_depth(depth)?;
    if dynamic.is_shared() {
        return to_value_at(&dynamic.flatten_clone(), depth);
    }
    if dynamic.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(flag) = dynamic.as_bool() {
        return Ok(Value::Bool(flag));
    }
    if let Ok(number) = dynamic.as_int() {
        return Ok(Value::Int(number));
    }
    if let Ok(number) = dynamic.as_float() {
        return if number.is_finite() {
            Ok(Value::Float(number))
        } else {
            Err("a number without a finite value".to_owned())
        };
    }
    if let Ok(letter) = dynamic.as_char() {
        return Ok(Value::Text(letter.to_string()));
    }
    if let Ok(text) = dynamic.as_immutable_string_ref() {
        return Ok(Value::Text(text.to_string()));
    }
    if let Ok(items) = dynamic.as_array_ref() {
        let items: Result<Vec<Value>, String> =
            items.iter().map(|item| to_value_at(item, depth + 1)).collect();
        return Ok(Value::List(items?));
    }
    if let Ok(map) = dynamic.as_map_ref() {
        let map: Result<Map, String> =
            map.iter().map(|(key, item)| Ok((key.to_string(), to_value_at(item, depth + 1)?))).collect();
        return Ok(Value::Map(map?));
    }
    if let Some(unknown) = dynamic.read_lock::<Unknown>() {
        return Ok(Value::Unknown(unknown.0.clone()));
    }
    if let Some(cannot_tell) = dynamic.read_lock::<CannotTell>() {
        return Ok(Value::CannotTell(cannot_tell.0.clone()));
    }
    if let Some(secret) = dynamic.read_lock::<SecretHandle>() {
        return Ok(Value::Secret(secret.0.clone()));
    }
    Err(format!("{}, which is no value that can be kept", kind(dynamic)))
}

fn check_depth(depth: usize) -> Result<(), String> {
    if depth > DEPTH_MAX { Err(format!("a value nested deeper than {DEPTH_MAX} levels")) } else { Ok(()) }
}

fn kind(dynamic: &Dynamic) -> String {
    if dynamic.is_fnptr() {
        "a function".to_owned()
    } else if dynamic.is_blob() {
        "a blob".to_owned()
    } else if dynamic.is_timestamp() {
        "a time stamp".to_owned()
    } else if dynamic.type_name().contains("ange") {
        "a range".to_owned()
    } else {
        format!("a value of type {}", dynamic.type_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_way_into_a_script_and_back() {
        for value in [
            Value::Null,
            Value::Bool(true),
            Value::Int(-3),
            Value::Float(1.5),
            Value::text("ü"),
            Value::Unknown("account.guid".into()),
            Value::CannotTell("no answer".into()),
            Value::Secret("graph".into()),
            Value::from([("a", Value::List(vec![Value::Null, Value::Unknown("s.o".into())]))]),
        ] {
            let dynamic = to_dynamic(&value).expect("shallow");
            assert_eq!(to_value(&dynamic), Ok(value));
        }
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let function: Dynamic = rhai::FnPtr::new("name").expect("a name").into();
        for (dynamic, expected) in [
            (function, "a function"),
            (Dynamic::from_blob(vec![1]), "a blob"),
            (Dynamic::from(0_i64..3), "a range"),
            (crate::deadline::tests::timestamp(), "a time stamp"),
            (Dynamic::from(f64::NAN), "finite"),
        ] {
            let error = to_value(&dynamic).expect_err("refused");
            assert!(error.contains(expected), "{error}");
            let nested: Dynamic = vec![dynamic].into();
            assert!(to_value(&nested).is_err());
        }
    }

    #[test]
    fn depth_is_bounded_both_ways() {
        let mut value = Value::Null;
        let mut dynamic = Dynamic::UNIT;
        for _ in 0..=DEPTH_MAX {
            value = Value::List(vec![value]);
            dynamic = vec![dynamic].into();
        }
        assert!(to_dynamic(&value).is_err());
        assert!(to_value(&dynamic).is_err());
    }
}
