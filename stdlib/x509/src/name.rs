//! Names of a certificate as one line of text that cannot be misread and does nothing to a terminal.

use x509_parser::prelude::{AttributeTypeAndValue, X509Name};

/// Short names as RFC 4514 and Windows write them.
const SHORT: [(&str, &str); 14] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.42", "GN"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

const BMP_STRING: u32 = 30;
const UNIVERSAL_STRING: u32 = 28;
const TELETEX_STRING: u32 = 20;
const TEXTS: [u32; 5] = [12, 18, 19, 22, 26];

/// In the order of the encoding, parts separated by `, `, special characters as RFC 4514 escapes them, and characters
/// that cannot be seen as `\u{..}`.
pub(crate) fn shown(name: &X509Name<'_>) -> String {
    let parts: Vec<String> =
        name.iter_rdn().map(|part| part.iter().map(attribute).collect::<Vec<_>>().join(" + ")).collect();
    parts.join(", ")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let id = attribute.attr_type().to_id_string();
    let label = SHORT.iter().find(|(known, _)| *known == id).map_or(id.as_str(), |(_, short)| short);
    let tag = attribute.attr_value().tag().0;
    let value = match text(tag, attribute.as_slice()) {
        Some(text) => quoted(&text),
        // RFC 4514, section 2.4: what is no text is shown as it is encoded.
        None => format!("#{}", crate::inspect::hex(attribute.as_slice())),
    };
    format!("{label}={value}")
}

fn text(tag: u32, bytes: &[u8]) -> Option<String> {
    match tag {
        BMP_STRING => {
            let units: Vec<u16> = bytes
                .chunks(2)
                .map(|pair| <[u8; 2]>::try_from(pair).map(u16::from_be_bytes))
                .collect::<Result<_, _>>()
                .ok()?;
            String::from_utf16(&units).ok()
        }
        UNIVERSAL_STRING => bytes
            .chunks(4)
            .map(|unit| char::from_u32(u32::from_be_bytes(<[u8; 4]>::try_from(unit).ok()?)))
            .collect(),
        // In practice Latin-1, whatever the standard says.
        TELETEX_STRING => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        tag if TEXTS.contains(&tag) => String::from_utf8(bytes.to_vec()).ok(),
        _ => None,
    }
}

/// RFC 4514, section 2.4.
fn quoted(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::new();
    for (at, letter) in value.chars().enumerate() {
        let special = matches!(letter, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=')
            || (at == 0 && matches!(letter, '#' | ' '))
            || (at == last && letter == ' ');
        if special {
            out.push('\\');
        }
        out.push(letter);
    }
    escaped(&out)
}

/// Names are whatever somebody typed: a line break, an escape sequence or a mark that turns the writing direction round
/// must not reach a log or a terminal.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_control() || is_unseen(letter) {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(letter)));
        } else {
            out.push(letter);
        }
    }
    out
}

/// Characters that take no room or change the order of others.
fn is_unseen(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::FromDer as _;

    /// A name of one attribute a part, given as object identifier bytes, string tag and value.
    fn encoded(parts: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
        let wrap = |tag: u8, inside: &[u8]| {
            let mut out = vec![tag, u8::try_from(inside.len()).expect("short")];
            out.extend_from_slice(inside);
            out
        };
        let parts: Vec<u8> = parts
            .iter()
            .flat_map(|(id, tag, value)| {
                let pair = [wrap(0x06, id), wrap(*tag, value)].concat();
                wrap(0x31, &wrap(0x30, &pair))
            })
            .collect();
        wrap(0x30, &parts)
    }

    #[test]
    fn names_are_one_line_and_unambiguous() {
        const COMMON: &[u8] = &[0x55, 4, 3];
        const ORGANISATION: &[u8] = &[0x55, 4, 10];
        let long = "é".repeat(3);
        for (parts, expected) in [
            (vec![(COMMON, 12, b"a, O=b".as_slice())], "CN=a\\, O\\=b"),
            (vec![(COMMON, 12, b"a".as_slice()), (ORGANISATION, 19, b"b")], "CN=a, O=b"),
            (vec![(COMMON, 12, b" #a ".as_slice())], "CN=\\ #a\\ "),
            (vec![(COMMON, 12, b"#a\\b\"".as_slice())], "CN=\\#a\\\\b\\\""),
            (vec![(COMMON, 12, b"a\n\x1b[2J\0".as_slice())], "CN=a\\u{a}\\u{1b}[2J\\u{0}"),
            (vec![(COMMON, 12, "a\u{202e}b\u{200b}".as_bytes())], "CN=a\\u{202e}b\\u{200b}"),
            (vec![(COMMON, 30, &[0, b'a', 0x20, 0xac])], "CN=a€"),
            (vec![(COMMON, 20, &[b'a', 0xe9])], "CN=aé"),
            (vec![(COMMON, 4, &[1, 0xff])], "CN=#01FF"),
            (vec![(COMMON, 12, long.as_bytes())], "CN=ééé"),
            (vec![(&[0x2a, 3], 12, b"x".as_slice())], "1.2.3=x"),
            (vec![], ""),
        ] {
            let bytes = encoded(&parts);
            let (_, name) = X509Name::from_der(&bytes).unwrap_or_else(|error| panic!("{expected}: {error}"));
            assert_eq!(shown(&name), expected);
        }
    }
}
