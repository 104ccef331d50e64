//! What a certificate says: from DER strictly, or from any form in which certificates are handed about.

use model::Timestamp;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::der::{Shape, shape};
use crate::key::key;
use crate::other_kinds::{begins_a_certificate, other_kind};
use crate::problem::Problem;
use crate::self_signature::{SelfSignature, self_signature};
use crate::signature_algorithm::signature_name;
use crate::text::{Form, der_of, text_of};

/// No certificate is longer, in DER; whatever is, is refused before it is read.
pub(crate) const LENGTH_MAX: usize = 64 * 1024;

/// The same as text: base64 takes a third more, UTF-16 twice that, and words may stand around it.
pub(crate) const TEXT_LENGTH_MAX: usize = 4 * LENGTH_MAX;

/// What a certificate says about itself. Nothing here is verified against anybody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Thumbprint: 40 upper-case hex digits.
    pub sha1: String,
    /// 64 upper-case hex digits.
    pub sha256: String,
    /// In the order of the encoding; control characters and commas inside of names escaped.
    pub subject: String,
    pub issuer: String,
    /// Hex digits, as encoded.
    pub serial: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// `rsa`, `rsa-pss`, `ec`, `ed25519`, `ed448`, `dsa`, or the algorithm's object identifier.
    pub key_algorithm: String,
    /// 0 where the length is not known for the algorithm.
    pub key_bits: usize,
    /// `P-256`, or an object identifier; empty where the key is of no curve.
    pub key_curve: String,
    /// `sha256WithRSAEncryption`, or an object identifier.
    pub signature_algorithm: String,
    pub self_signature: SelfSignature,
}

impl Facts {
    pub fn valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Subject and issuer are the same name, and nothing speaks against the signature being its own.
    pub fn self_signed(&self) -> bool {
        !matches!(self.self_signature, SelfSignature::NotSo(_))
    }
}

/// A certificate and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub facts: Facts,
    pub der: Vec<u8>,
    /// How it was written down.
    pub form: Form,
}

/// Reads one certificate from DER, PEM or bare base64, the latter two as UTF-8 or UTF-16, with a byte order mark or not.
///
/// # Errors
/// Whatever is not exactly one certificate is refused, and the error says what it is instead.
pub fn read(bytes: &[u8]) -> Result<Certificate, Problem> {
    if bytes.is_empty() {
        return Err(Problem::Empty);
    }
    if bytes.len() > TEXT_LENGTH_MAX {
        return Err(Problem::TooLong);
    }
    let (form, der) = match text_of(bytes) {
        Some(text) => der_of(&text)?,
        None => (Form::Der, bytes.to_vec()),
    };
    Ok(Certificate { facts: facts(&der)?, der, form })
}

/// Reads one certificate from DER and from nothing else.
///
/// # Errors
/// Anything but exactly one certificate in DER is refused: a hash over leftovers would name something else than the
/// certificate.
pub fn inspect(der: &[u8]) -> Result<Facts, Problem> {
    match text_of(der) {
        Some(_) => Err(read(der).map_or_else(|problem| problem, |_| Problem::Text)),
        None => facts(der),
    }
}

fn facts(der: &[u8]) -> Result<Facts, Problem> {
    if der.is_empty() {
        return Err(Problem::Empty);
    }
    if der.len() > LENGTH_MAX {
        return Err(Problem::TooLong);
    }
    if let Some(problem) = other_kind(der) {
        return Err(problem);
    }
    judge_shape(der)?;
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| Problem::NotACertificate)?;
    if !rest.is_empty() {
        return Err(Problem::Rest(rest.len()));
    }
    let validity = certificate.validity();
    let key = key(certificate.public_key());
    Ok(Facts {
        sha1: hex(&Sha1::digest(der)),
        sha256: hex(&Sha256::digest(der)),
        subject: crate::name::shown(certificate.subject()),
        issuer: crate::name::shown(certificate.issuer()),
        serial: hex(certificate.raw_serial()),
        not_before: moment(validity.not_before.timestamp())?,
        not_after: moment(validity.not_after.timestamp())?,
        self_signature: self_signature(&certificate, &key),
        key_algorithm: key.algorithm,
        key_bits: key.bits,
        key_curve: key.curve,
        signature_algorithm: signature_name(&certificate.signature_algorithm.algorithm.to_id_string()),
    })
}

fn judge_shape(der: &[u8]) -> Result<(), Problem> {
    match shape(der) {
        Shape::One => Ok(()),
        Shape::Rest(left) => {
            let rest = &der[der.len() - left..];
            Err(match other_kind(rest) {
                Some(key @ Problem::PrivateKey(_)) => key,
                Some(_) | None if begins_a_certificate(rest) => Problem::Several(2),
                Some(_) | None => Problem::Rest(left),
            })
        }
        Shape::Cut(missing) if begins_like_one(der) => Err(Problem::Cut(missing)),
        Shape::NotMinimal if begins_like_one(der) => Err(Problem::NotMinimal),
        Shape::Cut(_) | Shape::NotMinimal | Shape::Broken => Err(Problem::NotACertificate),
    }
}

/// A sequence that begins with a sequence, as all that is signed does.
fn begins_like_one(der: &[u8]) -> bool {
    crate::der::first(der)
        .filter(|outer| outer.tag == 0x30)
        .is_some_and(|outer| outer.contents.first() == Some(&0x30))
}

