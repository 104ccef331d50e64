//! The scanner against every form and shape, written by other means than its own.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::*;

/// With every kind of letter that some form writes differently.
const SECRET: &str = "q8 \"Zür&ich\"/<never>+to'be~seen?";

fn scanner() -> Scanner {
    Scanner::new([("graph.secret", SECRET), ("short", "abc")])
}

fn forms_in(bytes: &[u8]) -> Vec<Form> {
    let scanned = scanner().scan_bytes(bytes);
    assert!(scanned.hits.iter().all(|hit| hit.what == What::Value("graph.secret".into())), "{scanned:?}");
    scanned.hits.into_iter().map(|hit| hit.form).collect()
}

/// Written by other means than the scanner's own, and with something around it.
#[test]
fn a_value_is_found_in_every_form_it_may_take() {
    let percent: String =
        SECRET
            .bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
    let percent = percent.replace("%7E", "~");
    let hex = SECRET.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let utf16: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let value = serde_json::json!({ "note": SECRET });
    let command: Vec<u8> = format!("$x = '{SECRET}'").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, expected) in [
        (SECRET.as_bytes().to_vec(), Form::Plain),
        (STANDARD.encode(SECRET).into_bytes(), Form::Base64),
        (STANDARD.encode(format!("admin@contoso.com:{SECRET}")).into_bytes(), Form::Base64),
        (STANDARD.encode(format!("ab:{SECRET}\n")).into_bytes(), Form::Base64),
        (URL_SAFE.encode(format!("xy{SECRET}")).into_bytes(), Form::Base64Url),
        (hex.clone().into_bytes(), Form::Hex),
        (hex.to_uppercase().into_bytes(), Form::Hex),
        (percent.clone().into_bytes(), Form::Percent),
        (percent.to_lowercase().replace("z%c3", "Z%c3").into_bytes(), Form::Percent),
        (percent.replace("%20", "+").into_bytes(), Form::Percent),
        (value.to_string().into_bytes(), Form::Json),
        (br#"q8 \"Z\u00fcr&ich\"/<never>+to'be~seen?"#.to_vec(), Form::Json),
        ("q8 &quot;Zür&amp;ich&quot;/&lt;never&gt;+to&#39;be~seen?".into(), Form::Xml),
        ("q8 &quot;Zür&amp;ich&quot;/&lt;never&gt;+to'be~seen?".into(), Form::Xml),
        (utf16, Form::Utf16),
        (STANDARD.encode(command).into_bytes(), Form::Base64Utf16),
    ] {
        for around in [&b""[..], b"\x00\xffxyz"] {
            let whole = [around, &bytes, around].concat();
            let found = forms_in(&whole);
            assert!(
                found.contains(&expected),
                "{expected:?} in {:?}: {found:?}",
                String::from_utf8_lossy(&whole)
            );
        }
    }
    assert_eq!(forms_in(b"q8 abc Zuerich, and nothing else"), []);
}

#[test]
fn a_finding_says_where_and_never_what() {
    let text = format!("note: {SECRET}; password=hunter2-hunter2");
    let scanned = scanner().scan_bytes(text.as_bytes());
    let told = format!("{scanned:?}");
    assert!(!told.contains("never") && !told.contains("hunter2"), "{told}");
    let [value, password] = &scanned.hits[..] else { panic!("{told}") };
    assert_eq!((value.offset, value.length, &value.fingerprint), (6, SECRET.len(), &None));
    assert_eq!((&password.what, password.length), (&What::Shape(Shape::Password), 15));
    assert_eq!(password.fingerprint, None, "whoever can guess a password can check the guess");
    let key = "-----BEGIN PRIVATE KEY-----";
    let hits = scanner().scan_bytes(format!("{key} {key}").as_bytes()).hits;
    assert_eq!(hits.len(), 2);
    assert!(hits[0].fingerprint.is_some() && hits[0].fingerprint == hits[1].fingerprint);
    let in_base64 = STANDARD.encode(format!("x{key}\nMIIE"));
    assert_eq!(scanner().scan_bytes(in_base64.as_bytes()).hits[0].what, What::Shape(Shape::PemPrivateKey));
}

/// A source that gives a few bytes at a time.
struct Slow<'b>(&'b [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.0.len()).min(65_537);
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

#[test]
fn nothing_is_lost_or_told_twice_where_windows_meet() {
    let scanner = scanner();
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln";
    let mut bytes = vec![b'.'; 3 * WINDOW + 1000];
    let edge = WINDOW as u64;
    let mut places = Vec::new();
    for round in 1..=3 {
        for near in [-40_i64, -1, 0, 1] {
            let at = usize::try_from((edge * round) as i64 + near * 64).expect("inside");
            let planted = if near % 2 == 0 { SECRET } else { token };
            bytes[at..at + planted.len()].copy_from_slice(planted.as_bytes());
            places.push(at as u64);
        }
    }
    // Right across the place where the first window is cut.
    let cut = WINDOW - 20;
    bytes[cut..cut + SECRET.len()].copy_from_slice(SECRET.as_bytes());
    places.retain(|at| !(WINDOW as u64 - 100..WINDOW as u64 + 40).contains(at));
    places.push(cut as u64);
    places.sort_unstable();
    let whole = scanner.scan_bytes(&bytes);
    let streamed = scanner.scan(Slow(&bytes)).expect("memory can be read");
    assert_eq!(streamed, whole);
    let found: Vec<u64> = streamed.hits.iter().map(|hit| hit.offset).collect();
    for place in &places {
        assert!(found.contains(place), "{place} of {found:?}");
    }
    assert_eq!(streamed.bytes, bytes.len() as u64);
}
