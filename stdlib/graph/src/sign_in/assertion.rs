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
