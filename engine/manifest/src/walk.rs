//! Walking a TOML table by hand: each getter gives what is there, or notes a finding at its place and gives nothing.

use std::ops::Range;
use std::time::Duration;

use model::time::parse_duration;
use model::{Code, Failure, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Finding;
use crate::document::Document;
use crate::nearest::{listed, suggestion};

/// One document being read, and the mistakes found so far.
#[derive(Debug)]
pub(crate) struct Walk<'d, 't> {
    pub(crate) document: &'d Document<'t>,
    pub(crate) findings: Vec<Finding>,
    /// For keys that are not known.
    pub(crate) key_code: Code,
    /// For values of the wrong kind and for missing ones.
    pub(crate) value_code: Code,
}

/// A text value: decoded, and where it stands, quotes included.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
}

/// A table, what it is called in messages, and where to point when something is missing in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section<'a, 't> {
    pub(crate) name: &'a str,
    pub(crate) table: &'a DeTable<'t>,
    pub(crate) at: (usize, usize),
}

impl<'d, 't> Walk<'d, 't> {
    pub(crate) fn new(document: &'d Document<'t>, key_code: Code, value_code: Code) -> Walk<'d, 't> {
        Walk { document, findings: Vec::new(), key_code, value_code }
    }

    pub(crate) fn report(
        &mut self,
        code: Code,
        span: &Range<usize>,
        message: String,
        hint: impl Into<String>,
    ) {
        let finding = self.document.finding(Failure::invalid(code, message).hint(hint), span);
        self.findings.push(finding);
    }

    /// Something is there and is not what it should be.
    pub(crate) fn wrong(&mut self, span: &Range<usize>, message: String, hint: impl Into<String>) {
        self.report(self.value_code, span, message, hint);
    }

    /// Refuses every key that is not among the known ones.
    pub(crate) fn known_keys(&mut self, section: Section<'_, 't>, known: &[&str]) {
        for key in section.table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let hint = suggestion(name, known.iter().copied(), || {
                    format!("known here: {}", listed(known.iter().copied()))
                });
                self.report(
                    self.key_code,
                    &key.span(),
                    format!("{} has no key '{name}'", section.name),
                    hint,
                );
            }
        }
    }

    pub(crate) fn table<'a>(
        &mut self,
        name: &'a str,
        at: &Range<usize>,
        value: &'a Spanned<DeValue<'t>>,
    ) -> Option<Section<'a, 't>> {
        if let DeValue::Table(table) = value.get_ref() {
            return Some(Section { name, table, at: (at.start, at.end) });
        }
        self.mismatch(name, value, "a table");
        None
    }

    pub(crate) fn text(&mut self, section: Section<'_, 't>, key: &str) -> Option<Text> {
        let value = section.table.get(key)?;
        if let DeValue::String(text) = value.get_ref() {
            return Some(Text { text: text.to_string(), span: value.span() });
        }
        self.mismatch(key, value, "a text in quotes");
        None
    }

    /// A text that must be given and must not be blank.
    pub(crate) fn required(&mut self, section: Section<'_, 't>, key: &str, hint: &str) -> Option<Text> {
        if !section.table.contains_key(key) {
            let message = format!("{} lacks '{key}'", section.name);
            self.wrong(&section.span(), message, hint);
            return None;
        }
        let text = self.text(section, key)?;
        if text.text.trim().is_empty() {
            self.wrong(&text.span, format!("'{key}' is blank"), hint);
            return None;
        }
        Some(text)
    }

    pub(crate) fn flag(&mut self, section: Section<'_, 't>, key: &str) -> Option<bool> {
        let value = section.table.get(key)?;
        if let DeValue::Boolean(flag) = value.get_ref() {
            return Some(*flag);
        }
        self.mismatch(key, value, "true or false");
        None
    }

    /// A whole number of at least 1.
    pub(crate) fn count(&mut self, section: Section<'_, 't>, key: &str) -> Option<u32> {
        let value = section.table.get(key)?;
        let number = integer(value.get_ref()).and_then(|number| u32::try_from(number).ok());
        match number {
            Some(number) if number >= 1 => Some(number),
            _ => {
                self.mismatch(key, value, "a whole number from 1 up");
                None
            }
        }
    }

    /// A duration longer than nothing, in milliseconds.
    pub(crate) fn duration_ms(&mut self, section: Section<'_, 't>, key: &str) -> Option<u64> {
        let text = self.text(section, key)?;
        let milliseconds = positive_ms(&text.text);
        if milliseconds.is_none() {
            let message = format!("'{key}' is '{}'; a duration longer than nothing is expected", text.text);
            self.wrong(&text.span, message, DURATION_HINT);
        }
        milliseconds
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, section: Section<'_, 't>, key: &str) -> Option<Vec<Text>> {
        let value = section.table.get(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.mismatch(key, value, "a list of texts such as [\"a\", \"b\"]");
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            if let DeValue::String(text) = item.get_ref() {
                texts.push(Text { text: text.to_string(), span: item.span() });
            } else {
                self.mismatch(&format!("an entry of {key}"), item, "a text in quotes");
            }
        }
        Some(texts)
    }

    /// Says what stands there and what was expected.
    pub(crate) fn mismatch(&mut self, name: &str, value: &Spanned<DeValue<'t>>, expected: &str) {
        let found = shown(value.get_ref());
        self.wrong(
            &value.span(),
            format!("'{name}' is {found}; {expected} is expected"),
            format!("write {expected}"),
        );
    }
}

impl Section<'_, '_> {
    pub(crate) fn span(&self) -> Range<usize> {
        self.at.0..self.at.1
    }
}

pub(crate) const DURATION_HINT: &str = "write a duration such as \"90s\", \"10m\" or \"2h30m\"";

/// Milliseconds of a duration longer than nothing.
pub(crate) fn positive_ms(text: &str) -> Option<u64> {
    parse_duration(text)
        .filter(|span| *span > Duration::ZERO)
        .and_then(|span| u64::try_from(span.as_millis()).ok())
}

/// The value that a TOML value stands for; `None` for a number that does not fit. Nesting is bounded by the parser.
pub(crate) fn to_value(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::text(text.as_ref()),
        DeValue::Integer(_) => Value::Int(integer(value)?),
        DeValue::Float(number) => Value::Float(number.as_str().parse().ok()?),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(moment) => Value::Text(moment.to_string()),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| to_value(item.get_ref())).collect::<Option<Vec<_>>>()?)
        }
        DeValue::Table(table) => Value::Map(
            table
                .iter()
                .map(|(key, entry)| Some((key.get_ref().to_string(), to_value(entry.get_ref())?)))
                .collect::<Option<_>>()?,
        ),
    })
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text '{text}'"),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
