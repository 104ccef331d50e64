//! Why bytes are not taken for a certificate: what they are instead, and what to do.

use model::{Class, Code, Failure};

/// How a private key is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    Pkcs1,
    Pkcs8,
    EncryptedPkcs8,
    Sec1,
    OpenSsh,
    Other,
}

impl std::fmt::Display for KeyForm {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            KeyForm::Pkcs1 => "a private key (PKCS#1)",
            KeyForm::Pkcs8 => "a private key (PKCS#8)",
            KeyForm::EncryptedPkcs8 => "an encrypted private key (PKCS#8)",
            KeyForm::Sec1 => "a private key (SEC 1, elliptic curve)",
            KeyForm::OpenSsh => "a private key (OpenSSH)",
            KeyForm::Other => "a private key",
        })
    }
}

/// Why bytes are not taken for a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("there is nothing in it")]
    Empty,
    #[error("it is longer than any certificate")]
    TooLong,
    #[error("it is text (PEM or base64), not DER")]
    Text,
    #[error("it holds {0}, which must never leave the server that made it")]
    PrivateKey(KeyForm),
    #[error("it holds more than one certificate ({0})")]
    Several(usize),
    #[error("besides the certificate it holds a block '{0}'")]
    Besides(String),
    #[error("there are {0} bytes after the certificate")]
    Rest(usize),
    #[error("it is cut off: {0} bytes are missing at its end")]
    Cut(usize),
    #[error("it is a PKCS#12 container (.pfx, .p12), which may hold a private key")]
    Pkcs12,
    #[error("it is a PKCS#7 container (.p7b, .p7c, .p7s), not a certificate")]
    Pkcs7,
    #[error("it is a certificate request (CSR, PKCS#10), not a certificate")]
    Request,
    #[error("it is a certificate revocation list (CRL), not a certificate")]
    RevocationList,
    #[error("it is a public key alone, not a certificate")]
    PublicKey,
    #[error("it is encoded in BER: a length or a number in it takes another form than DER's only one")]
    NotMinimal,
    #[error("its PEM block '{0}' is not a certificate")]
    OtherBlock(String),
    #[error("its PEM block has a beginning and no end")]
    OpenBlock,
    #[error("what it holds between the lines of PEM is not base64")]
    NotBase64,
    #[error("it is {0}, not a certificate")]
    OtherText(&'static str),
    #[error("it is {0}, not a certificate")]
    OtherFile(&'static str),
    #[error("it is no X.509 certificate in DER")]
    NotACertificate,
    #[error("its validity lies outside the years that can be told")]
    Validity,
}

impl Problem {
    /// What to do next, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Problem::PrivateKey(_) => Some("remove that file and treat the key as disclosed"),
            Problem::Pkcs12 => Some(
                "export the certificate alone, without its private key; if a key is in the file, treat it as disclosed",
            ),
            Problem::Pkcs7 | Problem::Several(_) | Problem::Besides(_) => {
                Some("export the one certificate by itself")
            }
            Problem::Request => Some("give what the authority made of it, or the self-signed certificate"),
            Problem::Text => Some("give the DER form (a .cer file in binary)"),
            Problem::Cut(_)
            | Problem::Rest(_)
            | Problem::NotMinimal
            | Problem::OpenBlock
            | Problem::NotBase64 => {
                Some("export it again; do not edit it by hand, and copy it as a binary file")
            }
            Problem::Empty
            | Problem::TooLong
            | Problem::RevocationList
            | Problem::PublicKey
            | Problem::OtherBlock(_)
            | Problem::OtherText(_)
            | Problem::OtherFile(_)
            | Problem::NotACertificate
            | Problem::Validity => None,
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        let failure =
            Failure::new(Code::Certificate, Class::Invalid, format!("read the certificate: {problem}"));
        match problem.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
