//! Where a secret is kept. Its value is never read here, and a value written in its place is refused unseen.

use std::path::PathBuf;

use toml::de::DeValue;

use super::Found;
use super::reader::Reader;
use crate::nearest::suggestion;
use crate::walk::{Section, Text};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// The name of an environment variable.
    Environment(String),
    /// The whole text of a file, without the newline at its end.
    File(PathBuf),
    /// An entry of the operating system's keyring.
    Keyring { service: String, name: String },
    /// Asked for at the terminal, with this text.
    Prompt(String),
}

impl std::fmt::Display for SecretPlace {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SecretPlace::Environment(name) => write!(out, "environment variable {name}"),
            SecretPlace::File(path) => write!(out, "file {}", path.display()),
            SecretPlace::Keyring { service, name } => write!(out, "keyring entry {service}/{name}"),
            SecretPlace::Prompt(text) => write!(out, "asked at the terminal: {text}"),
        }
    }
}

const KINDS: [&str; 4] = ["env", "file", "keyring", "prompt"];
const HINT: &str = "say where it is kept: { env = \"NAME\" }, { file = \"path\" }, { keyring = \"service/name\" } or { prompt = \"text\" }";

/// The secret that `key` must name. `name` is how it is shown.
pub(super) fn required<'t>(
    reader: &mut Reader<'_, 't, '_>,
    section: Section<'_, 't>,
    key: &str,
    name: &str,
    why: &str,
) -> Option<Found<SecretPlace>> {
    let Some((written, value)) = section.table.get_key_value(key) else {
        reader.lacks(section, &format!("'{key}'"), &format!("{why}: {key} = {{ env = \"NAME\" }}"));
        return None;
    };
    let DeValue::Table(table) = value.get_ref() else {
        // What stands there may be the secret itself: neither the message nor the drawn line repeats it.
        let message = format!("'{key}' holds a value; a secret is never written into a target file");
        reader.wrong(&value.span(), message, format!("{HINT}; and change the secret: it was readable here"));
        return None;
    };
    let mut kinds = Vec::new();
    for (kind, place) in table {
        let found = kind.get_ref().as_ref();
        if !KINDS.contains(&found) {
            let hint = suggestion(found, KINDS, || HINT.to_owned());
            reader.wrong(&kind.span(), format!("a secret has no key '{found}'"), hint);
            return None;
        }
        let DeValue::String(text) = place.get_ref() else {
            reader.wrong(&place.span(), format!("'{found}' is no text in quotes"), HINT);
            return None;
        };
        kinds.push((found, Text { text: text.to_string(), span: place.span() }));
    }
    let [(kind, text)] = kinds.as_slice() else {
        reader.wrong(&value.span(), format!("'{key}' must say exactly one place"), HINT);
        return None;
    };
    if text.text.trim().is_empty() {
        reader.wrong(&text.span, format!("'{kind}' is blank"), HINT);
        return None;
    }
    let place = match *kind {
        "env" => environment(reader, text)?,
        "file" => SecretPlace::File(super::path_from(reader.folder, &text.text)),
        "keyring" => keyring(reader, text)?,
        _ => SecretPlace::Prompt(text.text.clone()),
    };
    reader.note(name, place.to_string(), &written.span());
    Some(Found { value: place, place: reader.place(&value.span()) })
}

fn environment(reader: &mut Reader<'_, '_, '_>, text: &Text) -> Option<SecretPlace> {
    let good = |other: char| other.is_ascii_alphanumeric() || other == '_';
    if text.text.chars().all(good) && !text.text.starts_with(|first: char| first.is_ascii_digit()) {
        return Some(SecretPlace::Environment(text.text.clone()));
    }
    // It may be the secret itself, put after the wrong word: not repeated.
    let hint = "name a variable, such as { env = \"CONTOSO_SECRET\" }: letters, digits and '_'";
    reader.wrong(&text.span, "that cannot name an environment variable".to_owned(), hint);
    None
}

fn keyring(reader: &mut Reader<'_, '_, '_>, text: &Text) -> Option<SecretPlace> {
    if let Some((service, name)) = text.text.split_once('/').filter(|_| is_keyring_name(&text.text)) {
        return Some(SecretPlace::Keyring { service: service.to_owned(), name: name.to_owned() });
    }
    let hint = "write service/name, such as { keyring = \"contoso/exchange\" }";
    reader.wrong(&text.span, "that cannot name a keyring entry".to_owned(), hint);
    None
}

/// `service/name`, each of letters, digits and a few marks.
pub fn is_keyring_name(text: &str) -> bool {
    let good = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|other| other.is_alphanumeric() || matches!(other, '-' | '_' | '.' | '@' | ' '))
    };
    text.split_once('/').is_some_and(|(service, name)| good(service) && good(name))
}
