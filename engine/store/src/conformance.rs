//! What every journal must do, as one suite: a store of your own passes it before anyone trusts it with a run.

use std::sync::Arc;

use contracts::{Durability, Journal, JournalError};
use model::{Code, Digest, Event, Record, RunId, Timestamp, Value};
use tokio::task::JoinSet;

/// Runs every case on a journal of its own; panics, naming the rule, at the first that is broken.
///
/// `make` gives a new, empty journal each time. Needs a tokio runtime; use one with several threads, or the cases
/// about concurrent callers prove little.
pub async fn run(make: impl Fn() -> Arc<dyn Journal>) {
    unknown_things_are_empty(&*make()).await;
    records_come_back_in_order(&*make()).await;
    the_sequence_must_follow(&*make()).await;
    a_batch_is_all_or_nothing(&*make()).await;
    runs_do_not_mix(&*make()).await;
    runs_are_listed_newest_first(&*make()).await;
    lazy_records_are_there_at_once(&*make()).await;
    every_value_comes_back_as_it_was(&*make()).await;
    large_records_come_back(&*make()).await;
    payloads_are_kept_by_what_they_hold(&*make()).await;
    many_may_append_at_once(make()).await;
    of_two_for_the_same_place_one_wins(make()).await;
}

/// A chain of that many records, each holding its own number.
pub fn chain(length: u32) -> Vec<Record> {
    extend(&[], (0..length).map(|number| Value::Int(number.into())))
}

/// Records that follow those before, one for each value.
pub fn extend(before: &[Record], values: impl IntoIterator<Item = Value>) -> Vec<Record> {
    let mut previous = before.last().map_or_else(Digest::default, |last| last.hash);
    let first = before.last().map_or(0, |last| last.sequence + 1);
    let mut records = Vec::new();
    for (sequence, value) in (first..).zip(values) {
        let event = Event::PinSet { module: "exchange".into(), name: "domain_controller".into(), value };
        let record = Record::new(sequence, Timestamp(1_000 + u64::from(sequence)), previous, event);
        previous = record.hash;
        records.push(record);
    }
    records
}

/// The run made in that millisecond.
pub fn run_id(number: u64) -> RunId {
    RunId::new(number, 1)
}

async fn unknown_things_are_empty(journal: &dyn Journal) {
    assert_eq!(journal.list().await, Ok(vec![]), "a new journal has no runs");
    assert_eq!(journal.read(run_id(1), 0).await, Ok(vec![]), "an unknown run has no records");
    assert_eq!(
        journal.get(Digest::of_bytes(b"x")).await,
        Ok(None),
        "an unknown payload is none, not an error"
    );
}

async fn records_come_back_in_order(journal: &dyn Journal) {
    // More than 256, so that keys compared byte by byte in the wrong order are noticed.
    let records = chain(600);
    append(journal, run_id(1), &records[..1]).await.expect("the first record");
    append(journal, run_id(1), &records[1..300]).await.expect("a batch");
    append(journal, run_id(1), &records[300..]).await.expect("another batch");
    for from in [0, 1, 255, 256, 299, 599, 600, 601, u32::MAX] {
        let expected = records.get(from as usize..).unwrap_or_default();
        let read = journal.read(run_id(1), from).await.expect("readable");
        assert!(read == expected, "records from {from} on come back whole and in order");
    }
    assert_eq!(model::event::first_break(&journal.read(run_id(1), 0).await.expect("readable")), None);
}

async fn the_sequence_must_follow(journal: &dyn Journal) {
    let records = chain(6);
    refused(journal, run_id(1), &records[1..2], "a run begins with record 0").await;
    assert_eq!(journal.list().await, Ok(vec![]), "a refused append makes no run");
    append(journal, run_id(1), &records[..3]).await.expect("the first batch");
    refused(journal, run_id(1), &records[2..3], "a record is not written twice").await;
    refused(journal, run_id(1), &records[..1], "a run does not begin twice").await;
    refused(journal, run_id(1), &records[4..5], "no record is left out").await;
    assert_eq!(journal.read(run_id(1), 0).await.as_deref(), Ok(&records[..3]));
    append(journal, run_id(1), &records[3..]).await.expect("a refused append does not stop the run");
    assert_eq!(journal.read(run_id(1), 0).await, Ok(records));
}

async fn a_batch_is_all_or_nothing(journal: &dyn Journal) {
    let records = chain(6);
    append(journal, run_id(1), &records[..2]).await.expect("the first batch");
    let gap = [records[2].clone(), records[3].clone(), records[5].clone()];
    refused(journal, run_id(1), &gap, "a batch has no gap").await;
    let backwards = [records[2].clone(), records[4].clone(), records[3].clone()];
    refused(journal, run_id(1), &backwards, "a batch is in order").await;
    assert_eq!(
        journal.read(run_id(1), 0).await.as_deref(),
        Ok(&records[..2]),
        "nothing of a refused batch is there"
    );
}

async fn runs_do_not_mix(journal: &dyn Journal) {
    let neighbours = [0, 1, u128::MAX - 1, u128::MAX].map(|number| RunId::from_bytes(number.to_be_bytes()));
    for (length, run) in (1..).zip(neighbours) {
        append(journal, run, &chain(length)).await.expect("each run counts for itself");
    }
    for (length, run) in (1..).zip(neighbours) {
        assert_eq!(journal.read(run, 0).await, Ok(chain(length)), "a run reads its own records only");
    }
}

