//! A run to a file and back: as it was, or refused as a whole.

use contracts::{Payload, WholeRun};
use footbridge_store::conformance::{extend, run_id};
use footbridge_store::{read_export, write_export};
use model::{Code, Value};
use proptest::prelude::*;

fn written(whole: &WholeRun) -> Vec<u8> {
    let mut file = Vec::new();
    let bytes = write_export(whole, &mut file).expect("memory takes everything");
    assert_eq!(bytes, file.len() as u64);
    file
}

fn whole(payloads: &[&[u8]], values: Vec<Value>) -> WholeRun {
    let payloads = payloads.iter().map(|bytes| Payload(bytes.to_vec())).collect();
    WholeRun { run: run_id(7), payloads, records: extend(&[], values) }
}

fn small() -> WholeRun {
    let values = vec![Value::text("Zürich \u{0} \"x\"\n"), Value::Float(0.1), Value::Secret("client".into())];
    whole(&[br#"{"id":"w"}"#, b"\x89PNG\xff"], values)
}

#[test]
fn no_byte_can_be_changed_added_or_left_out() {
    let file = written(&small());
    assert_eq!(read_export(&file[..]), Ok(small()));
    for at in 0..file.len() {
        for other in [file[at] ^ 1, file[at] ^ 0x20, b' ', b'\n', 0xff] {
            let mut changed = file.clone();
            changed[at] = other;
            if changed != file {
                let failure = read_export(&changed[..]).expect_err("a byte was changed");
                assert_eq!(failure.code, Code::ExportFile, "byte {at} became {other}");
            }
        }
        assert!(read_export(&file[..at]).is_err(), "cut at {at}");
        assert!(read_export(&[&file[..at], b" ", &file[at..]].concat()[..]).is_err(), "longer at {at}");
        assert!(read_export(&[&file[..at], &file[at + 1..]].concat()[..]).is_err(), "shorter at {at}");
    }
    assert!(read_export(&[&file[..], b"\n"].concat()[..]).is_err(), "longer at its end");
    let windows = String::from_utf8(file).expect("JSON").replace('\n', "\r\n");
    assert!(read_export(windows.as_bytes()).is_err(), "other ends of lines");
}

#[test]
fn what_is_wrong_is_said() {
    let file = String::from_utf8(written(&small())).expect("JSON");
    let lines: Vec<&str> = file.split_inclusive('\n').collect();
    for (text, part) in [
        (String::new(), "ends at line 1, where a header is missing"),
        ("PK\u{3}\u{4}\n".to_owned(), "does not begin as an export"),
        (file.replacen("run export", "tax return", 1), "it holds 'tax return', not a run"),
        (file.replacen("\"format\":1", "\"format\":2", 1), "format 2, and this footbridge knows 1"),
        (file.replacen("\"version\":1", "\"version\":9", 1), "line 4 has a record of version 9"),
        (
            file.replacen("\"type\":\"pin_set\"", "\"type\":\"sung\"", 1),
            "line 4 is no record that this footbridge knows",
        ),
        (lines[..lines.len() - 1].concat(), "where a last line is missing"),
        (lines[..4].concat(), "where a record is missing"),
        (file.replace("Z\u{fc}rich", "Zuerich"), "its last line does not fit"),
        (file.replacen("\"id\\\"", "\"ID\\\"", 1), "is something else"),
    ] {
        let failure = read_export(text.as_bytes()).expect_err(part);
        assert_eq!(failure.code, Code::ExportFile);
        assert!(failure.message.contains(part), "{part}: {}", failure.message);
    }
}

proptest! {
    #[test]
    fn any_run_comes_back_as_it_was(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..4),
        texts in prop::collection::vec(any::<String>(), 0..4),
        numbers in prop::collection::vec(any::<f64>().prop_filter("JSON has none", |one| one.is_finite()), 0..4),
    ) {
        let payloads: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        let values = texts.into_iter().map(Value::Text).chain(numbers.into_iter().map(Value::Float));
        let whole = whole(&payloads, values.collect());
        let read = read_export(&written(&whole)[..]).expect("it was just written");
        prop_assert_eq!(model::event::first_break(&read.records), None);
        prop_assert_eq!(read, whole);
    }

    #[test]
    fn any_bytes_end_in_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read_export(&bytes[..]).is_err());
    }
}
