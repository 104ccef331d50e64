//! From the forms in which certificates are handed about (PEM, bare base64, either as UTF-16) to DER.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::problem::{KeyForm, Problem};

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// How the certificate was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Der,
    Pem,
    Base64,
}

impl Form {
    pub fn as_str(self) -> &'static str {
        match self {
            Form::Der => "DER",
            Form::Pem => "PEM",
            Form::Base64 => "base64",
        }
    }
}

/// The text that these bytes are: UTF-8, or UTF-16 as Windows PowerShell writes it, with or without a byte order mark.
/// `None` where they are binary.
pub fn text_of(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok()?,
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        _ if zeros_at(bytes, 1) => utf16(bytes, u16::from_le_bytes)?,
        _ if zeros_at(bytes, 0) => utf16(bytes, u16::from_be_bytes)?,
        _ => std::str::from_utf8(bytes).ok()?.to_owned(),
    };
    let binary = text.chars().any(|letter| letter.is_control() && !letter.is_ascii_whitespace());
    (!binary).then_some(text)
}

/// The DER that the text stands for, not yet looked at.
pub(crate) fn der_of(text: &str) -> Result<(Form, Vec<u8>), Problem> {
    let blocks = blocks(text)?;
    if let Some(form) = blocks.iter().find_map(|block| private_key(&block.label)) {
        return Err(Problem::PrivateKey(form));
    }
    let (certificates, others): (Vec<_>, Vec<_>) =
        blocks.into_iter().partition(|block| is_certificate(&block.label));
    match (&certificates[..], &others[..]) {
        ([], []) => Ok((Form::Base64, bare(text)?)),
        ([one], []) => Ok((Form::Pem, decoded(one.body).ok_or(Problem::NotBase64)?)),
        ([_], [other, ..]) => Err(Problem::Besides(shown(&other.label))),
        ([], [other, ..]) => Err(other_block(&other.label)),
        ([_, _, ..], _) => Err(Problem::Several(certificates.len())),
    }
}

struct Block<'a> {
    label: String,
    body: &'a str,
}

/// The blocks of PEM (RFC 7468), whatever stands around them.
fn blocks(text: &str) -> Result<Vec<Block<'_>>, Problem> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(BEGIN) {
        rest = &rest[at + BEGIN.len()..];
        let Some(end) = rest.find(DASHES).filter(|end| !rest[..*end].contains(['\n', '\r'])) else {
            return Err(Problem::OpenBlock);
        };
        let label = rest[..end].to_owned();
        rest = &rest[end + DASHES.len()..];
        let closing = format!("-----END {label}-----");
        let Some(end) = rest.find(&closing) else {
            // That a key is in it matters more than that it is cut off.
            return Err(private_key(&label).map_or(Problem::OpenBlock, Problem::PrivateKey));
        };
        found.push(Block { label, body: &rest[..end] });
        rest = &rest[end + closing.len()..];
    }
    Ok(found)
}

fn is_certificate(label: &str) -> bool {
    matches!(label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
}

fn private_key(label: &str) -> Option<KeyForm> {
    if !label.contains("PRIVATE KEY") {
        return None;
    }
    Some(match label {
        "PRIVATE KEY" => KeyForm::Pkcs8,
        "ENCRYPTED PRIVATE KEY" => KeyForm::EncryptedPkcs8,
        "RSA PRIVATE KEY" => KeyForm::Pkcs1,
        "EC PRIVATE KEY" => KeyForm::Sec1,
        "OPENSSH PRIVATE KEY" => KeyForm::OpenSsh,
        _ => KeyForm::Other,
    })
}

fn other_block(label: &str) -> Problem {
    match label {
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Problem::Request,
        "X509 CRL" => Problem::RevocationList,
        "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" => Problem::Pkcs7,
        "PKCS12" => Problem::Pkcs12,
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "SSH2 PUBLIC KEY" => Problem::PublicKey,
        _ => Problem::OtherBlock(shown(label)),
    }
}

/// A label is whatever somebody typed.
fn shown(label: &str) -> String {
    crate::name::escaped(&label.chars().take(40).collect::<String>())
}

/// Base64 without anything around it.
fn bare(text: &str) -> Result<Vec<u8>, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    let start = text.get(..text.floor_char_boundary(64)).unwrap_or(text).to_ascii_lowercase();
    if text.starts_with('<') {
        let html = start.contains("<html") || start.contains("<!doctype html");
        return Err(Problem::OtherText(if html { "an HTML page" } else { "XML" }));
    }
    if text.starts_with(['{', '[']) {
        return Err(Problem::OtherText("JSON"));
    }
    if start.starts_with("ssh-") || start.starts_with("ecdsa-sha2-") {
        return Err(Problem::PublicKey);
    }
    let compact: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    if compact.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':') {
        let thumbprint = compact.bytes().filter(u8::is_ascii_hexdigit).count() == 40;
        return Err(Problem::OtherText(if thumbprint {
            "a thumbprint, the hash of a certificate"
        } else {
            "hexadecimal text"
        }));
    }
    decoded(text).ok_or_else(|| {
        let url_safe = compact.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte));
        Problem::OtherText(if url_safe && compact.len() > 64 { "base64url or cut base64" } else { "text" })
    })
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let compact: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(compact).ok()
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let pairs = bytes.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let units: Vec<u16> = pairs.map(|pair| unit([pair[0], pair[1]])).collect();
    let text = String::from_utf16(&units).ok()?;
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

