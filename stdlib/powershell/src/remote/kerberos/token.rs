//! From a token of GSS-API to the two pieces that Windows keeps: a signature, and data as long as the message.
//!
//! A token of RFC 4121 is a header of 16 bytes and a payload: a confounder of 16 bytes, the sealed message, and a trailer
//! (a sealed copy of the header, and a checksum). The payload may be rotated to the right, by a count that the header names
//! and nothing protects. Windows wants the trailer in front, so that the message's own bytes end the token.

const HEADER: usize = 16;
const CONFOUNDER: usize = 16;
/// The sealed copy of the header; the checksum's length depends on the encryption.
const COPY: usize = 16;

/// RFC 4121, 4.2.6.2: a token of `Wrap`.
const WRAP: [u8; 2] = [0x05, 0x04];
/// RFC 4121, 4.2.2: the message is sealed, not only signed.
const SEALED: u8 = 0x02;
/// Where the header says by how many bytes the payload is rotated, most significant first.
const ROTATION: std::ops::Range<usize> = 6..8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    /// RC4 and DES have other tokens.
    #[error("the ticket's encryption is older than AES")]
    Old,
    #[error("the message is signed and not sealed")]
    Open,
    #[error("the sealed message is shorter than it can be")]
    Short,
}

/// Splits a token that seals a message of `length` bytes. Signature and data, one after the other, are a token again.
pub(super) fn split(mut token: Vec<u8>, length: usize) -> Result<(Vec<u8>, Vec<u8>), TokenError> {
    if token.get(..2) != Some(&WRAP) {
        return Err(TokenError::Old);
    }
    if token.get(2).is_none_or(|flags| flags & SEALED == 0) {
        return Err(TokenError::Open);
    }
    let signature = token.len().checked_sub(length).ok_or(TokenError::Short)?;
    let trailer = signature.checked_sub(HEADER + CONFOUNDER).ok_or(TokenError::Short)?;
    let rotation = u16::try_from(trailer).map_err(|_| TokenError::Short)?;
    if trailer < COPY {
        return Err(TokenError::Short);
    }
    let (header, payload) = token.split_at_mut(HEADER);
    let so_far = usize::from(u16::from_be_bytes([header[ROTATION.start], header[ROTATION.start + 1]]));
    let count = payload.len();
    payload.rotate_left(so_far % count);
    payload.rotate_right(trailer);
    header[ROTATION].copy_from_slice(&rotation.to_be_bytes());
    let data = token.split_off(signature);
    Ok((token, data))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A token with a checksum of 12 bytes, rotated by `rotation`.
    fn token(message: &[u8], rotation: u16) -> Vec<u8> {
        let mut payload = [&[b'c'; CONFOUNDER][..], message, &[b'h'; COPY], &[b's'; 12]].concat();
        let count = payload.len();
        payload.rotate_right(usize::from(rotation) % count);
        let [high, low] = rotation.to_be_bytes();
        let header = [0x05, 0x04, 0x02, 0xff, 0, 0, high, low, 0, 0, 0, 0, 0, 0, 0, 1];
        [&header[..], &payload].concat()
    }

    #[test]
    fn the_trailer_comes_to_the_front() {
        let (signature, data) = split(token(b"message", 0), 7).expect("it is whole");
        assert_eq!(signature.len(), 60);
        assert_eq!(signature[ROTATION], [0, 28]);
        assert_eq!(&signature[HEADER..], b"hhhhhhhhhhhhhhhhsssssssssssscccccccccccccccc");
        assert_eq!(data, b"message");
    }

    #[test]
    fn other_tokens_are_refused() {
        let mut signed = token(b"message", 0);
        signed[2] = 0;
        assert_eq!(split(signed, 7), Err(TokenError::Open));
        assert_eq!(split(vec![0x60, 0x2b, 0x06, 0x09], 1), Err(TokenError::Old));
        assert_eq!(split(Vec::new(), 0), Err(TokenError::Old));
        assert_eq!(split(token(b"", 0), 17), Err(TokenError::Short));
        assert_eq!(split(token(b"", 0)[..HEADER + CONFOUNDER].to_vec(), 0), Err(TokenError::Short));
    }

    proptest! {
        #[test]
        fn any_rotation_ends_the_same(message: Vec<u8>, rotation: u16) {
            let length = message.len();
            prop_assert_eq!(split(token(&message, rotation), length), split(token(&message, 0), length));
            let (signature, data) = split(token(&message, rotation), length).expect("it is whole");
            prop_assert_eq!(&data, &message);
            let again = [signature, data].concat();
            let mut payload = again[HEADER..].to_vec();
            payload.rotate_left(28);
            prop_assert_eq!(&payload[..], &token(&message, 0)[HEADER..]);
        }

        #[test]
        fn no_bytes_upset_it(bytes: Vec<u8>, length: usize) {
            let _ = split(bytes.clone(), length % 64);
            let _ = split([&[0x05, 0x04, 0x02][..], &bytes].concat(), length % 64);
        }
    }
}