async fn runs_are_listed_newest_first(journal: &dyn Journal) {
    for number in [5, 1, 300, 2] {
        append(journal, run_id(number), &chain(3)).await.expect("a new run");
    }
    assert_eq!(journal.list().await, Ok([300, 5, 2, 1].map(run_id).to_vec()), "newest first, each once");
}

async fn lazy_records_are_there_at_once(journal: &dyn Journal) {
    let records = chain(4);
    for record in &records[..3] {
        let append = journal.append(run_id(1), vec![record.clone()], Durability::Lazy);
        append.await.expect("accepted");
    }
    assert_eq!(journal.read(run_id(1), 0).await.as_deref(), Ok(&records[..3]), "what was accepted is read");
    append(journal, run_id(1), &records[3..]).await.expect("an awaited append follows lazy ones");
    append(journal, run_id(1), &[]).await.expect("an empty append only awaits what was accepted before");
    append(journal, run_id(2), &[]).await.expect("also for a run that is not there");
    assert_eq!(journal.read(run_id(1), 0).await, Ok(records));
    assert_eq!(journal.list().await, Ok(vec![run_id(1)]), "an empty append makes no run");
}

async fn every_value_comes_back_as_it_was(journal: &dyn Journal) {
    let values = [
        Value::Null,
        Value::Bool(false),
        Value::Int(i64::MIN),
        Value::Int(i64::MAX),
        Value::Float(1.0),
        Value::Float(-0.1),
        Value::text(""),
        Value::text("Zürich \u{0} 🌉 \"quoted\""),
        Value::List(vec![Value::Int(1), Value::Null, Value::List(vec![])]),
        Value::from([("a", Value::Map(model::value::Map::new())), ("b", Value::Float(2.0))]),
        Value::Unknown("step.output".into()),
        Value::CannotTell("the domain controller did not answer".into()),
        Value::Secret("client".into()),
    ];
    let records = extend(&[], values);
    append(journal, run_id(1), &records).await.expect("every value can be kept");
    assert_eq!(journal.read(run_id(1), 0).await, Ok(records), "every value comes back as it was");
}

async fn large_records_come_back(journal: &dyn Journal) {
    let sizes = [1, 5_000, 6_000, 6_100, 7_000, 70_000, 3_000_000];
    let records = extend(&[], sizes.map(|size| Value::text("x".repeat(size))));
    append(journal, run_id(1), &records).await.expect("records of any size");
    assert!(journal.read(run_id(1), 0).await == Ok(records), "records of any size come back as they were");
}

async fn payloads_are_kept_by_what_they_hold(journal: &dyn Journal) {
    for bytes in [Vec::new(), b"workflow".to_vec(), vec![0; 2_000_000]] {
        for _ in 0..2 {
            assert_eq!(
                journal.put(bytes.clone()).await,
                Ok(Digest::of_bytes(&bytes)),
                "kept under its SHA-256"
            );
        }
        assert!(journal.get(Digest::of_bytes(&bytes)).await == Ok(Some(bytes)), "and given back as it was");
    }
    assert_eq!(journal.list().await, Ok(vec![]), "a payload makes no run");
}

async fn many_may_append_at_once(journal: Arc<dyn Journal>) {
    const APPENDERS: u32 = 200;
    let mut appenders = JoinSet::new();
    for number in 0..APPENDERS {
        let journal = Arc::clone(&journal);
        appenders.spawn(async move {
            for (index, record) in chain(8).into_iter().enumerate() {
                let durability = if index % 3 == 0 { Durability::Awaited } else { Durability::Lazy };
                journal.append(run_id(number.into()), vec![record], durability).await.expect("accepted");
            }
            assert_eq!(
                journal.put(b"the same for all".to_vec()).await,
                Ok(Digest::of_bytes(b"the same for all"))
            );
        });
    }
    while let Some(appender) = appenders.join_next().await {
        appender.expect("no appender is disturbed by the others");
    }
    let newest_first: Vec<RunId> = (0..APPENDERS).rev().map(|number| run_id(number.into())).collect();
    assert_eq!(journal.list().await, Ok(newest_first));
    for number in 0..APPENDERS {
        assert_eq!(
            journal.read(run_id(number.into()), 0).await,
            Ok(chain(8)),
            "every record is where it belongs"
        );
    }
}

async fn of_two_for_the_same_place_one_wins(journal: Arc<dyn Journal>) {
    for place in 0..20 {
        let before = journal.read(run_id(1), 0).await.expect("readable");
        let mut rivals = JoinSet::new();
        for rival in 0..4 {
            let journal = Arc::clone(&journal);
            let records = extend(&before, [Value::Int(rival), Value::Int(rival)]);
            rivals
                .spawn(async move { journal.append(run_id(1), records, Durability::Awaited).await.is_ok() });
        }
        let won = rivals.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1, "exactly one of several appends to the same place is accepted");
        let after = journal.read(run_id(1), 0).await.expect("readable");
        assert_eq!(after.len(), 2 * (place + 1), "and all of it is there");
        assert_eq!(model::event::first_break(&after), None, "and nothing of the others");
    }
}

async fn append(journal: &dyn Journal, run: RunId, records: &[Record]) -> Result<(), JournalError> {
    journal.append(run, records.to_vec(), Durability::Awaited).await
}

async fn refused(journal: &dyn Journal, run: RunId, records: &[Record], rule: &str) {
    let result = append(journal, run, records).await;
    assert_eq!(result.map_err(|error| error.code), Err(Code::HistoryBroken), "{rule}");
}
