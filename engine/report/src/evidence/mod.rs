//! An evidence file: one page that people read, with all records of a run in it that programs verify.
//!
//! The file is a function of the records, of what is kept beside them, and of [`FORM`]: the same run gives the same bytes.
//! So whoever verifies writes the page again and compares every byte; the hash chain then vouches for the page too. A
//! signature, if there is one, stands in the last line and covers every byte before it.

#[cfg(test)]
mod hostile;
mod signature;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Digest, Event, Pinned, Record, RunId, RunState, Workflow};
use serde::{Deserialize, Serialize};

use crate::dossier::{Dossier, Shown};
use crate::values::turns_text;

pub use signature::{PublicKey, SigningKey};
pub use verify::{Finding, Outside, Verdict, Verified, verify};

/// Raised whenever the same records would be written in other bytes; a test holds the present form to its number.
pub const FORM: u32 = 2;

/// What is in the file for programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    format: String,
    form: u32,
    run: RunId,
    /// The hash of the last record.
    head: Digest,
    records: Vec<Record>,
    /// Whatever the records name by digest: pinned workflows and given files, as base64.
    kept: BTreeMap<Digest, String>,
}

const FORMAT: &str = "footbridge-evidence";

/// Where the data begins and ends in the page.
const DATA_START: &str = "<script type=\"application/json\" id=\"footbridge-evidence\">\n";
const DATA_END: &str = "\n</script>\n";

/// Larger pictures are in the file as well, but are not shown.
const PICTURE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What the records of a run name by digest, each once.
pub fn named(records: &[Record]) -> Vec<Digest> {
    let mut digests: Vec<Digest> = model::event::pins(records).collect();
    for record in records {
        if let Event::FormAnswered { files, .. }
        | Event::Decided { files, .. }
        | Event::Intervened { files, .. } = &record.event
        {
            digests.extend(files.iter().map(|file| file.digest));
        }
    }
    digests.sort_unstable();
    digests.dedup();
    digests
}

/// The file, unsigned. `kept`: the bytes of everything that [`named`] lists.
pub fn write(records: &[Record], kept: &BTreeMap<Digest, Vec<u8>>) -> Result<String, String> {
    let state = folded(records, kept)?;
    let data = Data {
        format: FORMAT.to_owned(),
        form: FORM,
        run: state.id,
        head: state.head,
        records: records.to_vec(),
        kept: kept.iter().map(|(digest, bytes)| (*digest, STANDARD.encode(bytes))).collect(),
    };
    Ok(page(&data, &state, kept))
}

/// With the signature of every byte so far in one more line.
pub fn sign(file: &str, key: &SigningKey) -> String {
    format!("{file}{}", key.line(file.as_bytes()))
}

fn page(data: &Data, state: &RunState, kept: &BTreeMap<Digest, Vec<u8>>) -> String {
    // As of its last record: whether a process is at work somewhere is not in the records.
    let dossier = Dossier::new(state, &data.records, true);
    let pictures: Vec<Shown> = kept.iter().filter_map(|(digest, bytes)| shown(*digest, bytes)).collect();
    let json = escaped(&serde_json::to_string(data).expect("records always have a JSON form"));
    dossier.evidence_page(&pictures, &format!("{DATA_START}{json}{DATA_END}"))
}

/// Inside a script element only `<` can begin something else; and whoever reads the source of the page is not to be
/// misled by what steers or turns text. All of these stand in JSON's texts alone.
fn escaped(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for one in json.chars() {
        if one == '<' || one.is_control() || turns_text(one) {
            safe.push_str(&format!("\\u{:04x}", u32::from(one)));
        } else {
            safe.push(one);
        }
    }
    safe
}

/// Pictures by what they are, not by what they are called; none that could hold a script.
fn shown(digest: Digest, bytes: &[u8]) -> Option<Shown> {
    let media_type = match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => return None,
    };
    (bytes.len() <= PICTURE_BYTES_MAX).then(|| Shown { digest, media_type, base64: STANDARD.encode(bytes) })
}

/// The run's state by its records, the pinned workflows read from what is kept.
fn folded(records: &[Record], kept: &BTreeMap<Digest, Vec<u8>>) -> Result<RunState, String> {
    let mut pinned = Pinned::new();
    for digest in model::event::pins(records) {
        let bytes = kept.get(&digest).ok_or_else(|| format!("the workflow {} is missing", digest.short()))?;
        let workflow: Workflow = serde_json::from_slice(bytes)
            .map_err(|cause| format!("the workflow {} cannot be read: {cause}", digest.short()))?;
        pinned.insert(digest, Arc::new(workflow));
    }
    RunState::fold(pinned, records).map_err(|bad| bad.to_string())
}
