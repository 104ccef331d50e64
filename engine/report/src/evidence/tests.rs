//! What a forger may try on an evidence file, and what is honestly not noticed without a hash or a key.

use std::collections::BTreeMap;

use model::event::Event;
use model::value::Map;
use model::workflow::{Gate, Question};
use model::{
    Answer, Applied, Attachment, ChangeKind, Digest, Ownership, Plan, Record, RunId, Timestamp, Value,
};

use super::signature::tests::{PRIVATE, PUBLIC};
use super::{FORM, Outside, PublicKey, SigningKey, Verdict, Verified, sign, verify, write};
use crate::fixtures::{change, workflow};

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\nnot really";
const HOSTILE: &str = "</script><script>alert(1)</script><!-- & \"quoted\" 'too' \u{202e}";

type Kept = BTreeMap<Digest, Vec<u8>>;

/// A small run with all that a file can hold: a write, a form, a given picture, and notes that would like to be markup.
fn run() -> (Vec<Record>, Kept) {
    let mut flow = workflow(&[("a", &[]), ("b", &["a"])]);
    flow.steps[1].gate = Some(Gate {
        form: vec![Question {
            id: "seen".into(),
            ask: format!("Is it seen? {HOSTILE}"),
            proves: "seeing".into(),
            required: false,
        }],
        ..Gate::default()
    });
    let bytes = serde_json::to_vec(&flow).expect("json");
    let picture = Attachment::new("seen.png", PICTURE);
    let one = change("k", ChangeKind::Create, Value::Null, Value::from([("name", Value::text(HOSTILE))]));
    let plan = Plan::new(&flow, "sim", Map::new(), Vec::new());
    let step = || "a".into();
    let evidence = Map::from([("request_id".to_owned(), Value::text("b83d2b24"))]);
    let events = vec![
        Event::RunCreated {
            run: RunId::new(1_800_000_000_000, 7),
            workflow: Digest::of_bytes(&bytes),
            workflow_id: flow.id.clone(),
            version: flow.version.clone(),
            target: "sim".into(),
            params: Map::new(),
            by: "ann".into(),
            approves_later: false,
            binding: None,
        },
        Event::Approved { digest: plan.digest, by: "bob".into(), note: Some(HOSTILE.into()) },
        Event::Planned { plan },
        Event::StepReady { step: step(), with: Map::new() },
        Event::StepPlanned { step: step(), changes: vec![one], already: Map::new() },
        Event::Intent {
            step: step(),
            key: "k".into(),
            attempt: 1,
            function: "sim::make".into(),
            arguments: Map::new(),
            settle_ms: 0,
            undo: false,
        },
        Event::Outcome {
            step: step(),
            key: "k".into(),
            applied: Applied { ownership: Ownership::Ours, outcome: Value::Float(1.5), evidence },
            undo: false,
        },
        Event::StepDone { step: step(), outputs: Map::new(), left: Map::new() },
        Event::StepSkipped { step: "b".into() },
        Event::Finished { succeeded: true },
        Event::FormAnswered {
            step: "b".into(),
            question: "seen".into(),
            answer: Answer::So,
            by: "cem".into(),
            note: None,
            files: vec![picture.clone()],
        },
    ];
    let kept = Kept::from([(Digest::of_bytes(&bytes), bytes), (picture.digest, PICTURE.to_vec())]);
    (chained(events), kept)
}

fn chained(events: Vec<Event>) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for (at, event) in events.into_iter().enumerate() {
        let previous = records.last().map_or_else(Digest::default, |last| last.hash);
        let at = u32::try_from(at).expect("few events");
        records.push(Record::new(at, Timestamp(1_800_000_000_000 + u64::from(at) * 1000), previous, event));
    }
    records
}

fn file() -> (String, Digest) {
    let (records, kept) = run();
    (write(&records, &kept).expect("a whole run"), records.last().expect("records").hash)
}

fn head(hash: Digest) -> Outside {
    Outside { head: Some(hash), key: None }
}

