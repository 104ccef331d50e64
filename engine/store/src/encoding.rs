//! How a record looks on disk.
//!
//! Key: the run's id (16 bytes, big-endian) and the sequence (4 bytes, big-endian), so that keys sort as records do.
//! Value: one byte for the form, the body, and the CRC-32C (4 bytes, little-endian) over key, form and body; the key
//! is covered so that a value under the wrong key is noticed. Forms are numbered for ever:
//! 1 = the record itself as MessagePack with named fields (new fields may be added, old records stay readable);
//! 2 = the SHA-256 of those bytes, which are kept as a payload file.

use contracts::JournalError;
use model::{Code, Digest, Record, RunId};
use serde::Deserialize;

/// Records that take more bytes than this go to payload files: the database is safe with small values only.
pub(crate) const INLINE_BYTES_MAX: usize = 6 * 1024;

const FORM_RECORD: u8 = 1;
const FORM_PAYLOAD: u8 = 2;
const CHECKSUM_BYTES: usize = 4;

pub(crate) const KEY_BYTES: usize = 20;
pub(crate) type Key = [u8; KEY_BYTES];

/// Where the bytes of a record are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Inline(Vec<u8>),
    Payload(Digest),
}

/// Why a value cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    Broken(String),
    /// Whole, but of a kind that this version does not know.
    Newer(String),
}

pub(crate) fn key(run: RunId, sequence: u32) -> Key {
    let mut key = [0; KEY_BYTES];
    key[..16].copy_from_slice(&run.to_bytes());
    key[16..].copy_from_slice(&sequence.to_be_bytes());
    key
}

/// `None` for anything that is no key of ours.
pub(crate) fn parse_key(key: &[u8]) -> Option<(RunId, u32)> {
    let (run, sequence) = key.split_first_chunk::<16>()?;
    Some((RunId::from_bytes(*run), u32::from_be_bytes(sequence.try_into().ok()?)))
}

pub(crate) fn encode(record: &Record) -> Result<Vec<u8>, JournalError> {
    rmp_serde::to_vec_named(record).map_err(|error| {
        JournalError::new(Code::Internal, format!("encode record {}: {error}", record.sequence))
    })
}

pub(crate) fn decode(bytes: &[u8], sequence: u32) -> Result<Record, Damage> {
    let record: Record = rmp_serde::from_slice(bytes)
        .map_err(|error| newer(bytes).unwrap_or_else(|| Damage::Broken(error.to_string())))?;
    if record.sequence == sequence {
        Ok(record)
    } else {
        Err(Damage::Broken(format!("it says that it is record {}", record.sequence)))
    }
}

/// What every record says, whatever its version.
#[derive(Deserialize)]
struct Outline {
    version: u32,
    event: OfEvent,
}

#[derive(Deserialize)]
struct OfEvent {
    #[serde(rename = "type")]
    name: String,
}

/// Why a record that cannot be read is no broken one, if a newer version wrote it.
fn newer(bytes: &[u8]) -> Option<Damage> {
    let Outline { version, event } = rmp_serde::from_slice(bytes).ok()?;
    if version > model::event::VERSION {
        return Some(Damage::Newer(format!("version {version}")));
    }
    (!model::event::is_known(&event.name)).then(|| Damage::Newer(format!("event '{}'", event.name)))
}

/// The value to store under the key.
pub(crate) fn seal(key: &Key, body: &Body) -> Vec<u8> {
    let (form, bytes) = match body {
        Body::Inline(bytes) => (FORM_RECORD, bytes.as_slice()),
        Body::Payload(digest) => (FORM_PAYLOAD, digest.as_bytes().as_slice()),
    };
    let mut value = Vec::with_capacity(1 + bytes.len() + CHECKSUM_BYTES);
    value.push(form);
    value.extend_from_slice(bytes);
    value.extend_from_slice(&checksum(key, &value).to_le_bytes());
    value
}

pub(crate) fn unseal(key: &[u8], value: &[u8]) -> Result<Body, Damage> {
    let broken = |why: &str| Damage::Broken(why.to_owned());
    let (covered, stored) =
        value.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(|| broken("it is cut short"))?;
    if checksum(key, covered) != u32::from_le_bytes(*stored) {
        return Err(broken("its checksum does not match"));
    }
    match covered.split_first() {
        Some((&FORM_RECORD, body)) => Ok(Body::Inline(body.to_vec())),
        Some((&FORM_PAYLOAD, body)) => {
            let digest = body.try_into().map_err(|_| broken("it names no payload"))?;
            Ok(Body::Payload(Digest::from_bytes(digest)))
        }
        Some((&form, _)) => Err(Damage::Newer(format!("form {form}"))),
        None => Err(broken("it is empty")),
    }
}

fn checksum(key: &[u8], covered: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), covered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_records_do() {
        let run = |bytes| RunId::from_bytes([bytes; 16]);
        let ordered =
            [key(run(1), 0), key(run(1), 255), key(run(1), 256), key(run(1), u32::MAX), key(run(2), 0)];
        assert!(ordered.is_sorted());
        assert_eq!(parse_key(&ordered[2]), Some((run(1), 256)));
        assert_eq!(parse_key(&ordered[2][..19]), None);
        assert_eq!(parse_key(&[0; 21]), None);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let key = key(RunId::from_bytes([7; 16]), 3);
        for body in [Body::Inline(b"body".to_vec()), Body::Payload(Digest::of_bytes(b"payload"))] {
            let value = seal(&key, &body);
            assert_eq!(unseal(&key, &value), Ok(body));
            for index in 0..value.len() {
                let mut other = value.clone();
                other[index] ^= 1;
                assert!(matches!(unseal(&key, &other), Err(Damage::Broken(_))), "byte {index}");
                assert!(matches!(unseal(&key, &value[..index]), Err(Damage::Broken(_))), "cut at {index}");
            }
            let mut elsewhere = key;
            elsewhere[19] += 1;
            assert!(matches!(unseal(&elsewhere, &value), Err(Damage::Broken(_))));
        }
    }

    #[test]
    fn a_later_form_is_called_newer_and_not_broken() {
        let key = key(RunId::from_bytes([7; 16]), 3);
        let mut value = vec![9, 1, 2, 3];
        value.extend_from_slice(&checksum(&key, &value).to_le_bytes());
        assert_eq!(unseal(&key, &value), Err(Damage::Newer("form 9".into())));
    }

    #[test]
    fn a_record_of_a_later_version_is_called_newer_and_not_broken() {
        let told = |version: u32, event: serde_json::Value| {
            let record = serde_json::json!({ "version": version, "sequence": 3, "event": event });
            decode(&rmp_serde::to_vec_named(&record).expect("encoded"), 3)
        };
        let later = serde_json::json!({ "type": "sung", "song": "x" });
        assert_eq!(told(1, later), Err(Damage::Newer("event 'sung'".into())));
        let known = serde_json::json!({ "type": "paused" });
        assert_eq!(told(2, known.clone()), Err(Damage::Newer("version 2".into())));
        assert!(matches!(told(1, known), Err(Damage::Broken(_))), "it lacks its hash");
    }
}
