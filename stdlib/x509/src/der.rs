//! Whether bytes are one DER element in its only right form: every length and number as short as it can be, nothing left over.

/// How deep elements may nest; certificates need about ten.
const DEPTH_MAX: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Exactly one element.
    One,
    /// One element, and so many bytes after it.
    Rest(usize),
    /// The outer element announces so many bytes more than there are.
    Cut(usize),
    /// Lengths, numbers or truth values that take another form than the shortest one.
    NotMinimal,
    /// No element, or one that holds something else than elements.
    Broken,
}

/// Looks at the first element of `bytes` and everything inside it.
pub(crate) fn shape(bytes: &[u8]) -> Shape {
    let Some(outer) = header(bytes) else { return Shape::Broken };
    if outer.form == LengthForm::Open {
        return Shape::NotMinimal;
    }
    if let Some(missing) = outer.end.checked_sub(bytes.len()).filter(|missing| *missing > 0) {
        return Shape::Cut(missing);
    }
    match judge(&bytes[..outer.end], 0) {
        Some(true) if outer.end == bytes.len() => Shape::One,
        Some(true) => Shape::Rest(bytes.len() - outer.end),
        Some(false) => Shape::NotMinimal,
        None => Shape::Broken,
    }
}

/// One element, its header read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
    /// Header included.
    pub(crate) length: usize,
}

/// The element at the start, whatever the form of its length; an open one reaches to the end of the bytes.
pub(crate) fn first(bytes: &[u8]) -> Option<Element<'_>> {
    let header = header(bytes)?;
    let end = header.end.min(bytes.len());
    Some(Element { tag: header.tag, contents: bytes.get(header.length..end)?, length: end })
}

/// The first few elements one after the other; it ends where one cannot be read.
pub(crate) fn elements(mut bytes: &[u8]) -> Vec<Element<'_>> {
    const MANY: usize = 16;
    let mut found = Vec::new();
    while found.len() < MANY {
        let Some(element) = first(bytes) else { break };
        bytes = &bytes[element.length..];
        found.push(element);
    }
    found
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LengthForm {
    Short,
    Long,
    /// More bytes than the number needs.
    Padded,
    /// BER's length that is not told beforehand.
    Open,
}

#[derive(Clone, Copy, Debug)]
struct Header {
    tag: u8,
    length: usize,
    /// Of the whole element; may lie behind the bytes there are.
    end: usize,
    form: LengthForm,
}

fn header(bytes: &[u8]) -> Option<Header> {
    let (&tag, rest) = bytes.split_first()?;
    // Tags of more than one byte do not occur in certificates.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    if first < 0x80 {
        return Some(Header { tag, length: 2, end: 2 + usize::from(first), form: LengthForm::Short });
    }
    let count = usize::from(first & 0x7f);
    if count == 0 {
        return Some(Header { tag, length: 2, end: bytes.len(), form: LengthForm::Open });
    }
    // More than four bytes is no certificate.
    if count > 4 || rest.len() < count {
        return None;
    }
    let inside = rest[..count].iter().fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
    let form = if rest[0] == 0 || inside < 0x80 { LengthForm::Padded } else { LengthForm::Long };
    Some(Header { tag, length: 2 + count, end: (2 + count).checked_add(inside)?, form })
}

/// Whether an element and all inside it take the shortest form; `None` where it is broken.
fn judge(element: &[u8], depth: usize) -> Option<bool> {
    if depth > DEPTH_MAX {
        return None;
    }
    let header = header(element)?;
    if header.form == LengthForm::Open {
        return Some(false);
    }
    let mut inside = element.get(header.length..header.end)?;
    let mut minimal = header.form != LengthForm::Padded;
    if header.tag & 0x20 != 0 {
        while !inside.is_empty() {
            let end = self::header(inside)?.end;
            minimal &= judge(inside.get(..end)?, depth + 1)?;
            inside = &inside[end..];
        }
    } else if header.tag == 0x02 {
        minimal &= match inside {
            [] => return None,
            [0, second, ..] => *second >= 0x80,
            [0xff, second, ..] => *second < 0x80,
            _ => true,
        };
    } else if header.tag == 0x01 {
        minimal &= matches!(inside, [0 | 0xff]);
    }
    Some(minimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (bytes, expected) in [
            (&[0x02, 0x01, 0x05][..], Shape::One),
            (&[0x30, 0x03, 0x02, 0x01, 0x05], Shape::One),
            (&[0x02, 0x01, 0x05, 0x00], Shape::Rest(1)),
            (&[0x30, 0x81, 0x03, 0x02, 0x01, 0x05], Shape::NotMinimal),
            (&[0x30, 0x04, 0x02, 0x02, 0x00, 0x05], Shape::NotMinimal),
            (&[0x30, 0x04, 0x02, 0x02, 0xff, 0x85], Shape::NotMinimal),
            (&[0x30, 0x04, 0x02, 0x02, 0x00, 0x85], Shape::One),
            (&[0x01, 0x01, 0x01], Shape::NotMinimal),
            (&[0x30, 0x80, 0x00, 0x00], Shape::NotMinimal),
            (&[0x30, 0x04, 0x02, 0x01, 0x05], Shape::Cut(1)),
            (&[0x30, 0x03, 0x02, 0x02, 0x05], Shape::Broken),
            (&[0x02, 0x00], Shape::Broken),
            (&[], Shape::Broken),
        ] {
            assert_eq!(shape(bytes), expected, "{bytes:02x?}");
        }
        let nested: Vec<u8> = (0..60_u8).rev().flat_map(|left| [0x30, left * 2]).collect();
        assert_eq!(shape(&nested), Shape::Broken);
    }

    #[test]
    fn elements_in_a_row() {
        let found = elements(&[0x02, 0x01, 0x05, 0x04, 0x00, 0x30]);
        assert_eq!(
            found.iter().map(|one| (one.tag, one.contents)).collect::<Vec<_>>(),
            [(0x02, &[0x05][..]), (0x04, &[][..])]
        );
    }
}
