//! Whether a certificate is signed with its own key: so, not so, or beyond what can be checked here.

use x509_parser::error::X509Error;
use x509_parser::prelude::X509Certificate;

use crate::key::Key;
use crate::signature_algorithm::signature_name;

/// Shorter and longer RSA keys are not checked by the library that checks signatures.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

const PSS: &str = "rsassaPss";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelfSignature {
    So,
    /// Another name signed it, or the signature is not by its own key: the text says which.
    NotSo(&'static str),
    /// The names are equal; whether the signature is right cannot be told, because of this.
    CannotCheck(String),
}

impl SelfSignature {
    pub fn as_str(&self) -> &'static str {
        match self {
            SelfSignature::So => "so",
            SelfSignature::NotSo(_) => "not so",
            SelfSignature::CannotCheck(_) => "cannot check",
        }
    }

    /// Why it is not simply so; empty where it is.
    pub fn why(&self) -> &str {
        match self {
            SelfSignature::So => "",
            SelfSignature::NotSo(why) => why,
            SelfSignature::CannotCheck(why) => why,
        }
    }
}

pub(crate) fn self_signature(certificate: &X509Certificate<'_>, key: &Key) -> SelfSignature {
    if certificate.subject().as_raw() != certificate.issuer().as_raw() {
        return SelfSignature::NotSo("another name issued it");
    }
    let signature = signature_name(&certificate.signature_algorithm.algorithm.to_id_string());
    match certificate.verify_signature(None) {
        Ok(()) => SelfSignature::So,
        // The library says the same of a wrong signature, of a key whose length it does not take, and of a PSS signature whose
        // salt has another length than its hash.
        Err(X509Error::SignatureVerificationError) if signature == PSS => SelfSignature::CannotCheck(
            "PSS signatures with a salt of another length than the hash are not checked".into(),
        ),
        Err(X509Error::SignatureVerificationError)
            if !key.algorithm.starts_with("rsa") || RSA_BITS.contains(&key.bits) =>
        {
            SelfSignature::NotSo("it names itself as its issuer, but the signature is not by its own key")
        }
        Err(X509Error::SignatureVerificationError) => {
            SelfSignature::CannotCheck(format!("signatures of RSA keys of {} bits are not checked", key.bits))
        }
        Err(_) => SelfSignature::CannotCheck(format!("signatures with {signature} are not checked")),
    }
}
