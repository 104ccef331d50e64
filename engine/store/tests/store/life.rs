//! A store's life: made, closed, opened again, held by one, unfinished, and left by a crash.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use contracts::{Durability, Journal};
use footbridge_store::SledJournal;
use footbridge_store::conformance::{chain, extend, run_id};
use model::{Code, Digest, Value};

use crate::bench::{Folders, append, contents, open};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_appended_is_there_after_reopening() {
    let folders = Folders::default();
    let dir = folders.new_one();
    let large = Value::text("x".repeat(50_000));
    let mut records = chain(40);
    records.extend(extend(&records, [large]));
    let digest = Digest::of_bytes(b"pinned");
    for part in [&records[..1], &records[1..30], &records[30..]] {
        let journal = open(&dir);
        append(&journal, run_id(7), part).await;
        assert_eq!(journal.put(b"pinned".to_vec()).await, Ok(digest));
    }
    let journal = open(&dir);
    assert_eq!(journal.read(run_id(7), 0).await, Ok(records));
    assert_eq!(journal.list().await, Ok(vec![run_id(7)]));
    assert_eq!(journal.get(digest).await, Ok(Some(b"pinned".to_vec())));
}

#[tokio::test(flavor = "multi_thread")]
async fn lazy_records_are_taken_to_disk_on_closing() {
    let folders = Folders::default();
    let dir = folders.new_one();
    let journal = open(&dir);
    journal.append(run_id(1), chain(3), Durability::Lazy).await.expect("accepted");
    drop(journal);
    assert_eq!(open(&dir).read(run_id(1), 0).await, Ok(chain(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_caller_went_away_is_whole_or_absent() {
    let folders = Folders::default();
    let dir = folders.new_one();
    let journal = Arc::new(open(&dir));
    let mut appenders = tokio::task::JoinSet::new();
    for number in 0..50 {
        let journal = Arc::clone(&journal);
        appenders.spawn(async move { journal.append(run_id(number), chain(20), Durability::Awaited).await });
    }
    appenders.join_next().await;
    appenders.shutdown().await;
    drop(journal);
    let journal = open(&dir);
    let runs = journal.list().await.expect("listed");
    assert!(!runs.is_empty());
    for run in runs {
        assert_eq!(journal.read(run, 0).await, Ok(chain(20)), "all of a batch or nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_store_names_its_holder() {
    let folders = Folders::default();
    let dir = folders.new_one();
    let journal = open(&dir);
    append(&journal, run_id(1), &chain(1)).await;
    for patience in [Duration::ZERO, Duration::from_millis(50)] {
        let error = SledJournal::open_waiting(&dir, patience).expect_err("held");
        assert_eq!(error.code, Code::StoreHeld);
        assert!(error.message.contains(&format!("process {}", std::process::id())), "{}", error.message);
    }
    append(&journal, run_id(1), &extend(&chain(1), [Value::Null])).await;
    drop(journal);
    let journal = SledJournal::open_waiting(&dir, Duration::ZERO).expect("let go of");
    assert_eq!(journal.read(run_id(1), 0).await.map(|records| records.len()), Ok(2));
}

#[test]
fn whoever_waits_gets_a_store_that_is_let_go_of() {
    let folders = Folders::default();
    let dir = folders.new_one();
    let journal = open(&dir);
    let waiting = {
        let dir = dir.clone();
        std::thread::spawn(move || SledJournal::open_waiting(&dir, Duration::from_mins(10)).map(drop))
    };
    drop(journal);
    waiting.join().expect("no panic").expect("opened once it was free");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_snapshot_is_not_taken_for_the_newest() {
    let folders = Folders::default();
    let dir = folders.new_one();
    append(&open(&dir), run_id(1), &chain(30)).await;
    let torn = dir.join("journal").join("snap.7FFFFFFFFFFFFFFF.generating");
    fs::write(&torn, b"torn").expect("written");
    let journal = open(&dir);
    assert_eq!(journal.read(run_id(1), 0).await, Ok(chain(30)));
    assert!(!torn.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_making_was_cut_short_is_made_anew() {
    let marker = "footbridge store 1\n";
    for (unfinished, settings) in [("", None), (marker, None), (marker, Some("")), (marker, Some("torn"))] {
        let folders = Folders::default();
        let dir = folders.new_one();
        fs::create_dir_all(dir.join("journal")).expect("made");
        fs::write(dir.join("lock"), "").expect("written");
        fs::write(dir.join("FORMAT.new"), unfinished).expect("written");
        match settings {
            Some(settings) => fs::write(dir.join("journal/conf"), settings).expect("written"),
            None => fs::remove_dir(dir.join("journal")).expect("removed"),
        }
        append(&open(&dir), run_id(1), &chain(2)).await;
        assert_eq!(fs::read_to_string(dir.join("FORMAT")).expect("marked"), marker);
        assert_eq!(open(&dir).read(run_id(1), 0).await, Ok(chain(2)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_payload_is_cleared_away() {
    let folders = Folders::default();
    let dir = folders.new_one();
    drop(open(&dir));
    let unfinished = dir.join("payload").join(format!("{}.0.new", Digest::of_bytes(b"whole")));
    fs::write(&unfinished, b"who").expect("written");
    let journal = open(&dir);
    assert!(!unfinished.exists());
    assert_eq!(journal.get(Digest::of_bytes(b"whole")).await, Ok(None));
}

#[test]
fn a_closed_store_holds_only_what_it_says() {
    let folders = Folders::default();
    let dir = folders.new_one();
    drop(open(&dir));
    let names: Vec<String> = contents(&dir)
        .into_keys()
        .filter(|path| path.parent() == Some(&dir))
        .map(|path| path.file_name().expect("named").to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["FORMAT", "journal", "lock", "payload", "tally"]);
}

#[cfg(unix)]
#[test]
fn others_cannot_look_into_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let folders = Folders::default();
    let dir = folders.new_one();
    drop(open(&dir));
    for folder in [dir.clone(), dir.join("journal"), dir.join("payload")] {
        let mode = fs::metadata(&folder).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
    }
}