fn moment(seconds: i64) -> Result<Timestamp, Problem> {
    let seconds = u64::try_from(seconds).map_err(|_| Problem::Validity)?;
    seconds.checked_mul(1000).map(Timestamp).ok_or(Problem::Validity)
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
    use crate::problem::KeyForm;

    fn fixture(name: &str) -> Vec<u8> {
        sim::fixture_der(name).unwrap().to_vec()
    }

    fn pem(der: &[u8]) -> String {
        let base64 = STANDARD.encode(der);
        let lines: Vec<&str> =
            base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\r\n{}\r\n-----END CERTIFICATE-----\r\n", lines.join("\r\n"))
    }

    #[test]
    fn facts_of_the_fixtures() {
        for (name, bits, subject, signature) in [
            ("current", 2048, "CN=Microsoft Exchange Server Auth Certificate", SelfSignature::So),
            (
                "weak",
                1024,
                "CN=Microsoft Exchange Server Auth Certificate",
                SelfSignature::CannotCheck("signatures of RSA keys of 1024 bits are not checked".into()),
            ),
            ("someone-else", 2048, "CN=sfb-pool OAuth", SelfSignature::So),
        ] {
            let facts = inspect(&fixture(name)).unwrap();
            assert_eq!((facts.key_bits, facts.subject.as_str()), (bits, subject), "{name}");
            assert_eq!((facts.sha1.len(), facts.sha256.len()), (40, 64));
            assert_eq!((facts.key_algorithm.as_str(), facts.key_curve.as_str()), ("rsa", ""));
            assert_eq!(facts.signature_algorithm, "sha256WithRSAEncryption");
            assert_eq!(facts.self_signature, signature, "{name}");
            assert!(facts.self_signed() && !facts.serial.is_empty());
        }
        let expired = inspect(&fixture("expired")).unwrap();
        assert_eq!(expired.not_after.to_string(), "2023-12-03T22:47:32Z");
        assert!(expired.valid_at(expired.not_after) && !expired.valid_at(Timestamp(expired.not_after.0 + 1)));
        assert!(!expired.valid_at(Timestamp(0)));
    }

    #[test]
    fn a_signature_by_another_key_is_no_signature_of_its_own() {
        let mut der = fixture("current");
        *der.last_mut().unwrap() ^= 1;
        let facts = inspect(&der).unwrap();
        assert_eq!(facts.self_signature.as_str(), "not so");
        assert!(!facts.self_signed() && facts.self_signature.why().contains("own key"));
    }

    #[test]
    fn every_form_gives_the_same_certificate() {
        let der = fixture("current");
        let facts = inspect(&der).unwrap();
        let pem = pem(&der);
        let base64 = STANDARD.encode(&der);
        let utf16 = |mark: &[u8], text: &str, unit: fn(u16) -> [u8; 2]| {
            mark.iter().copied().chain(text.encode_utf16().flat_map(unit)).collect::<Vec<u8>>()
        };
        for (bytes, form) in [
            (der.clone(), Form::Der),
            (pem.clone().into_bytes(), Form::Pem),
            (pem.replace("\r\n", "\n").into_bytes(), Form::Pem),
            (format!("subject=CN = x\n{pem}\nthe end").into_bytes(), Form::Pem),
            ([&[0xef, 0xbb, 0xbf], pem.as_bytes()].concat(), Form::Pem),
            (utf16(&[0xff, 0xfe], &pem, u16::to_le_bytes), Form::Pem),
            (utf16(&[0xfe, 0xff], &pem, u16::to_be_bytes), Form::Pem),
            (utf16(&[], &base64, u16::to_le_bytes), Form::Base64),
            (base64.clone().into_bytes(), Form::Base64),
            (format!(" {base64}\r\n").into_bytes(), Form::Base64),
        ] {
            let read = read(&bytes).unwrap();
            assert_eq!((&read.facts, &read.der, read.form), (&facts, &der, form));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let der = fixture("current");
        let rest = [der.clone(), vec![0]].concat();
        let two = [der.clone(), fixture("next")].concat();
        let key = vec![0x30, 0x08, 0x02, 0x01, 0x00, 0x30, 0x00, 0x04, 0x01, 0x00];
        // Outer lengths are two bytes long here; three say the same in more.
        let longer = [&[0x30, 0x83, 0x00][..], &der[2..]].concat();
        for (bytes, expected) in [
            (Vec::new(), Problem::Empty),
            (vec![0x30; TEXT_LENGTH_MAX + 1], Problem::TooLong),
            (vec![0xff; LENGTH_MAX + 1], Problem::TooLong),
            (rest, Problem::Rest(1)),
            (two.clone(), Problem::Several(2)),
            ([der.clone(), key.clone()].concat(), Problem::PrivateKey(KeyForm::Pkcs8)),
            (pem(&two).into_bytes(), Problem::Several(2)),
            ((pem(&der) + &pem(&der)).into_bytes(), Problem::Several(2)),
            (pem(&key).into_bytes(), Problem::PrivateKey(KeyForm::Pkcs8)),
            (longer, Problem::NotMinimal),
            (der[..der.len() - 7].to_vec(), Problem::Cut(7)),
            (key, Problem::PrivateKey(KeyForm::Pkcs8)),
            (vec![0x30, 0x00], Problem::NotACertificate),
            (vec![0xff; 40], Problem::NotACertificate),
        ] {
            assert_eq!(read(&bytes).unwrap_err(), expected, "{} bytes", bytes.len());
        }
        assert_eq!(inspect(pem(&der).as_bytes()).unwrap_err(), Problem::Text);
        assert_eq!(inspect(b"no certificate").unwrap_err(), Problem::OtherText("text"));
    }
}
