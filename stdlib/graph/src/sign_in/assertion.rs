//! A client assertion: a short-lived JWT, signed with the key of a certificate that the application knows.
//!
//! PS256 and `x5t#S256`, as Microsoft's page on certificate credentials describes it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::SecretText;
use http::new_request_id;
use model::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use rustls_pki_types::pem::{PemObject, SectionKind};
use serde_json::json;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Longer ones are refused.
const LIFETIME: Duration = Duration::from_mins(10);

/// A certificate with its key.
pub(super) struct Signer {
    key: RsaKeyPair,
    /// base64url of the certificate's SHA-256.
    thumbprint: String,
}

impl Signer {
    /// Both as PEM; texts of errors name neither.
    pub(super) fn new(certificate: &[u8], key: &str) -> Result<Signer, String> {
        let der = certificate_der(certificate)?;
        let key = key_pair(key.as_bytes())?;
        let (_, parsed) = X509Certificate::from_der(&der)
            .map_err(|_| "sign in: the certificate cannot be read: it is no X.509 certificate".to_owned())?;
        if parsed.public_key().subject_public_key.data.as_ref() != key.public().as_ref() {
            return Err("sign in: the key does not belong to the certificate".into());
        }
        Ok(Signer { key, thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(&der)) })
    }

    /// A new assertion, each with an id of its own.
    pub(super) fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: Timestamp,
    ) -> Result<SecretText, String> {
        let seconds = now.0 / 1000;
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": new_request_id(),
            "iat": seconds,
            "nbf": seconds,
            "exp": seconds + LIFETIME.as_secs(),
        });
        let part = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| "sign in: the assertion could not be signed".to_owned())?;
        Ok(SecretText::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

/// From when to when the certificate is good, or why that cannot be told; for those who check a target.
pub(crate) fn examined(certificate: &[u8]) -> Result<(Timestamp, Timestamp), String> {
    let der = certificate_der(certificate)?;
    let (_, parsed) =
        X509Certificate::from_der(&der).map_err(|_| "the certificate cannot be read".to_owned())?;
    let moment = |seconds: i64| Timestamp(u64::try_from(seconds).unwrap_or_default().saturating_mul(1000));
    let validity = parsed.validity();
    Ok((moment(validity.not_before.timestamp()), moment(validity.not_after.timestamp())))
}

fn certificate_der(pem: &[u8]) -> Result<Vec<u8>, String> {
    sections(pem)
        .find_map(|(kind, der)| (kind == SectionKind::Certificate).then_some(der))
        .ok_or_else(|| "sign in: the certificate's file holds no '-----BEGIN CERTIFICATE-----'".to_owned())
}

fn key_pair(pem: &[u8]) -> Result<RsaKeyPair, String> {
    const RSA_ONLY: &str =
        "sign in: the key is not RSA: assertions are signed with RSA keys only (2048 bits at least)";
    if String::from_utf8_lossy(pem).contains("ENCRYPTED") {
        return Err(
            "sign in: the key is encrypted with a password: write it without one, e.g. with openssl pkey"
                .into(),
        );
    }
    for (kind, der) in sections(pem) {
        let key = match kind {
            SectionKind::PrivateKey => RsaKeyPair::from_pkcs8(&der),
            SectionKind::RsaPrivateKey => RsaKeyPair::from_der(&der),
            SectionKind::EcPrivateKey => return Err(RSA_ONLY.into()),
            _ => continue,
        };
        return key.map_err(|rejected| match rejected.to_string().as_str() {
            "WrongAlgorithm" => RSA_ONLY.to_owned(),
            "TooSmall" => "sign in: the key is too short: 2048 bits at least".to_owned(),
            why => format!("sign in: the key cannot be used: {why}"),
        });
    }
    Err("sign in: the key's file holds no '-----BEGIN PRIVATE KEY-----' or '-----BEGIN RSA PRIVATE KEY-----'"
        .into())
}

fn sections(pem: &[u8]) -> impl Iterator<Item = (SectionKind, Vec<u8>)> {
    <(SectionKind, Vec<u8>)>::pem_slice_iter(pem).map_while(Result::ok)
}

#[cfg(test)]
mod tests {
    use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::Value as Json;

    use super::*;

    const CERTIFICATE: &[u8] = include_bytes!("../../tests/it/fixtures/client.crt.pem");
    const KEY: &str = include_str!("../../tests/it/fixtures/client.key.pem");
    const NOW: Timestamp = Timestamp(1_780_300_800_500);

    fn part(text: &str) -> Json {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    }

    #[test]
    fn an_assertion_says_who_for_whom_and_until_when_and_its_signature_holds() {
        for key in [KEY, include_str!("../../tests/it/fixtures/client.rsa.pem")] {
            let signer = Signer::new(CERTIFICATE, key).unwrap();
            let assertion = signer.assertion("me", "https://login/t/oauth2/v2.0/token", NOW).unwrap();
            let parts: Vec<&str> = assertion.spend().split('.').collect();
            let [header, claims, signature] = parts[..] else { panic!("{} parts", parts.len()) };
            assert_eq!(
                part(header),
                // The thumbprint is what openssl says, in base64url.
                json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": "vo_NOETRQ8tEsQfy5PlHBxayaniQYBau0759Jt_dya0" })
            );
            let claims_read = part(claims);
            assert_eq!(claims_read["aud"], "https://login/t/oauth2/v2.0/token");
            assert_eq!((&claims_read["iss"], &claims_read["sub"]), (&json!("me"), &json!("me")));
            let seconds = |name: &str| claims_read[name].as_u64().unwrap();
            assert_eq!(
                (seconds("iat"), seconds("nbf"), seconds("exp")),
                (1_780_300_800, 1_780_300_800, 1_780_301_400)
            );
            let public = Signer::new(CERTIFICATE, KEY).unwrap().key.public().as_ref().to_vec();
            UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public)
                .verify(format!("{header}.{claims}").as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
                .unwrap();
            let again = signer.assertion("me", "x", NOW).unwrap();
            let ids =
                [part(claims)["jti"].clone(), part(again.spend().split('.').nth(1).unwrap())["jti"].clone()];
            assert_ne!(ids[0], ids[1]);
        }
    }

    #[test]
    fn keys_that_do_not_fit_are_told_apart() {
        for (certificate, key, expected) in [
            (CERTIFICATE, include_str!("../../tests/it/fixtures/other.key.pem"), "does not belong"),
            (CERTIFICATE, include_str!("../../tests/it/fixtures/ec.key.pem"), "not RSA"),
            (CERTIFICATE, include_str!("../../tests/it/fixtures/ec.sec1.pem"), "not RSA"),
            (CERTIFICATE, include_str!("../../tests/it/fixtures/locked.key.pem"), "encrypted"),
            (CERTIFICATE, "", "BEGIN PRIVATE KEY"),
            (CERTIFICATE, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be used"),
            (KEY.as_bytes(), KEY, "BEGIN CERTIFICATE"),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", KEY, "cannot be read"),
        ] {
            let why = Signer::new(certificate, key).err().unwrap();
            assert!(why.contains(expected), "{why}");
            assert!(!why.contains("MII"), "no part of a key is shown: {why}");
        }
        assert!(examined(CERTIFICATE).unwrap().1 > NOW && examined(b"").is_err());
    }
}
