//! Whether bytes are one DER element in its only right form: every length as short as it can be, nothing left over.

/// How deep elements may nest; certificates need about ten.
const DEPTH_MAX: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Exactly one element.
    One,
    /// One element, and so many bytes after it.
    Rest(usize),
    /// Lengths that run over the end, or take more bytes than they need.
    Broken,
}

/// Looks at the first element of `bytes` and everything inside it.
pub(crate) fn shape(bytes: &[u8]) -> Shape {
    match element(bytes, 0) {
        Some(length) if length == bytes.len() => Shape::One,
        Some(length) => Shape::Rest(bytes.len() - length),
        None => Shape::Broken,
    }
}

/// The length of the first element, header included; `None` where it is broken.
pub(crate) fn first_length(bytes: &[u8]) -> Option<usize> {
    element(bytes, 0)
}

/// The length of the element at the start, header included.
fn element(bytes: &[u8], depth: usize) -> Option<usize> {
    if depth > DEPTH_MAX {
        return None;
    }
    let (&tag, rest) = bytes.split_first()?;
    // Tags of more than one byte do not occur in certificates.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    let (header, length) = if first < 0x80 {
        (2, usize::from(first))
    } else {
        let count = usize::from(first & 0x7f);
        // No count is BER's open length; more than four bytes is no certificate.
        if count == 0 || count > 4 || rest.len() < count {
            return None;
        }
        let length = rest[..count].iter().fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
        if rest[0] == 0 || length < 0x80 {
            return None;
        }
        (2 + count, length)
    };
    let end = header.checked_add(length)?;
    let mut inside = bytes.get(header..end)?;
    if tag & 0x20 != 0 {
        while !inside.is_empty() {
            inside = &inside[element(inside, depth + 1)?..];
        }
    }
    Some(end)
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
            (&[0x30, 0x81, 0x03, 0x02, 0x01, 0x05], Shape::Broken),
            (&[0x30, 0x80, 0x00, 0x00], Shape::Broken),
            (&[0x30, 0x04, 0x02, 0x01, 0x05], Shape::Broken),
            (&[0x30, 0x03, 0x02, 0x02, 0x05], Shape::Broken),
            (&[], Shape::Broken),
        ] {
            assert_eq!(shape(bytes), expected, "{bytes:02x?}");
        }
        assert_eq!(shape(&[0x30, 0x82].repeat(100)), Shape::Broken);
    }
}
