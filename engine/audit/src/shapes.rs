//! What looks like a secret, whosever it is: private keys, tokens, and words that are followed by a password.
//!
//! Certificates and other public material have shapes of their own and are none of these. A shape that could stand in
//! innocent text is looked at more closely before it is told.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use regex::bytes::{Captures, Regex, RegexBuilder};
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `-----BEGIN … PRIVATE KEY-----`.
    PemPrivateKey,
    /// A private key without its armour: DER, or the base64 of it.
    PrivateKey,
    /// PKCS#12: a file with a key inside.
    Pkcs12,
    /// A token in three parts whose header is JSON with `alg`.
    Jwt,
    BearerToken,
    /// `Basic`, with a user and a password inside.
    BasicCredentials,
    /// `password=…` and the like.
    Password,
}

impl Shape {
    pub const ALL: [Shape; 7] = [
        Shape::PemPrivateKey,
        Shape::PrivateKey,
        Shape::Pkcs12,
        Shape::Jwt,
        Shape::BearerToken,
        Shape::BasicCredentials,
        Shape::Password,
    ];

    pub fn words(self) -> &'static str {
        match self {
            Shape::PemPrivateKey => "a private key (PEM)",
            Shape::PrivateKey => "a private key",
            Shape::Pkcs12 => "a file of keys (PKCS#12)",
            Shape::Jwt => "a token (JWT)",
            Shape::BearerToken => "a bearer token",
            Shape::BasicCredentials => "a user with a password (Basic)",
            Shape::Password => "a password",
        }
    }

    /// Whether a hash of it gives nothing away: of a password that a person chose it would.
    pub(crate) fn is_random(self) -> bool {
        match self {
            Shape::PemPrivateKey | Shape::PrivateKey | Shape::Pkcs12 | Shape::Jwt | Shape::BearerToken => {
                true
            }
            Shape::BasicCredentials | Shape::Password => false,
        }
    }

    /// `(?-u)`: any bytes may stand around. The group `value` is what must not be there.
    fn pattern(self) -> &'static str {
        match self {
            Shape::PemPrivateKey => r"(?<value>-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----)",
            // PKCS#8 with an RSA key as bytes; then in base64 PKCS#8, PKCS#1, and elliptic curves in both forms.
            Shape::PrivateKey => {
                r"(?x)(?<value> \x30\x82 [\x00-\xff]{2} \x02\x01\x00 \x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01
                  | MII[A-Za-z0-9+/]{2}[AQgw]IBADANBgkqhkiG9w0BAQEFA
                  | MII[A-Za-z0-9+/]{2}[AQgw]IBAAKC
                  | MIG[A-Za-z0-9+/]AgEAM[A-Za-z0-9+/]{2}GByqGSM49AgEG
                  | MHcCAQEEI[A-Za-z0-9+/]{20} )"
            }
            // Version 3, then a content of the type data or signed data; the same in base64.
            Shape::Pkcs12 => {
                r"(?x)(?<value> \x30\x82 [\x00-\xff]{2} \x02\x01\x03 \x30 [\x80-\x84]? [\x00-\xff]{0,4} \x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01\x02]
                  | MII[A-Za-z0-9+/]{2}[AQgw]IBAzCC[A-Za-z0-9+/]{8} )"
            }
            Shape::Jwt => r"(?<value>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*)",
            Shape::BearerToken => r"(?i)\bbearer[ \t]+(?<value>[a-z0-9._~+/-]{20,}=*)",
            Shape::BasicCredentials => r"(?i)\bbasic[ \t]+(?<value>[a-z0-9+/]{8,}={0,2})",
            // A quoted value after the word, or a bare one right behind `=`; quotes may be escaped themselves.
            Shape::Password => {
                r#"(?xi)(?:password|passwd|passphrase|pwd|client_?secret|api_?key|access_?token|refresh_?token|shared_?key|account_?key)
                  (?: \\*["']? [\x20\t]{0,3} [=:] [\x20\t]{0,3} \\*["'] (?<quoted>[^"'\\\s]{6,256}) \\*["']
                    | = (?<value>[^\s"'\\&;,<>(){}\[\]$*%\#|`]{6,256}) )"#
            }
        }
    }

    pub(crate) fn regex(self) -> Regex {
        RegexBuilder::new(self.pattern()).unicode(false).build().expect("the patterns here are right")
    }

    /// The range of the value that a match holds, when it is what it looks like.
    pub(crate) fn value<'t>(self, found: &Captures<'t>) -> Option<(usize, &'t [u8])> {
        let value = found.name("value").or_else(|| found.name("quoted"))?;
        let bytes = value.as_bytes();
        let so = match self {
            Shape::PemPrivateKey | Shape::PrivateKey | Shape::Pkcs12 | Shape::BearerToken => true,
            Shape::Jwt => has_token_header(bytes),
            Shape::BasicCredentials => holds_user_and_password(bytes),
            Shape::Password => !stands_for_another(bytes),
        };
        so.then_some((value.start(), bytes))
    }
}

