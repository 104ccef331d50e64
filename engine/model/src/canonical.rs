//! Canonical JSON (RFC 8785), from compact JSON to its one form: keys in order, numbers as ECMAScript writes them.
//!
//! Every record of a run is hashed over this. The crate `serde_json_canonicalizer` gives the same bytes, which a
//! property test holds this to; but it took most of the time of a step that has nothing to do.

use std::mem;
use std::ops::Range;

use serde::Serialize;

/// The canonical JSON of a value.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    let text = serde_json::to_vec(value).expect("plans, bundles and events always have a JSON form");
    let out = Vec::with_capacity(text.len());
    let mut writer = Writer { text: &text, at: 0, out, spare: Vec::new() };
    writer.value();
    writer.out
}

/// Copies one value after the other. The text comes from a serialiser: it is well formed and has no spaces.
struct Writer<'t> {
    text: &'t [u8],
    at: usize,
    out: Vec<u8>,
    /// Where entries are put in order.
    spare: Vec<u8>,
}

/// Where an entry of an object stands in what was written: its key without the quotes, and all of it.
struct Entry {
    key: Range<usize>,
    whole: Range<usize>,
}

impl Writer<'_> {
    fn value(&mut self) {
        match self.text[self.at] {
            b'{' => self.object(),
            b'[' => self.list(),
            b'"' => self.string(),
            b't' | b'f' | b'n' => {
                self.copy(self.text[self.at..].iter().take_while(|one| one.is_ascii_lowercase()).count());
            }
            _ => self.number(),
        }
    }

    fn list(&mut self) {
        self.copy(1);
        while self.text[self.at] != b']' {
            if self.text[self.at] == b',' {
                self.copy(1);
            }
            self.value();
        }
        self.copy(1);
    }

    fn object(&mut self) {
        self.copy(1);
        let begin = self.out.len();
        let mut entries = Vec::new();
        while self.text[self.at] != b'}' {
            if self.text[self.at] == b',' {
                self.at += 1;
            }
            let start = self.out.len();
            self.string();
            let key = start + 1..self.out.len() - 1;
            self.copy(1);
            self.value();
            entries.push(Entry { key, whole: start..self.out.len() });
        }
        self.in_order(begin, entries);
        self.copy(1);
    }

    /// Puts the entries written from `begin` on in the order of their keys, with commas between them.
    fn in_order(&mut self, begin: usize, mut entries: Vec<Entry>) {
        entries.sort_by(|one, other| compare(&self.out[one.key.clone()], &self.out[other.key.clone()]));
        let mut spare = mem::take(&mut self.spare);
        spare.clear();
        for (at, entry) in entries.into_iter().enumerate() {
            if at > 0 {
                spare.push(b',');
            }
            spare.extend_from_slice(&self.out[entry.whole]);
        }
        self.out.truncate(begin);
        self.out.extend_from_slice(&spare);
        self.spare = spare;
    }

    /// Both write the same escapes.
    fn string(&mut self) {
        let mut end = self.at + 1;
        while self.text[end] != b'"' {
            end += if self.text[end] == b'\\' { 2 } else { 1 };
        }
        self.copy(end + 1 - self.at);
    }

    fn number(&mut self) {
        let rest = &self.text[self.at..];
        let length =
            rest.iter().take_while(|one| matches!(one, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let length = length.count();
        let number = &rest[..length];
        // Whole numbers that a double holds exactly are written alike.
        if length <= EXACT_DIGITS && number.iter().all(|one| matches!(one, b'0'..=b'9' | b'-')) {
            return self.copy(length);
        }
        let number = std::str::from_utf8(number).expect("digits are ASCII");
        let number: f64 = number.parse().expect("a serialiser writes numbers that can be read");
        self.out.extend_from_slice(ryu_js::Buffer::new().format_finite(number).as_bytes());
        self.at += length;
    }

    fn copy(&mut self, length: usize) {
        self.out.extend_from_slice(&self.text[self.at..self.at + length]);
        self.at += length;
    }
}

/// Digits, or a sign and digits, below 2^53.
const EXACT_DIGITS: usize = 15;

/// By UTF-16 code units of what is meant, as RFC 8785 wants it. Bytes stand in the same order where nothing is escaped
/// and nothing lies above the surrogates.
fn compare(one: &[u8], other: &[u8]) -> std::cmp::Ordering {
    let plain = |key: &[u8]| key.iter().all(|byte| *byte != b'\\' && *byte < 0xEE);
    if plain(one) && plain(other) { one.cmp(other) } else { units(one).cmp(&units(other)) }
}

fn units(key: &[u8]) -> Vec<u16> {
    let quoted = [b"\"", key, b"\""].concat();
    let key: String = serde_json::from_slice(&quoted).expect("a key that was written can be read");
    key.encode_utf16().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;

    fn any_json() -> impl Strategy<Value = Json> {
        let text = prop_oneof![
            "[a-c_]{0,3}",
            any::<String>(),
            "[\u{0}-\u{1f}\"\\\\/\u{7f}\u{d7ff}\u{e000}\u{ffff}\u{10000}]{0,4}",
        ];
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            (-100_i64..100).prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            (-4_i32..30, any::<i32>())
                .prop_map(|(power, digits)| Json::from(f64::from(digits) * 10_f64.powi(power))),
            text.clone().prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
                prop::collection::hash_map(text.clone(), inner, 0..6)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_says_what_the_reference_says(json in any_json()) {
            let reference = serde_json_canonicalizer::to_vec(&json).expect("canonical");
            prop_assert_eq!(String::from_utf8(canonical(&json)), String::from_utf8(reference));
        }
    }

    /// Fields of a struct come in the order of their declaration, which is none.
    #[test]
    fn fields_are_put_in_order_at_any_depth() {
        #[derive(Serialize)]
        struct Pair {
            b: Vec<Inner>,
            a: f64,
        }
        #[derive(Serialize)]
        struct Inner {
            z: &'static str,
            ab: Option<u64>,
            a: (),
        }
        let inner = || Inner { z: "}\",", ab: Some(u64::MAX), a: () };
        let pair = Pair { b: vec![inner(), inner()], a: -0.0 };
        let one = r#"{"a":null,"ab":18446744073709552000,"z":"}\","}"#;
        assert_eq!(String::from_utf8(canonical(&pair)), Ok(format!(r#"{{"a":0,"b":[{one},{one}]}}"#)));
    }
}
