//! One run to a file and back.
//!
//! The file is JSON, a line each: a header, what is kept beside the journal (`{"payload": DIGEST, "holds": {"text": …}}`),
//! the records as they are, and a last line with the SHA-256 of every byte before it. The last line is compared as it
//! would be written. So a file that was changed by a byte, cut or made longer is refused as a whole: there is no harmless
//! difference. This finds damage and carelessness; who wrote the file it cannot tell, for anybody can count a hash anew.

use std::io::{self, BufRead, Read, Write};

use contracts::{Payload, WholeRun};
use model::{Class, Code, Digest, Failure, Record, RunId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Raised when older versions could not read what is written.
const FORMAT: u32 = 1;
const KIND: &str = "run export";
/// A longer file is not read; histories of years are a hundredth of it.
pub const EXPORT_BYTES_MAX: u64 = 256 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    footbridge: String,
    format: u32,
    run: RunId,
    head: Digest,
    records: usize,
    payloads: Vec<Digest>,
}

/// The only parts of a header that a version must understand of every other.
#[derive(Deserialize)]
struct AnyHeader {
    footbridge: String,
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayloadLine {
    payload: Digest,
    holds: Payload,
}

#[derive(Serialize)]
struct Trailer {
    end: &'static str,
    records: usize,
    head: Digest,
    sha256: Digest,
}

/// Writes the run, and says how many bytes that were.
pub fn write_export(whole: &WholeRun, target: &mut impl Write) -> io::Result<u64> {
    let mut out = Hashed { inner: target, hasher: Sha256::new(), bytes: 0 };
    let header = Header {
        footbridge: KIND.to_owned(),
        format: FORMAT,
        run: whole.run,
        head: whole.head(),
        records: whole.records.len(),
        payloads: whole.payloads.iter().map(Payload::digest).collect(),
    };
    out.line(&header)?;
    for (payload, digest) in whole.payloads.iter().zip(header.payloads) {
        out.line(&PayloadLine { payload: digest, holds: payload.clone() })?;
    }
    for record in &whole.records {
        out.line(record)?;
    }
    let last = trailer(whole, &out.hasher);
    out.inner.write_all(&last)?;
    Ok(out.bytes + last.len() as u64)
}

/// Reads what [`write_export`] wrote, and nothing else. FB0507 says what is wrong with it; what the records mean is not
/// looked at.
pub fn read_export(source: impl Read) -> Result<WholeRun, Failure> {
    let mut lines = Lines::new(source);
    let first = lines.next("header")?;
    let any: AnyHeader = serde_json::from_slice(&first).map_err(|_| {
        unusable("it does not begin as an export of a run does")
            .hint("`footbridge export RUN FILE` makes one")
    })?;
    if any.footbridge != KIND {
        return Err(unusable(format!("it holds '{}', not a run", shown(&any.footbridge))));
    }
    if any.format > FORMAT {
        return Err(unusable(format!("it has format {}, and this footbridge knows {FORMAT}", any.format))
            .hint("import it with the newer footbridge that wrote it"));
    }
    let header: Header = lines.parsed(&first, "header")?;
    let mut payloads = Vec::new();
    for digest in &header.payloads {
        let line = lines.next("payload")?;
        let PayloadLine { payload, holds } = lines.parsed(&line, "payload")?;
        if payload != *digest || holds.digest() != payload {
            return Err(unusable(format!("what it holds under {} is something else", digest.short())));
        }
        payloads.push(holds);
    }
    let mut records = Vec::new();
    for _ in 0..header.records {
        let line = lines.next("record")?;
        if let Ok(Versioned { version }) = serde_json::from_slice(&line)
            && version > model::event::VERSION
        {
            return Err(unusable(format!("line {} has a record of version {version}", lines.number))
                .hint("import it with the newer footbridge that wrote it"));
        }
        records.push(lines.parsed::<Record>(&line, "record")?);
    }
    let whole = WholeRun { run: header.run, payloads, records };
    if whole.head() != header.head {
        return Err(unusable("its records do not end as its header says"));
    }
    let expected = trailer(&whole, &lines.hasher);
    lines.ends_with(&expected)?;
    Ok(whole)
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

fn trailer(whole: &WholeRun, hasher: &Sha256) -> Vec<u8> {
    let sha256 = Digest::from_bytes(hasher.clone().finalize().into());
    let trailer = Trailer { end: KIND, records: whole.records.len(), head: whole.head(), sha256 };
    line(&trailer)
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("everything in an export has a JSON form");
    line.push(b'\n');
    line
}

struct Hashed<'w, W> {
    inner: &'w mut W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> Hashed<'_, W> {
    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let line = line(value);
        self.hasher.update(&line);
        self.bytes += line.len() as u64;
        self.inner.write_all(&line)
    }
}

/// The lines of a source that may be anything and may be endless.
struct Lines<R> {
    source: io::BufReader<io::Take<R>>,
    /// Over every line that was given out.
    hasher: Sha256,
    number: usize,
}

impl<R: Read> Lines<R> {
    fn new(source: R) -> Lines<R> {
        let limited = source.take(EXPORT_BYTES_MAX);
        Lines { source: io::BufReader::new(limited), hasher: Sha256::new(), number: 0 }
    }

    fn read(&mut self) -> Result<Vec<u8>, Failure> {
        let mut line = Vec::new();
        self.source
            .read_until(b'\n', &mut line)
            .map_err(|cause| unusable(format!("it cannot be read: {cause}")))?;
        self.number += 1;
        Ok(line)
    }

    fn next(&mut self, what: &str) -> Result<Vec<u8>, Failure> {
        let line = self.read()?;
        if line.last() != Some(&b'\n') {
            return Err(self.cut(what));
        }
        self.hasher.update(&line);
        Ok(line)
    }

    fn parsed<T: for<'de> Deserialize<'de>>(&self, line: &[u8], what: &str) -> Result<T, Failure> {
        serde_json::from_slice(line).map_err(|cause| {
            // What stands there is not repeated: it may be any file.
            let at = cause.column();
            unusable(format!("line {} is no {what} that this footbridge knows (column {at})", self.number))
                .hint("a newer footbridge may have written it, or it was changed on its way")
        })
    }

    fn ends_with(&mut self, expected: &[u8]) -> Result<(), Failure> {
        let last = self.read()?;
        if last.is_empty() {
            return Err(self.cut("last line"));
        }
        let more = self.source.fill_buf().map_err(|cause| unusable(format!("it cannot be read: {cause}")))?;
        if last == expected && more.is_empty() {
            return Ok(());
        }
        Err(unusable("it was changed after it was written: its last line does not fit what stands before")
            .hint("copy it again, as a binary file; not even the ends of lines may change"))
    }

    fn cut(&self, what: &str) -> Failure {
        if self.source.get_ref().limit() == 0 {
            return unusable(format!("it has more than {} MiB", EXPORT_BYTES_MAX / 1024 / 1024));
        }
        unusable(format!("it ends at line {}, where a {what} is missing", self.number))
            .hint("it was cut on its way; copy it again")
    }
}

fn unusable(why: impl std::fmt::Display) -> Failure {
    Failure::new(Code::ExportFile, Class::Invalid, format!("the export cannot be used: {why}"))
}

/// A few harmless letters of foreign text.
fn shown(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).take(40).collect()
}
