//! Reads what Exchange answers: booleans may arrive as strings, references as objects with a text form.

use model::Value;
use serde_json::Value as Json;

/// A property as text; empty when it is absent or null.
pub(crate) fn text(object: &Json, property: &str) -> String {
    shown(&object[property])
}

fn shown(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Object(fields) => fields.get("ToString").map(shown).unwrap_or_default(),
        Json::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(","),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
    }
}

/// A property as bool; `None` when it is absent, null or neither true nor false.
pub(crate) fn flag(object: &Json, property: &str) -> Option<bool> {
    match &object[property] {
        Json::Bool(flag) => Some(*flag),
        Json::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Json::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A property as a list of texts; one value is a list of one.
pub(crate) fn texts(object: &Json, property: &str) -> Vec<String> {
    match &object[property] {
        Json::Null => Vec::new(),
        Json::Array(items) => items.iter().map(shown).collect(),
        single => vec![shown(single)],
    }
}

/// A GUID in lower case without braces; empty when it is absent.
pub(crate) fn guid(object: &Json, property: &str) -> String {
    text(object, property).trim_matches(['{', '}']).to_ascii_lowercase()
}

/// The GUID of a reference to a directory object: `()` where it is null or only its text came.
pub(crate) fn reference_guid(object: &Json, property: &str) -> Value {
    match guid(&object[property], "ObjectGuid") {
        empty if empty.is_empty() => Value::Null,
        guid => guid.into(),
    }
}

/// A thumbprint in upper case without blanks and the invisible marks that copying from dialogs brings.
pub(crate) fn thumbprint(text: &str) -> String {
    text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_uppercase()
}

pub(crate) fn same(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

/// A bool, or `()` where Exchange did not say.
pub(crate) fn known(flag: Option<bool>) -> Value {
    flag.map_or(Value::Null, Value::Bool)
}

/// An address without its `SMTP:`.
pub(crate) fn bare_address(text: &str) -> &str {
    match text.split_once(':') {
        Some((kind, address)) if kind.eq_ignore_ascii_case("smtp") => address,
        _ => text,
    }
}

pub(crate) fn list(texts: Vec<String>) -> Value {
    Value::List(texts.into_iter().map(Value::Text).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shapes_of_the_wire() {
        let object = json!({
            "Flag": "True", "Id": { "ToString": "contoso.lab/Users/x", "ObjectGuid": "{AB-C}" }, "One": "x", "Nil": null,
        });
        assert_eq!(flag(&object, "Flag"), Some(true));
        assert_eq!(flag(&object, "Nil"), None);
        assert_eq!(text(&object, "Id"), "contoso.lab/Users/x");
        assert_eq!(reference_guid(&object, "Id"), Value::text("ab-c"));
        assert_eq!(reference_guid(&object, "Nil"), Value::Null);
        assert_eq!(texts(&object, "One"), ["x"]);
        assert_eq!(thumbprint("\u{200e}ab cd 01"), "ABCD01");
        assert_eq!(bare_address("SMTP:a@b.c"), "a@b.c");
    }
}
