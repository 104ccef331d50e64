//! What an audit looked at, what it found, and what it could not tell.

use std::collections::BTreeMap;

use audit::{Form, Hit, Scanned, What};
use contracts::SecretText;
use model::Code;
use report::{Paint, Style};
use serde::Serialize;
use serde_json::json;

use super::searched::Searched;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Clean,
    Found,
    CannotTell,
}

#[derive(Default)]
pub(super) struct Audit {
    /// Pieces that were looked at: records, kept files, views, files of the store.
    pub(super) sources: usize,
    /// Of these, files of the store.
    pub(super) files: usize,
    bytes: u64,
    /// Names of the secrets whose values were looked for.
    looked_for: Vec<(String, String)>,
    /// Secret or source, and why nobody can tell.
    cannot_tell: Vec<(String, String)>,
    findings: BTreeMap<(String, What, Form), Places>,
}

/// Where one thing stands in one source.
struct Places {
    first: u64,
    length: usize,
    fingerprint: Option<String>,
    times: usize,
}

impl Audit {
    /// Takes the value, when there is one to look for, unless it is looked for already.
    pub(super) fn searched(&mut self, secret: Searched, values: &mut Vec<(String, SecretText)>) {
        match secret.value {
            Ok(value) => {
                if !values.iter().any(|(_, known)| known.spend() == value.spend()) {
                    self.looked_for.push((secret.name.clone(), secret.place));
                    values.push((secret.name, value));
                }
            }
            Err(why) => self.unread(format!("{} ({})", secret.name, secret.place), why),
        }
    }

    pub(super) fn unread(&mut self, what: String, why: String) {
        let entry = (what, why);
        if !self.cannot_tell.contains(&entry) {
            self.cannot_tell.push(entry);
        }
    }

    /// One piece, whole.
    pub(super) fn source(&mut self, place: &str, scanned: Scanned) {
        self.sources += 1;
        self.field(place, &scanned);
    }

    /// A part of a piece.
    pub(super) fn field(&mut self, place: &str, scanned: &Scanned) {
        self.bytes += scanned.bytes;
        for hit in &scanned.hits {
            let Hit { what, form, offset, length, fingerprint } = hit.clone();
            let places = self.findings.entry((place.to_owned(), what, form)).or_insert(Places {
                first: offset,
                length,
                fingerprint,
                times: 0,
            });
            places.times += 1;
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        if !self.findings.is_empty() {
            Verdict::Found
        } else if !self.cannot_tell.is_empty() {
            Verdict::CannotTell
        } else {
            Verdict::Clean
        }
    }

    pub(super) fn document(&self) -> serde_json::Value {
        let findings: Vec<serde_json::Value> = self
            .findings
            .iter()
            .map(|((place, what, form), places)| {
                let (kind, name) = match what {
                    What::Value(name) => ("value", json!(name)),
                    What::Shape(shape) => ("shape", json!(shape)),
                };
                json!({ "code": Code::SecretFound, "place": place, kind: name, "form": form, "offset": places.first,
                    "length": places.length, "times": places.times, "sha256": places.fingerprint })
            })
            .collect();
        let looked_for: Vec<serde_json::Value> =
            self.looked_for.iter().map(|(name, place)| json!({ "name": name, "place": place })).collect();
        let cannot_tell: Vec<serde_json::Value> =
            self.cannot_tell.iter().map(|(what, why)| json!({ "what": what, "why": why })).collect();
        json!({ "verdict": self.verdict(),
            "looked_at": { "sources": self.sources, "files": self.files, "bytes": self.bytes },
            "looked_for": looked_for, "forms": Form::ALL, "findings": findings, "cannot_tell": cannot_tell })
    }

    pub(super) fn text(&self, style: Style) -> String {
        let mut text = format!(
            "looked at {} pieces, {} of them files, {}; for {} in {} forms, and for keys, tokens and passwords\n",
            self.sources,
            self.files,
            size(self.bytes),
            match self.looked_for.len() {
                1 => "1 secret value".to_owned(),
                count => format!("{count} secret values"),
            },
            Form::ALL.len()
        );
        for (name, place) in &self.looked_for {
            text.push_str(&format!("  {name}  {}\n", style.quiet(place)));
        }
        for ((place, what, form), places) in &self.findings {
            let what = match what {
                What::Value(name) => format!("the secret {name}"),
                What::Shape(shape) => shape.words().to_owned(),
            };
            let mut line = format!("{what} {}, at byte {} for {}", form.words(), places.first, places.length);
            if places.times > 1 {
                line.push_str(&format!(", {} times", places.times));
            }
            if let Some(fingerprint) = &places.fingerprint {
                line.push_str(&format!(", SHA-256 {fingerprint}…"));
            }
            let found = style.paint(Paint::Conflict, "found");
            text.push_str(&format!("{found}  {}\n       {line}\n", printable(place)));
        }
        for (what, why) in &self.cannot_tell {
            let verdict = style.paint(Paint::Unknown, "cannot tell");
            text.push_str(&format!("{verdict}  {}: {}\n", printable(what), printable(why)));
        }
        text.push_str(match self.verdict() {
            Verdict::Clean => "clean: no secret was found\n",
            Verdict::CannotTell => "no secret was found where it could be looked for\n",
            Verdict::Found => {
                "treat what was found as disclosed, and change it; `footbridge explain FB0905` says more\n"
            }
        });
        text
    }
}

fn size(bytes: u64) -> String {
    if bytes < 1024 * 1024 { format!("{} KiB", bytes / 1024) } else { format!("{} MiB", bytes / 1024 / 1024) }
}

/// Names of files and keys are not ours: nothing in them may steer a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { '\u{fffd}' } else { one }).collect()
}
