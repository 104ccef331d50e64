//! Signatures of evidence files: Ed25519, keys as openssl writes them, one line at the end of the file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Digest;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// What is signed begins with this, so that a signature of ours is never one of something else.
const CONTEXT: &[u8] = b"footbridge evidence file, signature 1\n";

const LINE_START: &str = "<!-- footbridge-signature ed25519 ";
const LINE_END: &str = " -->\n";

/// The DER of an Ed25519 key up to the key itself: RFC 8410, sections 4 and 7.
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const OID: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];

pub struct SigningKey(Ed25519KeyPair);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl SigningKey {
    /// From the PEM that `openssl genpkey -algorithm ed25519` writes. What is wrong is told without any of its content.
    pub fn from_pem(pem: &str) -> Result<SigningKey, &'static str> {
        if pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
            return Err("it is protected by a passphrase; `openssl pkey -in KEY.pem` gives it without");
        }
        let der = armoured(pem, "PRIVATE KEY").ok_or("it holds no 'BEGIN PRIVATE KEY'")?;
        if !der.windows(OID.len()).take(16).any(|window| window == OID) {
            return Err("it is no Ed25519 key; `openssl genpkey -algorithm ed25519` makes one");
        }
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
            .map(SigningKey)
            .map_err(|_| "it is no whole PKCS#8 Ed25519 key")
    }

    pub fn public(&self) -> PublicKey {
        let bytes = self.0.public_key().as_ref();
        PublicKey(bytes.try_into().expect("a public Ed25519 key has 32 bytes"))
    }

    pub(super) fn line(&self, file: &[u8]) -> String {
        let signature = self.0.sign(&message(file));
        written(self.public(), signature.as_ref())
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SigningKey({})", self.public().fingerprint())
    }
}

impl PublicKey {
    /// From the PEM that `openssl pkey -in KEY.pem -pubout` writes.
    pub fn from_pem(pem: &str) -> Result<PublicKey, &'static str> {
        if pem.contains("PRIVATE KEY-----") {
            return Err("it is a private key; `openssl pkey -in KEY.pem -pubout` gives the public one");
        }
        let der = armoured(pem, "PUBLIC KEY").ok_or("it holds no 'BEGIN PUBLIC KEY'")?;
        let key = der.strip_prefix(&PUBLIC_PREFIX).and_then(|key| key.try_into().ok());
        key.map(PublicKey).ok_or("it is no Ed25519 key")
    }

    /// What two people compare on the telephone.
    pub fn fingerprint(&self) -> Digest {
        Digest::of_bytes(&self.0)
    }
}

/// The last line of a signed file, taken apart.
pub(super) struct Signature {
    pub(super) key: PublicKey,
    bytes: [u8; 64],
}

impl Signature {
    /// The file without its last line, and that line's signature where it is one. A line that only looks like one
    /// belongs to the file, and is noticed there.
    pub(super) fn split(file: &[u8]) -> (&[u8], Option<Signature>) {
        let Some(at) = file.windows(LINE_START.len()).rposition(|window| window == LINE_START.as_bytes())
        else {
            return (file, None);
        };
        let (body, line) = file.split_at(at);
        match Signature::read(line) {
            Some(signature) => (body, Some(signature)),
            None => (file, None),
        }
    }

    fn read(line: &[u8]) -> Option<Signature> {
        let text = std::str::from_utf8(line).ok()?;
        let (key, signature) = text.strip_prefix(LINE_START)?.strip_suffix(LINE_END)?.split_once(' ')?;
        let key = PublicKey(STANDARD.decode(key).ok()?.try_into().ok()?);
        let bytes: [u8; 64] = STANDARD.decode(signature).ok()?.try_into().ok()?;
        // Only the one way to write it down is it.
        (written(key, &bytes) == text).then_some(Signature { key, bytes })
    }

    pub(super) fn is_of(&self, body: &[u8], key: PublicKey) -> bool {
        UnparsedPublicKey::new(&ED25519, key.0).verify(&message(body), &self.bytes).is_ok()
    }
}

fn written(key: PublicKey, signature: &[u8]) -> String {
    format!("{LINE_START}{} {}{LINE_END}", STANDARD.encode(key.0), STANDARD.encode(signature))
}

fn message(file: &[u8]) -> Vec<u8> {
    [CONTEXT, file].concat()
}

/// The bytes between a PEM file's BEGIN and END of that label.
fn armoured(pem: &str, label: &str) -> Option<Vec<u8>> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let (_, rest) = pem.split_once(&begin)?;
    let (body, _) = rest.split_once(&end)?;
    let letters: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(letters).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Made by `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout`, for these tests alone.
    pub(in crate::evidence) const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
MC4CAQAwBQYDK2VwBCIEIG8X3FStaMWDUiGhOXGDtDWQzby0lAM1jIVMRLCt4dN0\n\
-----END PRIVATE KEY-----\n\
";
    pub(in crate::evidence) const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
MCowBQYDK2VwAyEAXltl220GuH2UaQsoWfjv4dcmSeAQf4TvEx7/GVJKTHg=\n\
-----END PUBLIC KEY-----\n\
";
    const RSA_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAn3qkUubi18YARu/sb54n\n\
A/1jcF7G28XShQqvY1MAxAjBJ/ZKvTFHULWGm2HoYF7BrhIGIU6rzaBkvs1KI2Js\n\
JEv5uW3RW1cWa7ztxpNwW0dbk6Bb3sCuPbpOOfYx5Ql8LDxOwmTb73uCMVF2n7U4\n\
VpGegEpTPRX80+VglnriXD1hChBwMT3QMcces/5eP9JZuGHwmTZklt93ul89rHRl\n\
XoRultTi7RaIoaGl3IzhA3PRGylrOw1RqHrNRAz1qftY92RD5naeR8KD5yHYp2P/\n\
DEYEKLt3yJclewFm7mugqbgIdErbrI5p4TDW4JGVwPY4bLF1Rruv9BWxde4beYRW\n\
KQIDAQAB\n\
-----END PUBLIC KEY-----\n\
";
    const ELLIPTIC: &str = "-----BEGIN PRIVATE KEY-----\n\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgeqLBskv0nIwk9tH6\n\
Kna39SnbMe3zSE0OfiDb5dMc1c2hRANCAAT3oXDCH06Ctlk0NCPTZ+Tl2daoj+JS\n\
XnBl6L4kxrQv+P8d/i/YJ7Gp+AVUUTRWAkAe4GWuleWL2btWAXRCfXFT\n\
-----END PRIVATE KEY-----\n\
";

    #[test]
    fn keys_of_openssl_are_read_and_others_are_refused_by_name() {
        let key = SigningKey::from_pem(PRIVATE).expect("a key of openssl");
        assert_eq!(PublicKey::from_pem(PUBLIC), Ok(key.public()));
        for (pem, part) in [
            ("", "no 'BEGIN PRIVATE KEY'"),
            (PUBLIC, "no 'BEGIN PRIVATE KEY'"),
            (ELLIPTIC, "no Ed25519 key"),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n", "passphrase"),
            (&PRIVATE.replace("MC4", "MC5"), "no whole PKCS#8"),
        ] {
            assert!(SigningKey::from_pem(pem).expect_err(pem).contains(part), "{pem}");
        }
        for (pem, part) in
            [(PRIVATE, "private"), (RSA_PUBLIC, "no Ed25519 key"), ("x", "no 'BEGIN PUBLIC KEY'")]
        {
            assert!(PublicKey::from_pem(pem).expect_err(pem).contains(part), "{pem}");
        }
        assert!(!format!("{key:?}").contains("MC4"), "a key is never shown");
    }
}
