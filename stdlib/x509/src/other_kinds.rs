//! What a file is that is no certificate: told by its outermost elements, or by the first bytes of well-known files.

use crate::der::{Element, elements, first};
use crate::problem::{KeyForm, Problem};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;

/// 1.2.840.113549.1.7: the types of PKCS#7 begin with it.
const PKCS7: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];

/// Files that people mistake for certificates, by their first bytes.
const FILES: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"%PDF", "a PDF document"),
    (b"\xfe\xed\xfe\xed", "a Java keystore, which may hold a private key"),
];

/// What these bytes are, if it is known and no certificate. BER is read as well as DER: containers are often written in it.
pub(crate) fn other_kind(bytes: &[u8]) -> Option<Problem> {
    if let Some((_, what)) = FILES.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Some(Problem::OtherFile(what));
    }
    let outer = first(bytes).filter(|outer| outer.tag == SEQUENCE)?;
    let parts = elements(outer.contents);
    let tags: Vec<u8> = parts.iter().map(|part| part.tag).collect();
    match tags[..] {
        [OBJECT_IDENTIFIER, ..] if parts[0].contents.starts_with(&PKCS7) => Some(Problem::Pkcs7),
        [INTEGER, ..] => numbered(&parts, &tags),
        [SEQUENCE, OCTET_STRING] => Some(Problem::PrivateKey(KeyForm::EncryptedPkcs8)),
        [SEQUENCE, BIT_STRING] => Some(Problem::PublicKey),
        [SEQUENCE, SEQUENCE, BIT_STRING] => signed(&parts[0]),
        _ => None,
    }
}

/// Whether the bytes begin with a certificate's outer elements.
pub(crate) fn begins_a_certificate(bytes: &[u8]) -> bool {
    let Some(outer) = first(bytes).filter(|outer| outer.tag == SEQUENCE) else { return false };
    let tags: Vec<u8> = elements(outer.contents).iter().map(|part| part.tag).collect();
    tags[..] == [SEQUENCE, SEQUENCE, BIT_STRING] && other_kind(bytes).is_none()
}

/// What begins with a number: keys with a version, or PKCS#12.
fn numbered(parts: &[Element<'_>], tags: &[u8]) -> Option<Problem> {
    match tags {
        [INTEGER, INTEGER] => Some(Problem::PublicKey),
        [INTEGER, SEQUENCE, ..] => {
            let container = first(parts[1].contents)
                .is_some_and(|inside| inside.tag == OBJECT_IDENTIFIER && inside.contents.starts_with(&PKCS7));
            Some(if container { Problem::Pkcs12 } else { Problem::PrivateKey(KeyForm::Pkcs8) })
        }
        [INTEGER, OCTET_STRING, ..] => Some(Problem::PrivateKey(KeyForm::Sec1)),
        // RSA keys have nine numbers, DSA keys six.
        [INTEGER, INTEGER, INTEGER, ..] => Some(Problem::PrivateKey(KeyForm::Pkcs1)),
        _ => None,
    }
}

/// What is signed like a certificate: requests hold a number and two sequences, lists a time where certificates have two.
fn signed(inside: &Element<'_>) -> Option<Problem> {
    let parts = elements(inside.contents);
    let tags: Vec<u8> = parts.iter().map(|part| part.tag).collect();
    let is_time = |tag: Option<&u8>| matches!(tag, Some(&(UTC_TIME | GENERALIZED_TIME)));
    match tags[..] {
        [INTEGER, SEQUENCE, SEQUENCE, 0xa0, ..] | [INTEGER, SEQUENCE, SEQUENCE] => {
            // A certificate of version 1 has more: issuer, validity, subject, key.
            Some(Problem::Request)
        }
        [INTEGER, SEQUENCE, SEQUENCE, ..] if is_time(tags.get(3)) => Some(Problem::RevocationList),
        [SEQUENCE, SEQUENCE, ..] if is_time(tags.get(2)) => Some(Problem::RevocationList),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, inside: &[Vec<u8>]) -> Vec<u8> {
        let inside = inside.concat();
        let mut out = vec![tag, u8::try_from(inside.len()).expect("short")];
        out.extend(inside);
        out
    }

    #[test]
    fn kinds_by_their_outer_elements() {
        let integer = |number: u8| vec![INTEGER, 1, number];
        let sequence = |inside: &[Vec<u8>]| element(SEQUENCE, inside);
        let octets = || vec![OCTET_STRING, 1, 0];
        let bits = || vec![BIT_STRING, 1, 0];
        let time = || vec![UTC_TIME, 1, b'0'];
        let pkcs7 = element(OBJECT_IDENTIFIER, &[[PKCS7.as_slice(), &[1]].concat()]);
        let empty = || vec![SEQUENCE, 0];
        let request = sequence(&[integer(0), empty(), empty(), vec![0xa0, 0]]);
        let list = sequence(&[integer(1), empty(), empty(), time(), time()]);
        let old_list = sequence(&[empty(), empty(), time()]);
        let certificate = sequence(&[vec![0xa0, 0], integer(1), empty(), empty(), empty(), empty(), empty()]);
        let certificate_v1 = sequence(&[integer(1), empty(), empty(), empty(), empty(), empty()]);
        let signed = |inside: &Vec<u8>| sequence(&[inside.clone(), empty(), bits()]);
        for (bytes, expected) in [
            (sequence(&[integer(0), empty(), octets()]), Some(Problem::PrivateKey(KeyForm::Pkcs8))),
            (sequence(&vec![integer(0); 9]), Some(Problem::PrivateKey(KeyForm::Pkcs1))),
            (sequence(&[integer(1), octets(), vec![0xa0, 0]]), Some(Problem::PrivateKey(KeyForm::Sec1))),
            (sequence(&[empty(), octets()]), Some(Problem::PrivateKey(KeyForm::EncryptedPkcs8))),
            (sequence(&[integer(3), integer(3)]), Some(Problem::PublicKey)),
            (sequence(&[empty(), bits()]), Some(Problem::PublicKey)),
            (sequence(&[integer(3), sequence(std::slice::from_ref(&pkcs7))]), Some(Problem::Pkcs12)),
            (sequence(&[pkcs7.clone(), vec![0xa0, 0]]), Some(Problem::Pkcs7)),
            // The same in BER, with its length left open.
            ([vec![SEQUENCE, 0x80], pkcs7, vec![0xa0, 0x80, 0, 0, 0, 0]].concat(), Some(Problem::Pkcs7)),
            (signed(&request), Some(Problem::Request)),
            (signed(&list), Some(Problem::RevocationList)),
            (signed(&old_list), Some(Problem::RevocationList)),
            (signed(&certificate), None),
            (signed(&certificate_v1), None),
            (b"PK\x03\x04...".to_vec(), Some(Problem::OtherFile("a ZIP archive"))),
            (vec![0xff; 9], None),
            (Vec::new(), None),
        ] {
            assert_eq!(other_kind(&bytes), expected, "{bytes:02x?}");
        }
        assert!(begins_a_certificate(&signed(&certificate)));
        assert!(!begins_a_certificate(&signed(&request)));
    }
}
