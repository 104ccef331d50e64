//! Everything that is kept or shown of runs, handed to the scanner piece by piece.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use audit::Scanner;
use contracts::{Payload, WholeRun};
use model::RunState;
use report::Style;
use serde_json::Value as Json;

use super::found::Audit;
use crate::context::now;
use crate::load::Loaded;
use crate::whole_run;

/// Of one run: its records, field by field; what is kept with it; and every view of it, as text and as JSON.
pub(super) fn run(scanner: &Scanner, whole: &WholeRun, loaded: &Loaded, audit: &mut Audit) {
    let run = whole.run;
    for record in &whole.records {
        let event = serde_json::to_value(&record.event).expect("an event always has a JSON form");
        fields(&event, &mut String::new(), &mut |field, text| {
            audit.field(&format!("run {run} record {} {field}", record.sequence), &scanner.scan_bytes(text));
        });
        audit.sources += 1;
    }
    for payload in &whole.payloads {
        let place = format!("run {run} {}", what_is_kept(&loaded.state, payload));
        audit.source(&place, scanner.scan_bytes(&payload.0));
    }
    for (name, shown) in views(whole, loaded) {
        audit.source(&format!("run {run} {name}"), scanner.scan_bytes(&shown));
    }
}

/// A file that a person gave by its name, everything else by its digest.
fn what_is_kept(state: &RunState, payload: &Payload) -> String {
    let digest = payload.digest();
    match state.files.iter().find(|given| given.file.digest == digest) {
        Some(given) => format!("given file '{}'", given.file.name),
        None => format!("kept {}", digest.short()),
    }
}

fn views(whole: &WholeRun, loaded: &Loaded) -> Vec<(&'static str, Vec<u8>)> {
    let (state, live) = (&loaded.state, loaded.live);
    let summary = loaded.summary();
    let lines = |line: &dyn Fn(&model::Record) -> String| -> String {
        loaded.records.iter().map(|record| line(record) + "\n").collect()
    };
    let mut export = Vec::new();
    store::write_export(whole, &mut export).expect("memory takes everything");
    let texts = [
        ("logs", lines(&|record| report::logs::line(record, Style::Plain))),
        ("logs --json", lines(&report::logs::json_line)),
        ("status", report::summary::text(&summary, Style::Plain)),
        ("status --json", report::status::json(std::slice::from_ref(&summary)).to_string()),
        ("report", report::dossier::Dossier::new(state, &loaded.records, live).text(Style::Plain)),
        // A run that gives no evidence file has nothing in one.
        ("evidence", whole_run::evidence(whole).unwrap_or_default()),
        ("explain", report::explain::text(state, live, now(), Style::Plain)),
        ("explain --json", report::explain::json(state, live).to_string()),
        ("plan", state.plan.as_ref().map(|plan| report::plan::text(plan, Style::Plain)).unwrap_or_default()),
        (
            "plan --json",
            state.plan.as_ref().map(|plan| report::plan::json(plan).to_string()).unwrap_or_default(),
        ),
    ];
    let texts = texts.into_iter().map(|(name, text)| (name, text.into_bytes()));
    texts.chain([("export", export)]).collect()
}

/// Each text of an event with the path to it: `/changes/0/after/note`. Keys are texts too.
fn fields(json: &Json, path: &mut String, look: &mut dyn FnMut(&str, &[u8])) {
    let length = path.len();
    match json {
        Json::String(text) => look(path, text.as_bytes()),
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push_str(&format!("/{at}"));
                fields(item, path, look);
                path.truncate(length);
            }
        }
        Json::Object(map) => {
            for (key, item) in map {
                // The key itself may be what must not be shown, so the path to it ends before it.
                look(&format!("{path}/(key)"), key.as_bytes());
                path.push('/');
                path.push_str(key);
                fields(item, path, look);
                path.truncate(length);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Every file below the folder where runs are kept, whatever it is: the database, kept files, simulated worlds.
pub(super) fn folder(scanner: &Scanner, state: &Path, audit: &mut Audit) {
    let mut folders = vec![state.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut paths = match entries(&folder) {
            Ok(paths) => paths,
            Err(cause) => {
                audit.unread(shown(state, &folder), cause.to_string());
                continue;
            }
        };
        paths.sort();
        for path in paths {
            let place = shown(state, &path);
            let about = path.symlink_metadata();
            match about.and_then(|about| looked_at(scanner, &path, &about)) {
                Ok(Look::File(scanned)) => {
                    audit.files += 1;
                    audit.source(&format!("file {place}"), scanned);
                }
                Ok(Look::Folder) => folders.push(path),
                Ok(Look::Nothing) => {}
                // The store may be at work: what is gone by now keeps nothing.
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                Err(cause) => audit.unread(format!("file {place}"), cause.to_string()),
            }
        }
    }
}

enum Look {
    File(audit::Scanned),
    Folder,
    /// A link leads elsewhere, a socket holds nothing.
    Nothing,
}

fn looked_at(scanner: &Scanner, path: &Path, about: &fs::Metadata) -> io::Result<Look> {
    if about.is_dir() {
        Ok(Look::Folder)
    } else if about.is_file() {
        scanner.scan(File::open(path)?).map(Look::File)
    } else {
        Ok(Look::Nothing)
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

fn shown(state: &Path, path: &Path) -> String {
    path.strip_prefix(state).unwrap_or(path).display().to_string()
}
