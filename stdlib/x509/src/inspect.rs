//! What a certificate says, read from DER and nothing else.

use model::{Class, Code, Failure, Timestamp};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::der::{Shape, first_length, shape};

/// No certificate is longer; whatever is, is refused before it is read.
pub(crate) const LENGTH_MAX: usize = 64 * 1024;

/// What a certificate says about itself. Nothing here is verified against anybody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Thumbprint: 40 upper-case hex digits.
    pub sha1: String,
    /// 64 upper-case hex digits.
    pub sha256: String,
    /// In the order of the encoding, control characters escaped.
    pub subject: String,
    pub issuer: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// `rsa`, `ec`, or the algorithm's object identifier.
    pub key_algorithm: String,
    /// 0 where the length is not known for the algorithm.
    pub key_bits: usize,
    /// Subject and issuer are the same name. The signature is not checked.
    pub self_signed: bool,
}

impl Facts {
    pub fn valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

/// Why bytes are not taken for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("there is nothing in it")]
    Empty,
    #[error("it is longer than any certificate")]
    TooLong,
    #[error("it is text (PEM or base64), not DER")]
    Text,
    #[error("it holds a private key, which must never leave the server that made it")]
    PrivateKey,
    #[error("it holds more than one certificate")]
    Several,
    #[error("there are {0} bytes after the certificate")]
    Rest(usize),
    #[error("it is no X.509 certificate in DER")]
    NotACertificate,
    #[error("its validity lies outside the years that can be told")]
    Validity,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        let failure =
            Failure::new(Code::Certificate, Class::Invalid, format!("read the certificate: {problem}"));
        match problem {
            Problem::PrivateKey => failure.hint("remove that file and treat the key as disclosed"),
            Problem::Text => failure.hint("give the DER form (a .cer file in binary)"),
            Problem::Empty
            | Problem::TooLong
            | Problem::Several
            | Problem::Rest(_)
            | Problem::NotACertificate
            | Problem::Validity => failure,
        }
    }
}

/// Reads one certificate.
///
/// # Errors
/// Anything but exactly one certificate in DER is refused: a hash over leftovers would name something else than the
/// certificate.
pub fn inspect(der: &[u8]) -> Result<Facts, Problem> {
    if der.is_empty() {
        return Err(Problem::Empty);
    }
    if der.len() > LENGTH_MAX {
        return Err(Problem::TooLong);
    }
    if let Some(problem) = text_problem(der) {
        return Err(problem);
    }
    match shape(der) {
        Shape::One => {}
        Shape::Rest(left) => {
            let begins_another = X509Certificate::from_der(&der[der.len() - left..]).is_ok();
            return Err(if begins_another { Problem::Several } else { Problem::Rest(left) });
        }
        Shape::Broken => return Err(Problem::NotACertificate),
    }
    if is_private_key(der) {
        return Err(Problem::PrivateKey);
    }
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| Problem::NotACertificate)?;
    if !rest.is_empty() {
        return Err(Problem::Rest(rest.len()));
    }
    let validity = certificate.validity();
    let (key_algorithm, key_bits) = key(&certificate);
    Ok(Facts {
        sha1: hex(&Sha1::digest(der)),
        sha256: hex(&Sha256::digest(der)),
        subject: escaped(&certificate.subject().to_string()),
        issuer: escaped(&certificate.issuer().to_string()),
        not_before: moment(validity.not_before.timestamp())?,
        not_after: moment(validity.not_after.timestamp())?,
        key_algorithm,
        key_bits,
        self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
    })
}

fn text_problem(bytes: &[u8]) -> Option<Problem> {
    let printable = bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    let marked = bytes.starts_with(&[0xef, 0xbb, 0xbf]) || bytes.starts_with(&[0xff, 0xfe]);
    if !printable && !marked && !bytes.starts_with(b"-----BEGIN") {
        return None;
    }
    // UTF-16 is the same letters with zeros between.
    let letters: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    let count = |needle: &[u8]| letters.windows(needle.len()).filter(|window| *window == needle).count();
    Some(if count(b"PRIVATE KEY-----") > 0 {
        Problem::PrivateKey
    } else if count(b"-----BEGIN CERTIFICATE-----") > 1 {
        Problem::Several
    } else {
        Problem::Text
    })
}

/// PKCS#1, SEC1, PKCS#8 and PKCS#12 begin with a version number, encrypted PKCS#8 with an algorithm and an octet string;
/// a certificate begins with a sequence that holds one.
fn is_private_key(der: &[u8]) -> bool {
    let Some(inside) = contents(der) else { return false };
    match inside.first() {
        Some(0x02) => true,
        Some(0x30) => first_length(inside).and_then(|length| inside.get(length)) == Some(&0x04),
        _ => false,
    }
}

