//! Reads any amount of bytes once, a window at a time, and says where a secret stands in them.

use std::io::{self, Read};

use aho_corasick::{AhoCorasick, MatchKind};
use model::Digest;
use regex::bytes::Regex;

use crate::forms::{self, Form, LENGTH_MIN};
use crate::shapes::Shape;

/// How much is looked at at a time.
const WINDOW: usize = 1024 * 1024;
/// What is longer is still found, but its length is told too short.
const SHAPE_LENGTH_MAX: usize = 16 * 1024;

/// The words that every private key in PEM holds, looked for in every form.
const KEY_WORDS: &str = "PRIVATE KEY-----";

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The value of the secret with this name.
    Value(String),
    Shape(Shape),
}

/// One place where a secret stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub what: What,
    /// How it is written.
    pub form: Form,
    /// Where it begins, in bytes from the beginning.
    pub offset: u64,
    /// How many bytes it takes there.
    pub length: usize,
    /// The beginning of its SHA-256, so that two places can be told to hold the same; only of what nobody can guess.
    pub fingerprint: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    pub bytes: u64,
    pub hits: Vec<Hit>,
}

/// Knows what to look for.
pub struct Scanner {
    values: AhoCorasick,
    /// What each pattern of `values` means.
    meanings: Vec<(What, Form)>,
    shapes: Vec<(Shape, Regex)>,
    overlap: usize,
}

impl Scanner {
    /// `secrets`: names and values. Values that are too short to be looked for are left out; see [`Scanner::looks_for`].
    pub fn new<'s>(secrets: impl IntoIterator<Item = (&'s str, &'s str)>) -> Scanner {
        let mut meanings = Vec::new();
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        let mut add = |what: &What, form: Form, bytes: Vec<u8>| {
            if !patterns.contains(&bytes) {
                patterns.push(bytes);
                meanings.push((what.clone(), form));
            }
        };
        for (name, value) in secrets.into_iter().filter(|(_, value)| Scanner::looks_for(value)) {
            let what = What::Value(name.to_owned());
            for (form, bytes) in forms::forms(value) {
                add(&what, form, bytes);
            }
        }
        let key = What::Shape(Shape::PemPrivateKey);
        for (form, bytes) in forms::forms(KEY_WORDS) {
            // Plain words stand in texts about keys; the shape asks for the whole line.
            if form != Form::Plain {
                add(&key, form, bytes);
            }
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or(0);
        let values = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns);
        Scanner {
            values: values.expect("a few secrets make a small automaton"),
            meanings,
            shapes: Shape::ALL.map(|shape| (shape, shape.regex())).to_vec(),
            overlap: longest.max(SHAPE_LENGTH_MAX),
        }
    }

    /// Whether a value is long enough to be told from innocent text.
    pub fn looks_for(value: &str) -> bool {
        value.len() >= LENGTH_MIN
    }

    /// Everything in a piece of memory.
    pub fn scan_bytes(&self, bytes: &[u8]) -> Scanned {
        let mut hits = Vec::new();
        self.window(bytes, 0, bytes.len(), &mut hits);
        Scanned { bytes: bytes.len() as u64, hits }
    }

    /// Everything that comes out of a source, holding only a window of it.
    pub fn scan(&self, mut source: impl Read) -> io::Result<Scanned> {
        let mut scanned = Scanned::default();
        let mut window: Vec<u8> = Vec::with_capacity(WINDOW + self.overlap);
        let mut base = 0_u64;
        loop {
            let wanted = (WINDOW + self.overlap).saturating_sub(window.len()) as u64;
            let read = source.by_ref().take(wanted).read_to_end(&mut window)?;
            scanned.bytes += read as u64;
            let last = (read as u64) < wanted;
            // What begins in the overlap is seen whole in the next window.
            let until = if last { window.len() } else { window.len() - self.overlap };
            self.window(&window, base, until, &mut scanned.hits);
            if last {
                return Ok(scanned);
            }
            window.drain(..until);
            base += until as u64;
        }
    }

    /// What begins before `until`.
    fn window(&self, bytes: &[u8], base: u64, until: usize, hits: &mut Vec<Hit>) {
        let begun = hits.len();
        for found in self.values.find_iter(bytes).take_while(|found| found.start() < until) {
            let (what, form) = &self.meanings[found.pattern().as_usize()];
            hits.push(Hit {
                what: what.clone(),
                form: *form,
                offset: base + found.start() as u64,
                length: found.len(),
                fingerprint: None,
            });
        }
        for (shape, regex) in &self.shapes {
            for found in regex.captures_iter(bytes) {
                let Some((start, value)) = shape.value(&found) else { continue };
                if start >= until {
                    continue;
                }
                let fingerprint = shape.is_random().then(|| Digest::of_bytes(value).short());
                hits.push(Hit {
                    what: What::Shape(*shape),
                    form: Form::Plain,
                    offset: base + start as u64,
                    length: value.len(),
                    fingerprint,
                });
            }
        }
        hits[begun..].sort_by_key(|hit| hit.offset);
    }
}

#[cfg(test)]
mod tests;
