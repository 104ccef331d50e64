//! `_xHHHH_`: how CLIXML carries UTF-16 code units that XML cannot, or that it would change.

use std::borrow::Cow;

/// Resolves the escapes. Two that are the halves of one character become it; a half alone becomes U+FFFD.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains("_x") {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(unit) = unit_at(rest) else {
            decoded.push_str("_x");
            rest = &rest[2..];
            continue;
        };
        rest = &rest[ESCAPE_LENGTH..];
        match unit {
            0xD800..=0xDBFF => match unit_at(rest).filter(|low| (0xDC00..=0xDFFF).contains(low)) {
                Some(low) => {
                    rest = &rest[ESCAPE_LENGTH..];
                    let point = 0x10000 + ((u32::from(unit) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
                    decoded.push(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                None => decoded.push(char::REPLACEMENT_CHARACTER),
            },
            unit => decoded.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// Escapes what PowerShell escapes, then what XML asks for.
pub(super) fn encode(text: &str, into: &mut String) {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '_' if matches!(characters.peek(), Some('x' | 'X')) => push_unit(into, u16::from(b'_')),
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{10000}'.. | '\u{fffe}' | '\u{ffff}' => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    push_unit(into, *unit);
                }
            }
            _ => into.push(character),
        }
    }
}

const ESCAPE_LENGTH: usize = "_x0000_".len();

/// The code unit of an escape that `text` begins with.
fn unit_at(text: &str) -> Option<u16> {
    let bytes = text.as_bytes().get(..ESCAPE_LENGTH)?;
    let digits = &bytes[2..6];
    if bytes[0] != b'_' || bytes[1] != b'x' || bytes[6] != b'_' || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn push_unit(into: &mut String, unit: u16) {
    into.push_str(&format!("_x{unit:04X}_"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved() {
        for (wire, text) in [
            ("plain", "plain"),
            ("a_x000D__x000A_b", "a\r\nb"),
            ("_x005F_x000A_", "_x000A_"),
            ("_xD83D__xDE00_", "\u{1f600}"),
            ("_xd83d__xde00_", "\u{1f600}"),
            ("_xD83D_ alone", "\u{fffd} alone"),
            ("_xDE00__xD83D_", "\u{fffd}\u{fffd}"),
            ("_x00", "_x00"),
            ("_x00g0_", "_x00g0_"),
            ("_x_x0041_", "_xA"),
            ("_xäöü_", "_xäöü_"),
            ("_", "_"),
        ] {
            assert_eq!(decode(wire), text, "{wire}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in
            ["", "_x000A_", "_X0041_", "__x", "tab\tnul\0", "\u{1f600}\u{85}\u{ffff}", "<&>\"'", "_xD83D_"]
        {
            let mut wire = String::new();
            encode(text, &mut wire);
            let plain =
                wire.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
            assert_eq!(decode(&plain), text, "{wire}");
        }
    }
}