/// The first part of a token is a JSON object that names an algorithm.
fn has_token_header(token: &[u8]) -> bool {
    let header = token.split(|byte| *byte == b'.').next().unwrap_or_default();
    let Some(json) = decoded(header, &alphabet::URL_SAFE) else { return false };
    serde_json::from_slice::<serde_json::Value>(&json).is_ok_and(|header| header.get("alg").is_some())
}

fn holds_user_and_password(text: &[u8]) -> bool {
    let Some(inside) = decoded(text, &alphabet::STANDARD) else { return false };
    let readable = std::str::from_utf8(&inside).is_ok_and(|text| !text.contains(char::is_control));
    readable && inside.contains(&b':')
}

fn decoded(text: &[u8], alphabet: &alphabet::Alphabet) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, lenient).decode(text).ok()
}

/// `[secret graph.secret]`, `${PASSWORD}`, `<password>`, `******`: the place of a value, not the value.
fn stands_for_another(value: &[u8]) -> bool {
    let placeholder = value.first().is_some_and(|first| b"[<{($*%#".contains(first));
    let one_letter = value.iter().all(|byte| *byte == value[0]);
    placeholder || one_letter
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &[u8]) -> Vec<Shape> {
        let hits =
            |shape: &Shape| shape.regex().captures_iter(text).any(|found| shape.value(&found).is_some());
        Shape::ALL.into_iter().filter(hits).collect()
    }

    #[test]
    fn each_shape_is_found_and_what_only_resembles_it_is_not() {
        use Shape::{BasicCredentials, BearerToken, Jwt, Password, PemPrivateKey, Pkcs12, PrivateKey};
        let header = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9";
        let token = format!("{header}.eyJzdWIiOiJ4In0.c2ln");
        let bearer = format!("Authorization: Bearer {token}");
        for (text, expected) in [
            ("-----BEGIN PRIVATE KEY-----", &[PemPrivateKey][..]),
            ("-----BEGIN EC PRIVATE KEY-----\\nMHcC", &[PemPrivateKey]),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----", &[PemPrivateKey]),
            ("-----BEGIN PGP PRIVATE KEY BLOCK-----", &[PemPrivateKey]),
            ("-----BEGIN CERTIFICATE-----", &[]),
            ("-----BEGIN PUBLIC KEY-----", &[]),
            ("a private key is never kept", &[]),
            ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw", &[PrivateKey]),
            ("MIIEpAIBAAKCAQEA7", &[PrivateKey]),
            ("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0w", &[PrivateKey]),
            ("MIIDXTCCAkWgAwIBAgIJAKoK", &[]),
            ("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", &[]),
            ("MIIKEQIBAzCCCdcGCSqGSIb3DQEHAaCC", &[Pkcs12]),
            (token.as_str(), &[Jwt]),
            (bearer.as_str(), &[Jwt, BearerToken]),
            ("eyJ4IjoxMjM0NTY3fQ.eyJzdWIiOiJ4In0.c2ln", &[]),
            ("Bearer (token)", &[]),
            ("Bearer client_id=\"00000002-0000\", realm=\"x\"", &[]),
            ("Bearer ya29.a0AfH6SMBx9kq3Zr7tQ", &[BearerToken]),
            ("Basic YWRtaW46aHVudGVyMg==", &[BasicCredentials]),
            ("basic functionality of things", &[]),
            ("client_secret=hunter2-hunter2&x=1", &[Password]),
            ("{\"password\":\"hunter2\"}", &[Password]),
            (r#"{\"Password\": \"hunter2\"}"#, &[Password]),
            ("Password=hunter2;", &[Password]),
            ("pwd = 'hunter2'", &[Password]),
            ("\"password\":\"[secret exchange.password]\"", &[]),
            ("password={ env = \"CONTOSO\" }", &[]),
            ("password=********", &[]),
            ("the password is not shown", &[]),
            ("password: exchange.password", &[]),
        ] {
            assert_eq!(found(text.as_bytes()), expected, "{text}");
        }
        let der =
            b"\x00\x30\x82\x04\xbd\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
        assert_eq!(found(der), [PrivateKey]);
        let pfx =
            b"\x30\x82\x0a\x11\x02\x01\x03\x30\x82\x09\xd7\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0";
        assert_eq!(found(pfx), [Pkcs12]);
    }
}
