//! What is to be said about a certificate at a given moment: fine, usable with reservations, or refused.

use model::Timestamp;

use crate::inspect::{Certificate, read};
use crate::problem::Problem;
use crate::self_signature::SelfSignature;
use crate::signature_algorithm::broken_hash;

/// Shorter RSA keys are not accepted by Entra, and Exchange makes none.
const RSA_BITS_MIN: usize = 2048;

/// What was found in bytes that should be a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// One certificate; the reservations are empty where nothing speaks against it.
    Certificate {
        certificate: Box<Certificate>,
        reservations: Vec<String>,
    },
    Refused(Problem),
}

/// Reads the bytes and judges them at `now`.
pub fn judge(bytes: &[u8], now: Timestamp) -> Judgement {
    match read(bytes) {
        Ok(certificate) => {
            let reservations = reservations(&certificate, now);
            Judgement::Certificate { certificate: Box::new(certificate), reservations }
        }
        Err(problem) => Judgement::Refused(problem),
    }
}

fn reservations(certificate: &Certificate, now: Timestamp) -> Vec<String> {
    let facts = &certificate.facts;
    let mut found = Vec::new();
    if facts.not_after < facts.not_before {
        found.push("it ends before it begins: it is never valid".to_owned());
    } else if now > facts.not_after {
        found.push(format!("it expired at {}", facts.not_after));
    } else if now < facts.not_before {
        found.push(format!("it is not valid before {}", facts.not_before));
    }
    if facts.key_algorithm.starts_with("rsa") && facts.key_bits < RSA_BITS_MIN {
        found.push(format!("its RSA key has {} bits; {RSA_BITS_MIN} are the least", facts.key_bits));
    }
    if let Some(hash) = broken_hash(&facts.signature_algorithm) {
        found.push(format!("it is signed with {hash} ({})", facts.signature_algorithm));
    }
    match &facts.self_signature {
        SelfSignature::CannotCheck(why) => {
            found.push(format!("whether it is signed with its own key cannot be told: {why}"));
        }
        SelfSignature::NotSo(why) if facts.subject == facts.issuer => found.push((*why).to_owned()),
        SelfSignature::So | SelfSignature::NotSo(_) => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reservations_of_the_fixtures() {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        for (name, now, expected) in [
            ("current", "2026-06-01T08:00:00Z", &[][..]),
            ("current", "2020-06-01T08:00:00Z", &["not valid before 2024-12-03T22:47:32Z"]),
            ("current", "2050-06-01T08:00:00Z", &["expired at 2049-11-06T22:47:32Z"]),
            ("expired", "2026-06-01T08:00:00Z", &["expired at 2023-12-03T22:47:32Z"]),
            ("weak", "2026-06-01T08:00:00Z", &["1024 bits; 2048", "cannot be told"]),
        ] {
            let Judgement::Certificate { reservations, .. } = judge(sim::fixture_der(name).unwrap(), at(now))
            else {
                panic!("{name} is a certificate");
            };
            assert_eq!(reservations.len(), expected.len(), "{name}: {reservations:?}");
            for (found, expected) in reservations.iter().zip(expected) {
                assert!(found.contains(expected), "{name}: {found}");
            }
        }
        assert_eq!(judge(b"", Timestamp(0)), Judgement::Refused(Problem::Empty));
    }
}
