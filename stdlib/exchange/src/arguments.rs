//! The arguments of a call, checked for what Exchange would take as "everything".

use model::value::Map;
use model::{Code, Failure, Value};

/// Arguments whose kinds the gateway has checked already.
#[derive(Clone, Debug)]
pub(crate) struct Arguments(Map);

impl Arguments {
    pub(crate) fn new(map: Map) -> Arguments {
        Arguments(map)
    }

    /// With unknowns written as what they stand for; for describing only.
    pub(crate) fn described(map: Map) -> Arguments {
        let shown = |value: Value| match value {
            Value::Unknown(origin) => Value::Text(format!("<{origin}>")),
            other => other,
        };
        Arguments(map.into_iter().map(|(name, value)| (name, shown(value))).collect())
    }

    /// A text that names something: never empty, blank or with a wildcard, because an identity that names nothing means
    /// *all objects* to Exchange.
    pub(crate) fn name(&self, name: &str) -> Result<&str, Failure> {
        let text = self.0.get(name).and_then(Value::as_text).unwrap_or_default();
        if text.trim().is_empty() {
            return Err(refused(name, "is empty")
                .hint("Exchange takes an empty identity for every object; give the name"));
        }
        if text.trim() != text {
            return Err(refused(name, "begins or ends with a blank"));
        }
        if let Some(bad) = text.chars().find(|other| matches!(other, '*' | '\\') || other.is_control()) {
            return Err(refused(name, &format!("has a {bad:?} in it")));
        }
        Ok(text)
    }

    /// A name for a new object: [`Arguments::name`], and no longer than Exchange takes.
    pub(crate) fn new_name(&self, name: &str) -> Result<&str, Failure> {
        let text = self.name(name)?;
        let length = text.chars().count();
        if length > 64 {
            return Err(refused(name, &format!("has {length} characters; Exchange takes 64 at most")));
        }
        Ok(text)
    }

    /// A text that may be absent; empty counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_text).filter(|text| !text.is_empty())
    }

    /// A map; empty when it is absent.
    pub(crate) fn map(&self, name: &str) -> Result<&Map, Failure> {
        static EMPTY: Map = Map::new();
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(&EMPTY),
            Some(Value::Map(map)) => Ok(map),
            Some(_) => Err(refused(name, "is no map")),
        }
    }

    /// A bool, or in a description the text that stands for an unknown one.
    pub(crate) fn flag(&self, name: &str) -> Option<serde_json::Value> {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => Some((*flag).into()),
            Some(Value::Text(text)) => Some(text.as_str().into()),
            _ => None,
        }
    }
}

pub(crate) fn refused(name: &str, why: &str) -> Failure {
    Failure::invalid(Code::Argument, format!("the argument '{name}' {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_mean_everything_is_refused() {
        for (text, good) in [
            ("x", true),
            ("a b", true),
            ("", false),
            (" ", false),
            ("x ", false),
            ("Teams*", false),
            ("a\\b", false),
        ] {
            let arguments = Arguments::new(Map::from([("name".into(), Value::text(text))]));
            assert_eq!(arguments.name("name").is_ok(), good, "{text:?}");
        }
        assert!(Arguments::new(Map::new()).name("name").is_err());
        assert!(Arguments::new(Map::from([("name".into(), Value::Null)])).name("name").is_err());
        let long = Arguments::new(Map::from([("name".into(), Value::text("x".repeat(65)))]));
        assert!(long.name("name").is_ok() && long.new_name("name").is_err());
    }
}
