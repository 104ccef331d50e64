//! Sealed messages in HTTP bodies: `multipart/encrypted`, as MS-WSMV lays it out.

/// MS-WSMV fixes it, whatever the header says.
const BOUNDARY: &[u8] = b"Encrypted Boundary";

/// Longer header lines are nobody's.
const LINE_MAX: usize = 1024;

/// How a connection was signed in, which is also said beside every sealed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Kerberos,
    Negotiate,
}

impl Scheme {
    /// Its name in `Authorization` and `WWW-Authenticate`.
    #[cfg_attr(not(feature = "kerberos"), expect(dead_code, reason = "only a sign-in says it"))]
    pub(super) fn name(self) -> &'static str {
        match self {
            Scheme::Kerberos => "Kerberos",
            Scheme::Negotiate => "Negotiate",
        }
    }

    /// The `Content-Type` of a sealed body.
    pub(super) fn content_type(self) -> String {
        format!("multipart/encrypted;protocol=\"{}\";boundary=\"Encrypted Boundary\"", self.protocol())
    }

    fn protocol(self) -> &'static str {
        match self {
            Scheme::Kerberos => "application/HTTP-Kerberos-session-encrypted",
            Scheme::Negotiate => "application/HTTP-SPNEGO-session-encrypted",
        }
    }
}

/// One sealed message of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part<'b> {
    /// What it is once it is opened: `application/soap+xml;charset=UTF-8`.
    pub(super) content_type: String,
    /// The length of the open message, in bytes.
    pub(super) length: usize,
    pub(super) signature: &'b [u8],
    pub(super) data: &'b [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed answer is not laid out as one: {0}")]
pub(super) struct MultipartError(&'static str);

/// Lays out a sealed message. `part` tells of the open one.
pub(super) fn write(scheme: Scheme, part: &Part<'_>) -> Vec<u8> {
    let (protocol, kind, length) = (scheme.protocol(), &part.content_type, part.length);
    let head = format!(
        "--Encrypted Boundary\r\n\tContent-Type: {protocol}\r\n\tOriginalContent: type={kind};Length={length}\r\n\
         --Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
    );
    let signature_length = u32::try_from(part.signature.len()).expect("a signature is short");
    [
        head.as_bytes(),
        &signature_length.to_le_bytes(),
        part.signature,
        part.data,
        b"--Encrypted Boundary--\r\n",
    ]
    .concat()
}

/// Finds the sealed messages of a body. Exchange writes a space behind the dashes of a boundary, others do not; where
/// lines end and what stands between dashes and name does not matter.
pub(super) fn read(body: &[u8]) -> Result<Vec<Part<'_>>, MultipartError> {
    let (mut last, mut rest) = delimiter(body).ok_or(MultipartError("it does not begin with a boundary"))?;
    let mut parts = Vec::new();
    while !last {
        let (content_type, length);
        (content_type, length, rest) = original_content(rest)?;
        rest = octets_begin(rest)?;
        let payload;
        (payload, last, rest) = payload_and_end(rest)?;
        let (signature, data) = signature_and_data(payload)?;
        parts.push(Part { content_type, length, signature, data });
    }
    if parts.is_empty() {
        return Err(MultipartError("it holds no message"));
    }
    Ok(parts)
}

/// Reads the part that tells of a message: its kind, its length, and what follows the boundary after it.
fn original_content(mut rest: &[u8]) -> Result<(String, usize, &[u8]), MultipartError> {
    let mut told = None;
    loop {
        if let Some((last, after)) = delimiter(rest) {
            let (kind, length) = told.ok_or(MultipartError("OriginalContent is missing"))?;
            return if last {
                Err(MultipartError("the message is missing"))
            } else {
                Ok((kind, length, after))
            };
        }
        let (name, value);
        (name, value, rest) = header(rest)?;
        if name.eq_ignore_ascii_case("OriginalContent") {
            told = Some(kind_and_length(value)?);
        }
    }
}

/// `type=application/soap+xml;charset=UTF-8;Length=1640`.
fn kind_and_length(value: &str) -> Result<(String, usize), MultipartError> {
    let (mut kind, mut length) = (Vec::new(), None);
    for field in value.split(';').map(str::trim).filter(|field| !field.is_empty()) {
        match field.split_once('=') {
            Some((name, number)) if name.trim().eq_ignore_ascii_case("length") => {
                length = number.trim().parse().ok();
            }
            Some((name, value)) if name.trim().eq_ignore_ascii_case("type") => kind.insert(0, value.trim()),
            _ => kind.push(field),
        }
    }
    Ok((kind.join(";"), length.ok_or(MultipartError("OriginalContent names no length"))?))
}

/// Reads the header of the part that is the message; the message follows at once.
fn octets_begin(mut rest: &[u8]) -> Result<&[u8], MultipartError> {
    loop {
        let (name, value);
        (name, value, rest) = header(rest)?;
        let octets =
            value.get(..24).is_some_and(|kind| kind.eq_ignore_ascii_case("application/octet-stream"));
        if name.eq_ignore_ascii_case("Content-Type") && octets {
            return Ok(rest);
        }
    }
}

/// The message, whether the boundary after it is the last, and what follows.
fn payload_and_end(rest: &[u8]) -> Result<(&[u8], bool, &[u8]), MultipartError> {
    // What is sealed looks random and never holds the boundary's 18 letters by chance.
    let named = rest.windows(BOUNDARY.len()).position(|window| window == BOUNDARY);
    let named = named.ok_or(MultipartError("it ends within a message"))?;
    let spaces = rest[..named].iter().rev().take_while(|byte| **byte == b' ').count();
    let payload = rest[..named - spaces].strip_suffix(b"--");
    let payload = payload.ok_or(MultipartError("a boundary is broken"))?;
    let (last, after) = delimiter(&rest[payload.len()..]).ok_or(MultipartError("a boundary is broken"))?;
    Ok((payload, last, after))
}