fn key() -> Outside {
    Outside { head: None, key: Some(PublicKey::from_pem(PUBLIC).expect("a key")) }
}

#[track_caller]
fn verified(file: &str, outside: Outside) -> Verified {
    verify(file.as_bytes(), outside).expect("an evidence file")
}

#[test]
fn promise_10_a_file_stands_alone_and_says_what_vouches_for_it() {
    let (file, hash) = file();
    assert_eq!(verified(&file, head(hash)).verdict, Verdict::AuthenticatedByHead);
    let alone = verified(&file, Outside::default());
    assert_eq!(alone.verdict, Verdict::ConsistentNotAuthenticated);
    assert!(alone.text(crate::Style::Plain).ends_with("consistent, not authenticated\n"));
    let signed = sign(&file, &SigningKey::from_pem(PRIVATE).expect("a key"));
    assert_eq!(verified(&signed, key()).verdict, Verdict::AuthenticatedBySignature);
    assert_eq!(verified(&signed, head(hash)).verdict, Verdict::AuthenticatedByHead);
    let unknown = verified(&signed, Outside::default());
    assert_eq!(
        unknown.verdict,
        Verdict::ConsistentNotAuthenticated,
        "anybody can sign with a key of their own"
    );
    assert!(unknown.text(crate::Style::Plain).contains("must be known from elsewhere"));
    assert_eq!(verified(&file, key()).verdict, Verdict::Altered, "the signature was taken away");
}

#[test]
fn promise_10_an_early_head_vouches_only_for_what_came_before_it() {
    let (file, _) = file();
    let (records, _) = run();
    let early = verified(&file, head(records[2].hash));
    assert_eq!(early.verdict, Verdict::AuthenticatedInPart);
    assert_eq!((early.authenticated_records, early.records), (3, 11));
    assert!(early.text(crate::Style::Plain).contains("up to record 2 of 10"));
}

/// Every byte of the data, and of the signature; of the page, which is compared as it stands, bytes of every part.
#[test]
fn promise_10_no_byte_can_be_altered_unnoticed() {
    let (plain, hash) = file();
    let signed = sign(&plain, &SigningKey::from_pem(PRIVATE).expect("a key"));
    let data = plain.find(super::DATA_START).expect("data");
    let by_head: Vec<usize> = (0..data).step_by(23).chain(data..plain.len()).collect();
    let by_key: Vec<usize> = (0..plain.len()).step_by(31).chain(plain.len()..signed.len()).collect();
    for (file, outside, places) in
        [(plain.as_bytes(), head(hash), by_head), (signed.as_bytes(), key(), by_key)]
    {
        // A changed number of the form makes a file of another form: not called authenticated, and no success either.
        let unnoticed = |altered: &[u8]| {
            verify(altered, outside)
                .is_some_and(|one| !matches!(one.verdict, Verdict::Altered | Verdict::OtherForm))
        };
        let mut altered = file.to_vec();
        for at in places {
            let byte = file[at];
            let flips: &[u8] = if at % 5 == 0 { &[1, 0x20, 0x80] } else { &[1] };
            for flip in flips {
                altered[at] = byte ^ flip;
                assert!(!unnoticed(&altered), "byte {at} ({:?}) flipped by {flip}", char::from(byte));
            }
            altered[at] = byte;
        }
        for at in (0..file.len()).step_by(211) {
            let without = [&file[..at], &file[at + 1..]].concat();
            assert!(!unnoticed(&without), "without byte {at}");
            let with = [&file[..at], b" ", &file[at..]].concat();
            assert!(!unnoticed(&with), "with a space at {at}");
        }
        assert!(!unnoticed(&[file, b" "].concat()) && !unnoticed(&[b"\n", file].concat()));
    }
}