/// Whether every second byte is zero, beginning with the given one: letters of ASCII as UTF-16.
fn zeros_at(bytes: &[u8], offset: usize) -> bool {
    bytes.len() >= 4
        && bytes.len().is_multiple_of(2)
        && bytes.iter().skip(offset).step_by(2).all(|byte| *byte == 0)
        && bytes.iter().skip(1 - offset).step_by(2).all(|byte| *byte != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(label: &str) -> String {
        format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")
    }

    #[test]
    fn encodings() {
        let text = "-----BEGIN é";
        let le = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let be = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        for bytes in [
            text.as_bytes().to_vec(),
            [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat(),
            [vec![0xff, 0xfe], le(text)].concat(),
            [vec![0xfe, 0xff], be(text)].concat(),
        ] {
            assert_eq!(text_of(&bytes).as_deref(), Some(text), "{bytes:02x?}");
        }
        assert_eq!(text_of(&le("MIID")).as_deref(), Some("MIID"));
        assert_eq!(text_of(&be("MIID")).as_deref(), Some("MIID"));
        for binary in [&[0x30, 0x82, 0x03][..], &[0xff, 0xfe, 0x00], b"a\0b", &[0xff, 0xfe, 0x00, 0xd8]] {
            assert_eq!(text_of(binary), None, "{binary:02x?}");
        }
    }

    #[test]
    fn blocks_of_pem() {
        let key = |form| Err(Problem::PrivateKey(form));
        for (text, expected) in [
            (block("CERTIFICATE"), Ok((Form::Pem, vec![0, 0, 0]))),
            (
                format!("Bag Attributes\n{}trailing words", block("X509 CERTIFICATE")),
                Ok((Form::Pem, vec![0; 3])),
            ),
            (block("CERTIFICATE").repeat(3), Err(Problem::Several(3))),
            (block("CERTIFICATE") + &block("RSA PRIVATE KEY"), key(KeyForm::Pkcs1)),
            (block("PRIVATE KEY"), key(KeyForm::Pkcs8)),
            (block("ENCRYPTED PRIVATE KEY"), key(KeyForm::EncryptedPkcs8)),
            (block("EC PRIVATE KEY"), key(KeyForm::Sec1)),
            (block("OPENSSH PRIVATE KEY"), key(KeyForm::OpenSsh)),
            (block("PGP PRIVATE KEY BLOCK"), key(KeyForm::Other)),
            ("-----BEGIN PRIVATE KEY-----\nAAAA".into(), key(KeyForm::Pkcs8)),
            (block("CERTIFICATE") + &block("X509 CRL"), Err(Problem::Besides("X509 CRL".into()))),
            (block("CERTIFICATE REQUEST"), Err(Problem::Request)),
            (block("NEW CERTIFICATE REQUEST"), Err(Problem::Request)),
            (block("X509 CRL"), Err(Problem::RevocationList)),
            (block("PKCS7"), Err(Problem::Pkcs7)),
            (block("PUBLIC KEY"), Err(Problem::PublicKey)),
            (block("DH PARAMETERS"), Err(Problem::OtherBlock("DH PARAMETERS".into()))),
            (block("A\u{1b}[2J"), Err(Problem::OtherBlock("A\\u{1b}[2J".into()))),
            ("-----BEGIN CERTIFICATE-----\nAAAA".into(), Err(Problem::OpenBlock)),
            ("-----BEGIN CERTIFICATE\nAAAA".into(), Err(Problem::OpenBlock)),
            (block("CERTIFICATE").replace("AAAA", "!!"), Err(Problem::NotBase64)),
            ("+A AA\r\n".into(), Ok((Form::Base64, vec![0xf8, 0, 0]))),
            (" \n".into(), Err(Problem::Empty)),
            ("<!DOCTYPE html><html>".into(), Err(Problem::OtherText("an HTML page"))),
            ("<Objs Version=\"1.1.0.1\"/>".into(), Err(Problem::OtherText("XML"))),
            ("{\"a\": 1}".into(), Err(Problem::OtherText("JSON"))),
            ("ssh-rsa AAAA me".into(), Err(Problem::PublicKey)),
            ("AB:".repeat(20), Err(Problem::OtherText("a thumbprint, the hash of a certificate"))),
            ("abcdef".into(), Err(Problem::OtherText("hexadecimal text"))),
            ("no certificate, é".into(), Err(Problem::OtherText("text"))),
            ("MII_".repeat(20), Err(Problem::OtherText("base64url or cut base64"))),
        ] {
            assert_eq!(der_of(&text), expected, "{text}");
        }
    }
}
