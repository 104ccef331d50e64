//! Kinds of input, and the checks that turn what a person typed into a value of that kind.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Value;
use crate::time::parse_duration;

/// What a parameter or a host function's argument may hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    String,
    Int,
    Bool,
    /// `90s`, `5m`, `2h30m`.
    Duration,
    /// A DNS domain: at least two labels.
    Domain,
    /// A host name with its domain.
    Fqdn,
    Guid,
    /// `local@domain`.
    Smtp,
    /// The name of a secret, never the secret.
    Secret,
    List(Box<Kind>),
    Enum(Vec<String>),
    /// Any map; for arguments only.
    Map,
    /// Anything; for arguments only.
    Any,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Param {
    pub name: String,
    pub kind: Kind,
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    pub help: String,
    /// Longest text accepted, in characters; names in Exchange have such limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_max: Option<usize>,
}

impl Kind {
    /// The value in its normal form (domains, host names and GUIDs in lower case), or what is wrong with it.
    /// Unknowns pass: they are checked once they are known.
    pub fn check(&self, value: &Value) -> Result<Value, String> {
        let wrong = || Err(format!("{} is not {self}", shown(value)));
        match (self, value) {
            (Kind::Any, _) | (_, Value::Unknown(_)) => Ok(value.clone()),
            (Kind::String, Value::Text(_))
            | (Kind::Int, Value::Int(_))
            | (Kind::Bool, Value::Bool(_))
            | (Kind::Map, Value::Map(_))
            | (Kind::Secret, Value::Secret(_)) => Ok(value.clone()),
            (Kind::Secret, Value::Text(name)) if crate::ids::is_identifier(name) => {
                Ok(Value::Secret(name.clone()))
            }
            (Kind::Duration, Value::Text(text)) if parse_duration(text).is_some() => Ok(value.clone()),
            (Kind::Domain | Kind::Fqdn, Value::Text(text)) if is_domain(text) => {
                Ok(Value::Text(text.to_ascii_lowercase()))
            }
            (Kind::Guid, Value::Text(text)) if is_guid(text) => Ok(Value::Text(text.to_ascii_lowercase())),
            (Kind::Smtp, Value::Text(text)) if is_smtp(text) => Ok(value.clone()),
            (Kind::Enum(words), Value::Text(text)) if words.contains(text) => Ok(value.clone()),
            (Kind::List(kind), Value::List(items)) => {
                items.iter().map(|item| kind.check(item)).collect::<Result<Vec<_>, _>>().map(Value::List)
            }
            _ => wrong(),
        }
    }

    /// What a person typed as text (`--var name=value`, a file, the environment), as a value of this kind.
    /// Lists are written with commas.
    pub fn parse(&self, text: &str) -> Result<Value, String> {
        let value = match self {
            Kind::Int => text.parse().map(Value::Int).map_err(|_| format!("'{text}' is not {self}"))?,
            Kind::Bool => text.parse().map(Value::Bool).map_err(|_| format!("'{text}' is not {self}"))?,
            Kind::List(kind) if text.is_empty() => {
                return Kind::List(kind.clone()).check(&Value::List(Vec::new()));
            }
            Kind::List(kind) => {
                let items: Result<Vec<_>, _> = text.split(',').map(|item| kind.parse(item.trim())).collect();
                Value::List(items?)
            }
            Kind::String
            | Kind::Duration
            | Kind::Domain
            | Kind::Fqdn
            | Kind::Guid
            | Kind::Smtp
            | Kind::Secret
            | Kind::Enum(_)
            | Kind::Map
            | Kind::Any => Value::text(text),
        };
        self.check(&value)
    }
}

impl Param {
    pub fn check(&self, value: &Value) -> Result<Value, String> {
        let value = self.kind.check(value)?;
        match (self.length_max, value.as_text()) {
            (Some(length), Some(text)) if text.chars().count() > length => {
                Err(format!("'{text}' has {} characters; at most {length} are allowed", text.chars().count()))
            }
            _ => Ok(value),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::String => out.write_str("a string"),
            Kind::Int => out.write_str("an integer"),
            Kind::Bool => out.write_str("a bool (true or false)"),
            Kind::Duration => out.write_str("a duration such as 90s, 5m or 2h"),
            Kind::Domain => out.write_str("a domain such as contoso.com"),
            Kind::Fqdn => out.write_str("a host name with its domain such as dc01.contoso.com"),
            Kind::Guid => out.write_str("a GUID such as 00000004-0000-0ff1-ce00-000000000000"),
            Kind::Smtp => out.write_str("an SMTP address such as name@contoso.com"),
            Kind::Secret => out.write_str("the name of a secret"),
            Kind::List(kind) => write!(out, "a list, each {kind}"),
            Kind::Enum(words) => write!(out, "one of {}", words.join(", ")),
            Kind::Map => out.write_str("a map"),
            Kind::Any => out.write_str("any value"),
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("'{text}'"),
        other => format!("{other} ({})", other.kind_name()),
    }
}

pub fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

pub fn is_domain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').count() >= 2 && text.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|other| other.is_ascii_alphanumeric() || other == '-')
}

fn is_smtp(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && local.len() <= 64
            && local
                .chars()
                .all(|other| other.is_ascii_graphic() && !matches!(other, '@' | '<' | '>' | '"' | ','))
            && is_domain(domain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_accept_and_refuse() {
        let list = Kind::List(Box::new(Kind::Domain));
        let word = Kind::Enum(vec!["full".into(), "none".into()]);
        for (kind, text, good) in [
            (&Kind::Domain, "contoso.com", true),
            (&Kind::Domain, "contoso", false),
            (&Kind::Domain, "-a.com", false),
            (&Kind::Fqdn, "dc01.contoso.com", true),
            (&Kind::Guid, "00000004-0000-0FF1-CE00-000000000000", true),
            (&Kind::Guid, "00000004", false),
            (&Kind::Smtp, "a@contoso.com", true),
            (&Kind::Smtp, "a@b@contoso.com", false),
            (&Kind::Duration, "2h30m", true),
            (&Kind::Duration, "soon", false),
            (&Kind::Int, "12", true),
            (&Kind::Int, "twelve", false),
            (&Kind::Bool, "yes", false),
            (&list, "a.com, b.com", true),
            (&list, "a.com,b", false),
            (&word, "full", true),
            (&word, "half", false),
            (&Kind::Secret, "graph_secret", true),
        ] {
            assert_eq!(kind.parse(text).is_ok(), good, "{kind}: {text}");
        }
        assert_eq!(Kind::Domain.parse("Contoso.COM"), Ok(Value::text("contoso.com")));
    }
}
