//! The certificates of the simulated world: DER fixtures, and what can be read off a certificate.

use sha1::{Digest, Sha1};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::identifier::hex;

/// The DER of a fixture: `current`, `next`, `expired`, `someone-else` or `weak` (see `fixtures/README.md`).
pub fn fixture_der(name: &str) -> Option<&'static [u8]> {
    Some(match name {
        "current" => include_bytes!("../fixtures/current.der"),
        "next" => include_bytes!("../fixtures/next.der"),
        "expired" => include_bytes!("../fixtures/expired.der"),
        "someone-else" => include_bytes!("../fixtures/someone-else.der"),
        "weak" => include_bytes!("../fixtures/weak.der"),
        _ => return None,
    })
}

/// Names of all fixtures, for messages.
pub(crate) const FIXTURES: &str = "current, next, expired, someone-else, weak";

/// What a directory keeps of a certificate.
#[derive(Debug, Clone)]
pub(crate) struct CertificateFacts {
    /// SHA-1 of the DER, 20 bytes.
    pub(crate) thumbprint: Vec<u8>,
    pub(crate) subject: String,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
}

impl CertificateFacts {
    /// Reads a DER certificate; `None` when the bytes are anything else or leave a rest.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let (rest, certificate) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        Some(Self {
            thumbprint: Sha1::digest(der).to_vec(),
            subject: certificate.subject().to_string(),
            not_before: certificate.validity().not_before.to_datetime(),
            not_after: certificate.validity().not_after.to_datetime(),
        })
    }

    /// 40 upper-case hex digits, as Exchange and Entra write a thumbprint.
    pub(crate) fn thumbprint_hex(&self) -> String {
        hex(&self.thumbprint).to_uppercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fixture_is_a_certificate() {
        for name in FIXTURES.split(", ") {
            let facts = CertificateFacts::read(fixture_der(name).unwrap()).unwrap();
            assert!(facts.subject.starts_with("CN="), "{name}");
            assert_eq!(facts.not_after.year() < 2026, name == "expired", "{name}");
        }
        assert!(fixture_der("unheard-of").is_none());
        assert!(CertificateFacts::read(b"not a certificate").is_none());
    }
}
