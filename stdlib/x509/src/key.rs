//! The public key of a certificate: its kind and its size.

use x509_parser::prelude::{FromDer as _, SubjectPublicKeyInfo};
use x509_parser::public_key::RSAPublicKey;

/// What kind of key it is, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// `rsa`, `rsa-pss`, `ec`, `ed25519`, `ed448`, `dsa`, or the algorithm's object identifier.
    pub(crate) algorithm: String,
    /// Of an elliptic curve: `P-256`, or the object identifier. Empty for other kinds.
    pub(crate) curve: String,
    /// 0 where it is not known.
    pub(crate) bits: usize,
}

/// Curves with names of their own: object identifier, name, bits.
const CURVES: [(&str, &str, usize); 5] = [
    ("1.2.840.10045.3.1.1", "P-192", 192),
    ("1.3.132.0.33", "P-224", 224),
    ("1.2.840.10045.3.1.7", "P-256", 256),
    ("1.3.132.0.34", "P-384", 384),
    ("1.3.132.0.35", "P-521", 521),
];

pub(crate) fn key(info: &SubjectPublicKeyInfo<'_>) -> Key {
    let id = info.algorithm.algorithm.to_id_string();
    let plain =
        |algorithm: &str, bits: usize| Key { algorithm: algorithm.to_owned(), curve: String::new(), bits };
    match id.as_str() {
        "1.2.840.113549.1.1.1" => plain("rsa", rsa_bits(info)),
        "1.2.840.113549.1.1.10" => plain("rsa-pss", rsa_bits(info)),
        "1.2.840.10045.2.1" => curve(info),
        "1.3.101.112" => plain("ed25519", 256),
        "1.3.101.113" => plain("ed448", 456),
        "1.2.840.10040.4.1" => plain("dsa", 0),
        other => plain(other, 0),
    }
}

fn rsa_bits(info: &SubjectPublicKeyInfo<'_>) -> usize {
    let Ok((_, key)) = RSAPublicKey::from_der(&info.subject_public_key.data) else { return 0 };
    bits(key.modulus)
}

/// Of a number: zeros in front do not count.
fn bits(number: &[u8]) -> usize {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    match number.get(start) {
        Some(first) => (number.len() - start) * 8 - first.leading_zeros() as usize,
        None => 0,
    }
}

fn curve(info: &SubjectPublicKeyInfo<'_>) -> Key {
    let id = info
        .algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.as_oid().ok())
        .map(|id| id.to_id_string());
    let (curve, bits) = match &id {
        Some(id) => match CURVES.iter().find(|(known, _, _)| known == id) {
            Some((_, name, bits)) => ((*name).to_owned(), *bits),
            None => (id.clone(), point_bits(&info.subject_public_key.data)),
        },
        None => ("its own parameters".to_owned(), point_bits(&info.subject_public_key.data)),
    };
    Key { algorithm: "ec".into(), curve, bits }
}

/// A point is written as one coordinate or as two, after a byte that says which.
fn point_bits(point: &[u8]) -> usize {
    match point {
        [4, rest @ ..] => rest.len() * 4,
        [2 | 3, rest @ ..] => rest.len() * 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_numbers_and_points() {
        for (number, expected) in
            [(&[0, 0x80][..], 8), (&[0x7f, 0xff], 15), (&[1], 1), (&[0, 0], 0), (&[], 0)]
        {
            assert_eq!(bits(number), expected, "{number:02x?}");
        }
        assert_eq!(point_bits(&[&[4][..], &[1; 64]].concat()), 256);
        assert_eq!(point_bits(&[&[2][..], &[1; 32]].concat()), 256);
        assert_eq!(point_bits(&[]), 0);
    }
}
