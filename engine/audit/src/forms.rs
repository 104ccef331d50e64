//! Every way in which the value of a secret is commonly written down.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use serde::Serialize;

/// A shorter value stands in innocent text by chance, so it is not looked for.
pub const LENGTH_MIN: usize = 6;
/// A shorter line of a key says too little.
const KEY_LINE_MIN: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    Plain,
    /// Also inside longer base64, wherever it begins there: `Basic` carries `user:secret` so.
    Base64,
    Base64Url,
    Hex,
    Percent,
    Json,
    Xml,
    Utf16,
    /// Of its UTF-16, as PowerShell takes commands.
    Base64Utf16,
    /// A line of a private key.
    KeyLine,
}

impl Form {
    pub const ALL: [Form; 10] = [
        Form::Plain,
        Form::Base64,
        Form::Base64Url,
        Form::Hex,
        Form::Percent,
        Form::Json,
        Form::Xml,
        Form::Utf16,
        Form::Base64Utf16,
        Form::KeyLine,
    ];

    pub fn words(self) -> &'static str {
        match self {
            Form::Plain => "as it is",
            Form::Base64 => "in base64",
            Form::Base64Url => "in base64url",
            Form::Hex => "in hexadecimal",
            Form::Percent => "percent-encoded",
            Form::Json => "escaped as in JSON",
            Form::Xml => "escaped as in XML",
            Form::Utf16 => "in UTF-16",
            Form::Base64Utf16 => "in base64 of UTF-16",
            Form::KeyLine => "a line of it",
        }
    }
}

/// The bytes to look for; a form that would look the same as an earlier one is left out.
pub(crate) fn forms(value: &str) -> Vec<(Form, Vec<u8>)> {
    let mut found: Vec<(Form, Vec<u8>)> = Vec::new();
    let mut add = |form: Form, bytes: Vec<u8>| {
        if bytes.len() >= LENGTH_MIN && !found.iter().any(|(_, known)| *known == bytes) {
            found.push((form, bytes));
        }
    };
    let plain = value.as_bytes();
    add(Form::Plain, plain.to_vec());
    for text in [json(value), json_ascii(value)] {
        add(Form::Json, text.into_bytes());
    }
    for text in [xml(value), xml(value).replace("&#39;", "&apos;"), xml(value).replace("&#39;", "'")] {
        add(Form::Xml, text.into_bytes());
    }
    for text in [percent(plain, Case::Upper), percent(plain, Case::Lower)] {
        add(Form::Percent, text.replace("%20", "+").into_bytes());
        add(Form::Percent, text.into_bytes());
    }
    for case in [Case::Lower, Case::Upper] {
        add(Form::Hex, plain.iter().flat_map(|byte| hex(*byte, case)).collect());
    }
    for bytes in inside_base64(plain, &alphabet::STANDARD) {
        add(Form::Base64, bytes);
    }
    for bytes in inside_base64(plain, &alphabet::URL_SAFE) {
        add(Form::Base64Url, bytes);
    }
    let little: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = value.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in inside_base64(&little, &alphabet::STANDARD) {
        add(Form::Base64Utf16, bytes);
    }
    add(Form::Utf16, little);
    add(Form::Utf16, big);
    for line in key_lines(value) {
        add(Form::KeyLine, line.as_bytes().to_vec());
    }
    found
}

/// The letters that bytes become wherever they stand in longer base64: their first may be the first, second or third of
/// a group. Letters that also depend on a neighbour are left away.
fn inside_base64(bytes: &[u8], alphabet: &alphabet::Alphabet) -> [Vec<u8>; 3] {
    let engine = GeneralPurpose::new(alphabet, NO_PAD);
    [0, 1, 2].map(|before| {
        let mut padded = vec![0; before];
        padded.extend_from_slice(bytes);
        let whole = padded.len() * 8 / 6;
        let first = (before * 8).div_ceil(6);
        let text = engine.encode(padded);
        text.as_bytes()[first..whole].to_vec()
    })
}

fn json(value: &str) -> String {
    let quoted = serde_json::to_string(value).expect("a text always has a JSON form");
    quoted[1..quoted.len() - 1].to_owned()
}

/// As programs write it that keep to ASCII.
fn json_ascii(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in json(value).chars() {
        if letter.is_ascii() {
            text.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

fn xml(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            other => text.push(other),
        }
    }
    text
}

#[derive(Clone, Copy)]
enum Case {
    Lower,
    Upper,
}

fn hex(byte: u8, case: Case) -> [u8; 2] {
    let digits = match case {
        Case::Lower => b"0123456789abcdef",
        Case::Upper => b"0123456789ABCDEF",
    };
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

/// RFC 3986: everything but letters, digits and `-._~`.
fn percent(bytes: &[u8], case: Case) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push('%');
            text.extend(hex(*byte, case).map(char::from));
        }
    }
    text
}

/// The body of each private key in the value: what stands around it, such as a certificate, is public.
fn key_lines(value: &str) -> Vec<&str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in value.lines().map(str::trim) {
        if line.starts_with("-----") {
            inside = line.contains("BEGIN") && line.contains("PRIVATE KEY");
        } else if inside && line.len() >= KEY_LINE_MIN {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever stands around it, one of the three is in the whole.
        #[test]
        fn base64_is_found_wherever_it_begins(
            value in "\\PC{6,40}",
            before in prop::collection::vec(any::<u8>(), 0..9),
            after in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let around = [before, value.as_bytes().to_vec(), after].concat();
            for alphabet in [alphabet::STANDARD, alphabet::URL_SAFE] {
                let whole = GeneralPurpose::new(&alphabet, NO_PAD).encode(&around);
                let found = inside_base64(value.as_bytes(), &alphabet).iter().any(|part| {
                    whole.as_bytes().windows(part.len()).any(|window| window == part)
                });
                prop_assert!(found, "{} in {}", value, whole);
            }
        }
    }

    #[test]
    fn forms_differ_from_one_another_and_none_is_short() {
        let found = forms("pä\"ss & w<ord>");
        for form in Form::ALL.into_iter().filter(|form| *form != Form::KeyLine) {
            assert!(found.iter().any(|(one, _)| *one == form), "{form:?}");
        }
        let mut bytes: Vec<_> = found.iter().map(|(_, bytes)| bytes).collect();
        assert!(bytes.iter().all(|bytes| bytes.len() >= LENGTH_MIN));
        bytes.sort();
        assert!(bytes.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn of_a_key_with_its_certificate_only_the_key_is_secret() {
        let pem = "-----BEGIN CERTIFICATE-----\nMIIBpublicpublicpublic\n-----END CERTIFICATE-----\n\
                   -----BEGIN PRIVATE KEY-----\nMIIEsecretsecretsecret\nshort\n-----END PRIVATE KEY-----\n";
        assert_eq!(key_lines(pem), ["MIIEsecretsecretsecret"]);
    }
}