#[test]
fn promise_10_records_cannot_be_left_out_exchanged_or_added() {
    let (records, kept) = run();
    let last = records.last().expect("records").hash;
    let altered = |records: &[Record]| match write(records, &kept) {
        Ok(file) => verified(&file, head(last)).verdict == Verdict::Altered,
        // What is no run at all is not even written.
        Err(_) => true,
    };
    assert!(!altered(&records));
    for at in 0..records.len() {
        let mut without = records.clone();
        without.remove(at);
        assert!(altered(&without), "without record {at}");
        let mut twice = records.clone();
        twice.insert(at, records[at].clone());
        assert!(altered(&twice), "record {at} twice");
        if at > 0 {
            let mut exchanged = records.clone();
            exchanged.swap(at - 1, at);
            assert!(altered(&exchanged), "record {at} before its time");
        }
    }
    // A chain made anew from changed events holds, but has another head.
    let mut events: Vec<Event> = records.iter().map(|record| record.event.clone()).collect();
    let Event::Approved { by, .. } = &mut events[1] else { panic!("an approval") };
    *by = "mallory".into();
    let forged = chained(events);
    assert!(altered(&forged));
    let file = write(&forged, &kept).expect("a whole run");
    let verdict = verified(&file, Outside::default()).verdict;
    assert_eq!(
        verdict,
        Verdict::ConsistentNotAuthenticated,
        "without a hash nobody can tell, and it says so"
    );
}

#[test]
fn promise_10_a_given_file_cannot_be_exchanged() {
    let (records, kept) = run();
    let (file, hash) = file();
    let picture = Digest::of_bytes(PICTURE);
    let as_kept = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    // In the data and on the page alike.
    let exchanged = file.replace(&as_kept(PICTURE), &as_kept(b"\x89PNG\r\n\x1a\nnot at all"));
    assert_ne!(exchanged, file);
    let found = verified(&exchanged, head(hash));
    assert_eq!(found.verdict, Verdict::Altered);
    assert!(
        found
            .text(crate::Style::Plain)
            .contains(&format!("what is kept as {} is something else", picture.short()))
    );
    let mut more = kept.clone();
    more.insert(Digest::of_bytes(b"more"), b"more".to_vec());
    let stowaway = write(&records, &more).expect("written");
    assert_eq!(verified(&stowaway, head(hash)).verdict, Verdict::Altered);
    let mut fewer = kept;
    fewer.remove(&picture);
    let lost = write(&records, &fewer).expect("written");
    assert_eq!(verified(&lost, head(hash)).verdict, Verdict::Altered);
}

#[test]
fn promise_10_a_page_that_cannot_be_compared_is_not_called_authenticated() {
    let (file, hash) = file();
    let newer = file.replace("\"form\":1,", "\"form\":99,");
    assert_ne!(newer, file);
    assert_eq!(verified(&newer, head(hash)).verdict, Verdict::OtherForm);
    let signed = sign(&newer, &SigningKey::from_pem(PRIVATE).expect("a key"));
    assert_eq!(verified(&signed, key()).verdict, Verdict::AuthenticatedBySignature, "every byte is signed");
    assert_eq!(verify(b"<!DOCTYPE html><p>a page", Outside::default()), None);
}

/// Files of this form are in safes: were they written otherwise now, none of them would verify any more. Whoever changes
/// the page, its style, its picture or the records' JSON raises `FORM` and puts the new digest here.
#[test]
fn promise_10_the_form_is_what_its_number_says() {
    let (file, _) = file();
    let written = (FORM, Digest::of_bytes(file.as_bytes()).to_string());
    assert_eq!(written, (1, "29666abe8f6a08dfad9031c91541a260beac4eb4c374528fdfbf97e8778c1cdf".to_owned()));
}

#[test]
fn nothing_in_a_record_becomes_markup_of_the_page() {
    let (file, _) = file();
    assert_eq!(file.matches("<script").count(), 1, "the data alone");
    assert_eq!(file.matches("</script").count(), 1);
    assert!(!file.contains("<!-- &"));
    for tag in ["<html", "<main", "</main>", "<svg", "</svg>", "</html>"] {
        assert_eq!(file.matches(tag).count(), 1, "{tag}");
    }
    assert!(file.contains("default-src 'none'") || file.contains("default-src &#39;none&#39;"));
    assert!(file.contains("<img alt=\"seen.png\" src=\"data:image/png;base64,"));
}
