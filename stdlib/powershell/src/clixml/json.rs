//! A PowerShell object as the JSON that host functions read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::value::{Object, Value};

impl Value {
    /// Objects become maps of their properties, with the server's text form under `ToString`; enums their names; lists
    /// and sets arrays; bytes base64; dates, versions and the like the text that came; numbers beyond 64 bits text.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Nil => Json::Null,
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Int(number) => integer(*number),
            Value::Float(number) => serde_json::Number::from_f64(*number)
                .map_or_else(|| Json::String(number.to_string()), Json::Number),
            Value::Text(text) | Value::Guid(text) => Json::String(text.clone()),
            Value::Bytes(bytes) => Json::String(STANDARD.encode(bytes)),
            Value::Other { tag, text } => Json::String(other(tag, text)),
            Value::List(items) => Json::Array(items.iter().map(Value::to_json).collect()),
            Value::Dictionary(entries) => {
                Json::Object(entries.iter().map(|(key, value)| (key_text(key), value.to_json())).collect())
            }
            Value::Object(object) => from_object(object),
        }
    }
}

fn from_object(object: &Object) -> Json {
    match (&object.value, &object.text) {
        (Some(Value::Int(_)), Some(name)) if object.is("System.Enum") => Json::String(name.clone()),
        // A wrapped value is the object; the properties beside it only tell where it came from.
        (Some(value), _) => value.to_json(),
        (None, text) => {
            let mut fields = Map::new();
            if let Some(text) = text {
                fields.insert("ToString".to_owned(), Json::String(text.clone()));
            }
            for (name, value) in object.properties.iter().chain(&object.members) {
                // A serialized .NET object of several kilobytes; nothing in it that the properties do not say.
                if name != "SerializationData" {
                    fields.insert(name.clone(), value.to_json());
                }
            }
            Json::Object(fields)
        }
    }
}

fn integer(number: i128) -> Json {
    i64::try_from(number)
        .map(Json::from)
        .or_else(|_| u64::try_from(number).map(Json::from))
        .unwrap_or_else(|_| Json::String(number.to_string()))
}

/// A character travels as the number of its code unit.
fn other(tag: &str, text: &str) -> String {
    match tag {
        "C" => text.parse().ok().and_then(char::from_u32).map_or_else(|| text.to_owned(), String::from),
        _ => text.to_owned(),
    }
}

fn key_text(key: &Value) -> String {
    key.shown().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::clixml::{Limits, read};

    #[test]
    fn shapes_that_host_functions_read() {
        for (wire, expected) in [
            ("<Nil/>", json!(null)),
            ("<B>true</B>", json!(true)),
            ("<U64>18446744073709551615</U64>", json!(u64::MAX)),
            ("<BA>AQI=</BA>", json!("AQI=")),
            ("<C>97</C>", json!("a")),
            ("<DT>2026-01-02T03:04:05Z</DT>", json!("2026-01-02T03:04:05Z")),
            ("<Db>INF</Db>", json!("inf")),
            ("<Obj RefId='0'><LST><S>a</S><Nil/></LST></Obj>", json!(["a", null])),
            (
                "<Obj RefId='0'><TN RefId='0'><T>X</T></TN><ToString>b</ToString><LST><S>a</S></LST><MS><S N='n'>v</S></MS></Obj>",
                json!(["a"]),
            ),
            (
                "<Obj RefId='0'><DCT><En><S N='Key'>k</S><I32 N='Value'>1</I32></En></DCT></Obj>",
                json!({"k": 1}),
            ),
            (
                "<Obj RefId='0'><TN RefId='0'><T>Deserialized.A.Kind</T><T>Deserialized.System.Enum</T></TN><ToString>MailUser</ToString><I32>128</I32></Obj>",
                json!("MailUser"),
            ),
            ("<Obj RefId='0'><S>text</S><MS><S N='PSComputerName'>ex01</S></MS></Obj>", json!("text")),
            (
                "<Obj RefId='0'><ToString>contoso.lab/Users/x</ToString><Props><G N='ObjectGuid'>{1D6E9B0F-7C52-4A3E-9B61-5A0C2F4E8D17}</G></Props><MS><BA N='SerializationData'>AA==</BA><B N='m'>false</B></MS></Obj>",
                json!({"ToString": "contoso.lab/Users/x", "ObjectGuid": "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17", "m": false}),
            ),
        ] {
            let values = read(wire.as_bytes(), &Limits::default()).expect(wire);
            assert_eq!(values[0].to_json(), expected, "{wire}");
        }
    }
}