/// Four bytes say how long the signature is, least significant first.
fn signature_and_data(payload: &[u8]) -> Result<(&[u8], &[u8]), MultipartError> {
    let short = MultipartError("a message is shorter than its signature");
    let (length, rest) = payload.split_first_chunk::<4>().ok_or(short)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| short)?;
    rest.split_at_checked(length).ok_or(short)
}

/// A boundary here, whether it is the last, and what follows its line.
fn delimiter(rest: &[u8]) -> Option<(bool, &[u8])> {
    let rest = rest.strip_prefix(b"\r\n").unwrap_or(rest);
    let rest = rest.strip_prefix(b"--")?.trim_ascii_start().strip_prefix(BOUNDARY)?;
    let (last, rest) = match rest.strip_prefix(b"--") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    Some((last, rest.strip_prefix(b"\r\n").unwrap_or(rest)))
}

/// A header line, and what follows it.
fn header(rest: &[u8]) -> Result<(&str, &str, &[u8]), MultipartError> {
    let end = rest.windows(2).take(LINE_MAX).position(|window| window == b"\r\n");
    let end = end.ok_or(MultipartError("a header line does not end"))?;
    let line = str::from_utf8(&rest[..end]).map_err(|_| MultipartError("a header line is no text"))?;
    let (name, value) = line.split_once(':').ok_or(MultipartError("a header line has no name"))?;
    Ok((name.trim(), value.trim(), &rest[end + 2..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part<'b>(signature: &'b [u8], data: &'b [u8]) -> Part<'b> {
        Part {
            content_type: "application/soap+xml;charset=UTF-8".into(),
            length: data.len(),
            signature,
            data,
        }
    }

    #[test]
    fn what_servers_write_is_read_with_and_without_the_space() {
        for (first, second, last) in [
            ("--Encrypted Boundary", "--Encrypted Boundary", "--Encrypted Boundary--\r\n"),
            ("-- Encrypted Boundary", "-- Encrypted Boundary", "-- Encrypted Boundary--\r\n"),
            ("\r\n-- Encrypted Boundary", "--Encrypted Boundary", "-- Encrypted Boundary--"),
        ] {
            let mut body = format!(
                "{first}\r\n\tContent-Type: application/HTTP-Kerberos-session-encrypted\r\n\
                 \tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=3\r\n\
                 {second}\r\n\tContent-Type: application/octet-stream\r\n"
            )
            .into_bytes();
            body.extend_from_slice(b"\x02\0\0\0SG-\r\n");
            body.extend_from_slice(last.as_bytes());
            assert_eq!(read(&body), Ok(vec![part(b"SG", b"-\r\n")]), "{first}");
        }
    }

    #[test]
    fn several_messages_are_read_in_order() {
        let one = write(Scheme::Kerberos, &part(b"A", b"first"));
        let two = write(Scheme::Negotiate, &part(b"BC", b""));
        let joined = [one.strip_suffix(b"--Encrypted Boundary--\r\n").expect("it ends so"), &two].concat();
        assert_eq!(read(&joined), Ok(vec![part(b"A", b"first"), part(b"BC", b"")]));
    }

    #[test]
    fn what_is_not_laid_out_so_is_refused() {
        let good = write(Scheme::Kerberos, &part(b"SIGN", b"data"));
        for end in 0..good.len() - 4 {
            assert!(read(&good[..end]).is_err(), "cut at {end}");
        }
        let broken = |from: &str, to: &str| {
            let text = String::from_utf8(good.clone()).expect("this one is text");
            assert!(text.contains(from), "{from}");
            read(text.replacen(from, to, 1).as_bytes()).is_err()
        };
        assert!(broken("Length=4", "Length=-4"));
        assert!(broken(";Length=4", ""));
        assert!(broken("OriginalContent", "Original"));
        assert!(broken("octet-stream", "xml"));
        assert!(broken("\u{4}\0\0\0", "\u{4}\0\0\u{1}"));
        assert!(read(b"<html></html>").is_err());
        assert!(read(b"--Encrypted Boundary--\r\n").is_err());
    }

    #[test]
    fn the_header_names_how_it_is_sealed() {
        for (scheme, word) in [(Scheme::Kerberos, "HTTP-Kerberos-"), (Scheme::Negotiate, "HTTP-SPNEGO-")] {
            assert!(scheme.content_type().contains(word));
            assert!(String::from_utf8_lossy(&write(scheme, &part(b"", b""))).contains(word));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(signature: Vec<u8>, data: Vec<u8>) {
            let body = write(Scheme::Kerberos, &part(&signature, &data));
            prop_assert_eq!(read(&body), Ok(vec![part(&signature, &data)]));
        }

        #[test]
        fn no_bytes_upset_it(bytes: Vec<u8>, good: Vec<u8>, at: prop::sample::Index, other: u8) {
            let _ = read(&bytes);
            let _ = read(&[b"-- Encrypted Boundary\r\n".as_slice(), &bytes].concat());
            let mut body = write(Scheme::Kerberos, &part(&good, &bytes));
            let index = at.index(body.len());
            body[index] = other;
            let _ = read(&body);
        }
    }
}
