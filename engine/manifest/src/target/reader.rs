//! Reading a target file's values: each is checked, kept with its place, and noted for showing.

use std::ops::Range;
use std::path::{Path, PathBuf};

use model::{Code, Place};
use toml::de::DeValue;

use super::{Found, Origin, Rules, Setting};
use crate::Finding;
use crate::document::Document;
use crate::nearest::suggestion;
use crate::walk::{Section, Text, Walk};

pub(super) struct Reader<'d, 't, 'r> {
    pub(super) walk: Walk<'d, 't>,
    pub(super) folder: &'r Path,
    pub(super) rules: Rules<'r>,
    settings: Vec<Setting>,
}

impl<'d, 't, 'r> Reader<'d, 't, 'r> {
    pub(super) fn new(document: &'d Document<'t>, folder: &'r Path, rules: Rules<'r>) -> Reader<'d, 't, 'r> {
        let walk = Walk::new(document, Code::TargetFile, Code::TargetFile);
        Reader { walk, folder, rules, settings: Vec::new() }
    }

    pub(super) fn finish(self) -> (Vec<Finding>, Vec<Setting>) {
        (self.walk.findings, self.settings)
    }

    pub(super) fn wrong(&mut self, span: &Range<usize>, message: String, hint: impl Into<String>) {
        self.walk.wrong(span, message, hint);
    }

    pub(super) fn lacks(&mut self, section: Section<'_, 't>, what: &str, hint: &str) {
        self.wrong(&section.span(), format!("{} lacks {what}", section.name), hint);
    }

    pub(super) fn known_keys(&mut self, section: Section<'_, 't>, known: &[&str]) {
        self.walk.known_keys(section, known);
    }

    /// Refuses a key that is known but does not go with what was chosen.
    pub(super) fn useless(&mut self, section: Section<'_, 't>, keys: &[&str], what_for: &str) {
        for (key, _) in section.table {
            let name = key.get_ref().as_ref();
            if keys.contains(&name) {
                let message = format!("'{name}' is for {what_for}");
                self.wrong(&key.span(), message, "leave it out, or choose that instead");
            }
        }
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        let (mut place, _) = self.walk.document.place(span);
        place.text = place.text.as_deref().map(super::shown::without_values);
        place
    }

    pub(super) fn note(&mut self, name: &str, value: String, span: &Range<usize>) {
        let place = self.walk.document.place(span).0;
        let origin = Origin::At { file: place.file, line: place.line, column: place.column };
        self.settings.push(Setting { name: name.to_owned(), value, origin });
    }

    pub(super) fn default(&mut self, name: &str, value: &str) {
        let setting = Setting { name: name.to_owned(), value: value.to_owned(), origin: Origin::Default };
        self.settings.push(setting);
    }

    /// A text that may be left out.
    pub(super) fn text(&mut self, section: Section<'_, 't>, key: &str, name: &str) -> Option<Text> {
        let text = self.walk.text(section, key)?;
        if text.text.trim().is_empty() {
            self.wrong(&text.span, format!("'{key}' is blank"), "give it a value, or leave it out");
            return None;
        }
        self.note(name, text.text.clone(), &text.span);
        Some(text)
    }

    /// A text that must be there.
    pub(super) fn required(
        &mut self,
        section: Section<'_, 't>,
        key: &str,
        name: &str,
        hint: &str,
    ) -> Option<Text> {
        let text = self.walk.required(section, key, hint)?;
        self.note(name, text.text.clone(), &text.span);
        Some(text)
    }

    /// One of some words. `default`: what holds when it is left out; without it the key is required.
    pub(super) fn word(
        &mut self,
        section: Section<'_, 't>,
        key: &str,
        name: &str,
        words: &[&'static str],
        default: Option<&'static str>,
    ) -> Option<&'static str> {
        let choice = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
        if let Some(default) = default.filter(|_| !section.table.contains_key(key)) {
            self.default(name, default);
            return Some(default);
        }
        let text = self.walk.required(section, key, &format!("one of {choice}"))?;
        if let Some(word) = words.iter().find(|word| **word == text.text) {
            self.note(name, text.text, &text.span);
            return Some(word);
        }
        let hint = suggestion(&text.text, words.iter().copied(), || format!("one of {choice}"));
        self.wrong(&text.span, format!("'{key}' is '{}', which is not known here", text.text), hint);
        None
    }

    pub(super) fn flag(&mut self, section: Section<'_, 't>, key: &str, name: &str, default: bool) -> bool {
        match (self.walk.flag(section, key), section.table.get(key)) {
            (Some(flag), Some(value)) => {
                self.note(name, flag.to_string(), &value.span());
                flag
            }
            (_, Some(_)) => default,
            (_, None) => {
                self.default(name, &default.to_string());
                default
            }
        }
    }

    /// A GUID that must be there, in lower case.
    pub(super) fn guid(
        &mut self,
        section: Section<'_, 't>,
        key: &str,
        name: &str,
        hint: &str,
    ) -> Option<String> {
        let text = self.walk.required(section, key, hint)?;
        self.is_guid(key, name, text)
    }

    pub(super) fn guid_if_given(
        &mut self,
        section: Section<'_, 't>,
        key: &str,
        name: &str,
    ) -> Option<String> {
        let text = self.walk.text(section, key)?;
        self.is_guid(key, name, text)
    }

    fn is_guid(&mut self, key: &str, name: &str, text: Text) -> Option<String> {
        if !model::param::is_guid(&text.text) {
            let hint =
                "write a GUID: 8-4-4-4-12 hexadecimal digits, such as 1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17";
            self.wrong(&text.span, format!("'{key}' is '{}', which is no GUID", text.text), hint);
            return None;
        }
        let guid = text.text.to_ascii_lowercase();
        self.note(name, guid.clone(), &text.span);
        Some(guid)
    }

    /// A web address that may be spoken to.
    pub(super) fn address(&mut self, section: Section<'_, 't>, key: &str, name: &str) -> Option<String> {
        let text = self.walk.text(section, key)?;
        self.checked_address(name, &text, &text.text)
    }

    /// `judged` is the address that the rules are asked about, where that is not the text itself.
    pub(super) fn checked_address(&mut self, name: &str, text: &Text, judged: &str) -> Option<String> {
        if let Err(why) = (self.rules.address)(judged.trim()) {
            self.wrong(&text.span, why, "write an address such as \"https://host.contoso.com/\"");
            return None;
        }
        if text.text.contains(['?', '#']) {
            let hint = "write scheme, host and path only";
            self.wrong(&text.span, "the address has a query or fragment".to_owned(), hint);
            return None;
        }
        let address = text.text.trim().to_owned();
        self.note(name, address.clone(), &text.span);
        Some(address)
    }

    /// A file, meant from where the target file stands.
    pub(super) fn file(&mut self, section: Section<'_, 't>, key: &str, name: &str) -> Option<Found<PathBuf>> {
        let text = self.walk.text(section, key)?;
        self.found_file(name, text)
    }

    fn found_file(&mut self, name: &str, text: Text) -> Option<Found<PathBuf>> {
        if text.text.trim().is_empty() {
            self.wrong(
                &text.span,
                "the path is blank".to_owned(),
                "give a path, from where this file stands",
            );
            return None;
        }
        let path = super::path_from(self.folder, &text.text);
        self.note(name, path.display().to_string(), &text.span);
        Some(Found { value: path, place: self.place(&text.span) })
    }

    /// `{ file = "path" }`, for what is no secret.
    pub(super) fn required_file_table(
        &mut self,
        section: Section<'_, 't>,
        key: &str,
        name: &str,
        hint: &str,
    ) -> Option<Found<PathBuf>> {
        let Some((written, value)) = section.table.get_key_value(key) else {
            self.lacks(section, &format!("'{key}'"), hint);
            return None;
        };
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(&value.span(), format!("'{key}' is no {{ file = \"…\" }}"), hint);
            return None;
        };
        let at = written.span();
        let inner = Section { name: "a certificate", table, at: (at.start, at.end) };
        self.known_keys(inner, &["file"]);
        let text = self.walk.required(inner, "file", hint)?;
        self.found_file(name, text)
    }
}