fn contents(element: &[u8]) -> Option<&[u8]> {
    let header = header_length(element)?;
    element.get(header..)
}

fn header_length(element: &[u8]) -> Option<usize> {
    let first = *element.get(1)?;
    Some(if first < 0x80 { 2 } else { 2 + usize::from(first & 0x7f) })
}

fn key(certificate: &X509Certificate<'_>) -> (String, usize) {
    let info = certificate.public_key();
    match info.parsed() {
        Ok(PublicKey::RSA(key)) => ("rsa".into(), key.key_size()),
        Ok(PublicKey::EC(point)) => ("ec".into(), point.key_size()),
        _ => (info.algorithm.algorithm.to_id_string(), 0),
    }
}

fn moment(seconds: i64) -> Result<Timestamp, Problem> {
    let seconds = u64::try_from(seconds).map_err(|_| Problem::Validity)?;
    seconds.checked_mul(1000).map(Timestamp).ok_or(Problem::Validity)
}

/// Names are whatever somebody typed: a line break or an escape sequence in one must not reach a log or a terminal.
fn escaped(name: &str) -> String {
    let mut out = String::new();
    for other in name.chars() {
        let hidden = matches!(other, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if other.is_control() || hidden {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(other)));
        } else {
            out.push(other);
        }
    }
    out
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        sim::fixture_der(name).unwrap().to_vec()
    }

    #[test]
    fn facts_of_the_fixtures() {
        for (name, bits, subject) in [
            ("current", 2048, "CN=Microsoft Exchange Server Auth Certificate"),
            ("weak", 1024, "CN=Microsoft Exchange Server Auth Certificate"),
            ("someone-else", 2048, "CN=sfb-pool OAuth"),
        ] {
            let facts = inspect(&fixture(name)).unwrap();
            assert_eq!((facts.key_bits, facts.subject.as_str()), (bits, subject), "{name}");
            assert_eq!((facts.sha1.len(), facts.sha256.len()), (40, 64));
            assert_eq!(facts.key_algorithm, "rsa");
            assert!(facts.self_signed);
        }
        let expired = inspect(&fixture("expired")).unwrap();
        assert_eq!(expired.not_after.to_string(), "2023-12-03T22:47:32Z");
        assert!(expired.valid_at(expired.not_after) && !expired.valid_at(Timestamp(expired.not_after.0 + 1)));
        assert!(!expired.valid_at(Timestamp(0)));
    }

    #[test]
    fn anything_else_is_refused() {
        let der = fixture("current");
        let rest = [der.clone(), vec![0]].concat();
        let two = [der.clone(), fixture("next")].concat();
        let base64 = STANDARD.encode(&der).into_bytes();
        let block = |label: &str| format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", "AAAA");
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(block("PRIVATE KEY").bytes().flat_map(|byte| [byte, 0])).collect();
        // Outer lengths are two bytes long here; three say the same in more.
        let longer = [&[0x30, 0x83, 0x00][..], &der[2..]].concat();
        for (bytes, expected) in [
            (Vec::new(), Problem::Empty),
            (vec![0x30; LENGTH_MAX + 1], Problem::TooLong),
            (rest, Problem::Rest(1)),
            (two, Problem::Several),
            (base64, Problem::Text),
            (block("CERTIFICATE").into_bytes(), Problem::Text),
            (block("CERTIFICATE").repeat(2).into_bytes(), Problem::Several),
            ((block("CERTIFICATE") + &block("RSA PRIVATE KEY")).into_bytes(), Problem::PrivateKey),
            (utf16, Problem::PrivateKey),
            (longer, Problem::NotACertificate),
            (der[..der.len() - 1].to_vec(), Problem::NotACertificate),
            // PKCS#8: version 0, an algorithm, an octet string.
            (vec![0x30, 0x08, 0x02, 0x01, 0x00, 0x30, 0x00, 0x04, 0x01, 0x00], Problem::PrivateKey),
            // Encrypted PKCS#8: an algorithm, an octet string.
            (vec![0x30, 0x05, 0x30, 0x00, 0x04, 0x01, 0x00], Problem::PrivateKey),
            (vec![0x30, 0x00], Problem::NotACertificate),
            (vec![0xff; 40], Problem::NotACertificate),
        ] {
            assert_eq!(inspect(&bytes).unwrap_err(), expected, "{} bytes", bytes.len());
        }
    }

    #[test]
    fn names_cannot_reach_the_terminal() {
        assert_eq!(escaped("CN=a\n\u{1b}[2J\0\u{202e}b"), "CN=a\\u{a}\\u{1b}[2J\\u{0}\\u{202e}b");
    }
}
