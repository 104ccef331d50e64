//! Folders that are not ours, newer, damaged or out of reach: a clear error, and nothing repaired or touched.

use std::fs;
use std::path::Path;

use contracts::{Journal, JournalError};
use footbridge_store::SledJournal;
use footbridge_store::conformance::{chain, extend, run_id};
use model::{Code, Digest, Value};

use crate::bench::{Folders, append, key, made, open, refused_untouched, tamper};

#[test]
fn a_foreign_folder_is_left_alone() {
    for (name, text) in [
        ("holiday.jpg", "x"),
        ("journal", "x"),
        ("FORMAT", ""),
        ("FORMAT", "something else"),
        ("FORMAT", "footbridge store one"),
        ("FORMAT.new", "something else"),
    ] {
        let folders = Folders::default();
        let dir = folders.new_one();
        fs::create_dir_all(&dir).expect("made");
        fs::write(dir.join(name), text).expect("written");
        let (code, message) = refused_untouched(&dir);
        assert_eq!(code, Code::StoreForeign, "{name}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_store_is_left_alone() {
    let folders = Folders::default();
    let dir = folders.new_one();
    made(&dir, run_id(1), &chain(2)).await;
    fs::write(dir.join("FORMAT"), "footbridge store 2\n").expect("written");
    let (code, message) = refused_untouched(&dir);
    assert_eq!(code, Code::StoreNewer);
    assert!(message.contains("format 2"), "{message}");
}

#[test]
fn a_path_that_cannot_be_a_folder_is_an_error() {
    let folders = Folders::default();
    let file = folders.new_one();
    fs::create_dir_all(file.parent().expect("named")).expect("made");
    fs::write(&file, "a file").expect("written");
    assert_eq!(refused_untouched(&file).0, Code::StoreForeign);
    let below = file.join("store");
    let (code, message) = refused_untouched(&below);
    assert_eq!(code, Code::StoreIo);
    assert!(message.contains(&below.display().to_string()) && message.contains("os error"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_lost_its_database_is_damaged() {
    for (name, text) in [
        ("conf", None),
        ("db", None),
        ("conf", Some(&b""[..])),
        ("db", Some(b"")),
        ("conf", Some(b"not a configuration \xff\xfe at all")),
    ] {
        let folders = Folders::default();
        let dir = folders.new_one();
        made(&dir, run_id(1), &chain(2)).await;
        let path = dir.join("journal").join(name);
        match text {
            Some(text) => fs::write(&path, text).expect("written"),
            None => fs::remove_file(&path).expect("removed"),
        }
        let before = fs::read(&path).ok();
        let error = SledJournal::open(&dir).expect_err("damaged");
        assert_eq!(error.code, Code::StoreCorrupt, "{name}: {error}");
        assert_eq!(fs::read(&path).ok(), before, "{name} is left as it was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_begun_anew_is_not_taken_for_an_empty_one() {
    let folders = Folders::default();
    let dir = folders.new_one();
    made(&dir, run_id(1), &chain(2)).await;
    fs::remove_dir_all(dir.join("journal")).expect("removed");
    tamper(&dir, |_, _| {});
    let error = SledJournal::open(&dir).expect_err("damaged");
    assert_eq!(error.code, Code::StoreCorrupt);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scribbled_data_file_never_gives_wrong_records() {
    let folders = Folders::default();
    let dir = folders.new_one();
    made(&dir, run_id(1), &chain(50)).await;
    let whole = crate::bench::contents(&dir.join("journal"));
    let data = dir.join("journal/db");
    let length = fs::read(&data).expect("readable").len();
    let used = fs::read(&data).expect("readable").iter().rposition(|byte| *byte != 0).expect("not empty");
    let mut noticed = 0;
    for step in 0..24 {
        for (path, bytes) in whole.iter().filter_map(|(path, bytes)| Some((path, bytes.as_ref()?))) {
            fs::write(path, bytes).expect("restored");
        }
        let mut bytes = fs::read(&data).expect("readable");
        let begin = step * used / 24;
        bytes[begin..length.min(begin + 64)].fill(0xA5);
        fs::write(&data, bytes).expect("scribbled");
        let result = match SledJournal::open(&dir) {
            Ok(journal) => journal.read(run_id(1), 0).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(records) => assert_eq!(records, chain(50), "scribbled at {begin}"),
            Err(error) => {
                assert_eq!(error.code, Code::StoreCorrupt, "scribbled at {begin}: {error}");
                let again = SledJournal::open(&dir).map(drop).map_err(|error| error.code);
                assert_eq!(again, Err(Code::StoreCorrupt), "a second look is no repair");
                noticed += 1;
            }
        }
    }
    assert!(noticed > 0, "some of this must have hit a record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_record_is_named_and_the_others_stay_readable() {
    let wrong_crc = |value: &[u8]| {
        let mut value = value.to_vec();
        value[5] ^= 0x20;
        value
    };
    let undecodable = |key: &[u8]| {
        let mut value = b"\x01no record".to_vec();
        value.extend_from_slice(&crc32c::crc32c_append(crc32c::crc32c(key), &value).to_le_bytes());
        value
    };
    let newer = |key: &[u8]| {
        let mut value = b"\x09later".to_vec();
        value.extend_from_slice(&crc32c::crc32c_append(crc32c::crc32c(key), &value).to_le_bytes());
        value
    };
    // As a later version might write it: whole in every respect, but for a type of event that nobody here knows.
    let later = |key: &[u8]| {
        let mut value = b"\x01".to_vec();
        value.extend(b"\x83\xa7version\x01\xa8sequence\x02\xa5event\x81\xa4type\xa4sung");
        value.extend_from_slice(&crc32c::crc32c_append(crc32c::crc32c(key), &value).to_le_bytes());
        value
    };
    let third = key(run_id(1), 2);
    check_tampered(Code::StoreCorrupt, |tree| put(tree, &third, wrong_crc(&get(tree, &third)))).await;
    check_tampered(Code::StoreCorrupt, |tree| put(tree, &third, get(tree, &third)[..4].to_vec())).await;
    check_tampered(Code::StoreCorrupt, |tree| put(tree, &third, get(tree, &key(run_id(1), 1)))).await;
    check_tampered(Code::StoreCorrupt, |tree| put(tree, &third, undecodable(&third))).await;
    check_tampered(Code::StoreCorrupt, |tree| put(tree, &third, Vec::new())).await;
    check_tampered(Code::StoreCorrupt, |tree| drop(tree.remove(&third).expect("removed"))).await;
    check_tampered(Code::StoreNewer, |tree| put(tree, &third, newer(&third))).await;
    check_tampered(Code::StoreNewer, |tree| put(tree, &third, later(&third))).await;
}

/// Changes record 2 of run 1 behind the store's back: reading it fails with the code and names it, all else is there.
async fn check_tampered(code: Code, change: impl FnOnce(&sled::Tree)) {
    let folders = Folders::default();
    let dir = folders.new_one();
    let journal = open(&dir);
    for run in [1, 2] {
        append(&journal, run_id(run), &chain(5)).await;
    }
    drop(journal);
    tamper(&dir, |_, tree| change(tree));
    let journal = open(&dir);
    let error = journal.read(run_id(1), 0).await.expect_err("damaged");
    check_named(&error, code);
    check_named(&journal.read(run_id(1), 2).await.expect_err("damaged"), code);
    assert_eq!(journal.read(run_id(1), 3).await.as_deref(), Ok(&chain(5)[3..]));
    assert_eq!(journal.read(run_id(2), 0).await, Ok(chain(5)), "other runs are not concerned");
}

fn check_named(error: &JournalError, code: Code) {
    assert_eq!(error.code, code, "{error}");
    assert!(error.message.contains("record 2") && error.message.contains(&run_id(1).to_string()), "{error}");
    assert!(error.hint.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_or_missing_payload_is_named() {
    let folders = Folders::default();
    let dir = folders.new_one();
    let journal = open(&dir);
    let records = extend(&chain(2), [Value::text("x".repeat(20_000)), Value::Null]);
    append(&journal, run_id(1), &chain(2)).await;
    append(&journal, run_id(1), &records).await;
    let kept = journal.put(b"a pinned workflow".to_vec()).await.expect("kept");
    let [record] = &files(&dir, &kept)[..] else { panic!("one record is kept as a payload") };
    for path in [dir.join("payload").join(kept.to_string()), record.into()] {
        let file = fs::File::options().write(true).open(path).expect("there");
        file.set_len(10).expect("truncated");
    }
    let before = fs::read(record).expect("there");
    assert_eq!(journal.get(kept).await.map_err(|error| error.code), Err(Code::StoreCorrupt));
    let put = journal.put(b"a pinned workflow".to_vec()).await;
    assert_eq!(put.map_err(|error| error.code), Err(Code::StoreCorrupt), "not written over silently");
    check_named(&journal.read(run_id(1), 0).await.expect_err("damaged"), Code::StoreCorrupt);
    assert_eq!(fs::read(record).expect("there"), before, "left as it was");
    fs::remove_file(record).expect("removed");
    check_named(&journal.read(run_id(1), 0).await.expect_err("missing"), Code::StoreCorrupt);
    assert_eq!(journal.read(run_id(1), 3).await.as_deref(), Ok(&records[1..]));
}

/// The payload files other than the one of that digest.
fn files(dir: &Path, other: &Digest) -> Vec<std::path::PathBuf> {
    let entries =
        fs::read_dir(dir.join("payload")).expect("listed").map(|entry| entry.expect("entry").path());
    entries.filter(|path| !path.ends_with(other.to_string())).collect()
}

fn get(tree: &sled::Tree, key: &[u8]) -> Vec<u8> {
    tree.get(key).expect("readable").expect("there").to_vec()
}

fn put(tree: &sled::Tree, key: &[u8], value: Vec<u8>) {
    tree.insert(key, value).expect("written");
}
