//! What a forger may try on an evidence file, and what is honestly not noticed without a hash or a key.

use std::collections::BTreeMap;

use model::event::Event;
use model::value::Map;
use model::workflow::{Gate, Question};
use model::{
    Answer, Applied, Attachment, ChangeKind, Class, Code, Digest, Failure, Ownership, Plan, PlannedStep,
    Record, RunId, StepOutlook, Value,
};

use super::signature::tests::{PRIVATE, PUBLIC};
use super::{FORM, Outside, PublicKey, SigningKey, Verdict, Verified, sign, verify, write};
use crate::fixtures::{chained, change, workflow};

pub(super) const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\nnot really";
const HOSTILE: &str = "</script><script>alert(1)</script><!-- & \"quoted\" 'too' \u{202e}";

pub(super) type Kept = BTreeMap<Digest, Vec<u8>>;

/// A small run with all that a file can hold, and with notes that would like to be markup.
fn run() -> (Vec<Record>, Kept) {
    run_with(&|_| HOSTILE.to_owned(), 1.5)
}

/// The same, with something of a stranger's in every place where texts of strangers go: a write whose answer was lost
/// and found, a refusal, a form, a given picture, a step that failed and was skipped, a note for every act.
pub(super) fn run_with(text: &dyn Fn(&str) -> String, number: f64) -> (Vec<Record>, Kept) {
    let note = |place: &str| Some(text(place));
    let mut flow = workflow(&[("a", &[]), ("b", &["a"]), ("c", &["a"])]);
    flow.title = text("title");
    flow.source = Some(text("source"));
    flow.steps[0].title = text("step");
    flow.steps[0].script.origin = text("origin");
    flow.steps[1].gate = Some(Gate {
        form: vec![Question { id: "seen".into(), ask: text("ask"), proves: text("proves"), required: false }],
        ..Gate::default()
    });
    let bytes = serde_json::to_vec(&flow).expect("json");
    let picture = Attachment { name: text("file"), ..Attachment::new("seen.png", PICTURE) };
    let mut one =
        change("k", ChangeKind::Create, Value::Null, Value::from([("name", Value::text(text("value")))]));
    one.target = text("target");
    one.summary = Some(text("summary"));
    let planned = PlannedStep {
        step: "a".into(),
        title: text("step"),
        outlook: StepOutlook::Changes,
        changes: vec![one.clone()],
        already: Map::new(),
        script: "steps/a.rhai".into(),
        origin: text("origin"),
    };
    let plan = Plan::new(&flow, &text("place"), Map::new(), vec![planned]);
    let step = || "a".into();
    let evidence = Map::from([(format!("n{}", text("evidence name")), Value::text(text("evidence")))]);
    let failure = |place: &str| Failure::new(Code::ScriptError, Class::Bug, text(place));
    let intent = || Event::Intent {
        step: step(),
        key: "k".into(),
        attempt: 1,
        function: "sim::make".into(),
        arguments: Map::new(),
        settle_ms: 0,
        undo: false,
    };
    let events = vec![
        Event::RunCreated {
            run: RunId::new(1_800_000_000_000, 7),
            workflow: Digest::of_bytes(&bytes),
            workflow_id: flow.id.clone(),
            version: text("version"),
            target: text("place"),
            params: Map::from([("p".to_owned(), Value::text(text("parameter")))]),
            by: text("ann"),
            approves_later: false,
            binding: None,
        },
        Event::Approved { digest: plan.digest, by: text("bob"), note: note("approved") },
        Event::Planned { plan },
        Event::StepReady { step: step(), with: Map::from([("w".to_owned(), Value::text(text("input")))]) },
        Event::StepPlanned {
            step: step(),
            changes: vec![one],
            already: Map::from([(text("already"), Value::Null)]),
        },
        intent(),
        Event::NotDone { step: step(), key: "k".into(), failure: failure("refused"), undo: false },
        intent(),
        Event::Doubted { step: step(), key: "k".into(), why: text("why"), undo: false },
        Event::Outcome {
            step: step(),
            key: "k".into(),
            applied: Applied { ownership: Ownership::Ours, outcome: Value::Float(number), evidence },
            undo: false,
        },
        Event::StepDone {
            step: step(),
            outputs: Map::from([("o".to_owned(), Value::text(text("output")))]),
            left: Map::from([(text("target"), Value::from([("name", Value::text(text("left")))]))]),
        },
        Event::StepSkipped { step: "b".into() },
        Event::StepReady { step: "c".into(), with: Map::new() },
        Event::StepFailed { step: "c".into(), failure: failure("failed") },
        Event::Finished { succeeded: false },
        Event::FormAnswered {
            step: "b".into(),
            question: "seen".into(),
            answer: Answer::CannotTell(text("cannot tell")),
            by: text("cem"),
            note: note("answered"),
            files: vec![picture.clone()],
        },
    ];
    let kept = Kept::from([(Digest::of_bytes(&bytes), bytes), (picture.digest, PICTURE.to_vec())]);
    (chained(events), kept)
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
    assert_eq!((early.authenticated_records, early.records), (3, 16));
    assert!(early.text(crate::Style::Plain).contains("up to record 2 of 15"));
}

/// As little as a run can be: each of its bytes is tried.
fn smallest() -> (String, Digest) {
    let flow = workflow(&[("a", &[])]);
    let bytes = serde_json::to_vec(&flow).expect("json");
    let created = Event::RunCreated {
        run: RunId::new(1_800_000_000_000, 7),
        workflow: Digest::of_bytes(&bytes),
        workflow_id: flow.id.clone(),
        version: flow.version.clone(),
        target: "sim".into(),
        params: Map::new(),
        by: "ann".into(),
        approves_later: false,
        binding: None,
    };
    let plan = Plan::new(&flow, "sim", Map::new(), Vec::new());
    let approved = Event::Approved { digest: plan.digest, by: "bob".into(), note: None };
    let records = chained([created, Event::Planned { plan }, approved]);
    let kept = Kept::from([(Digest::of_bytes(&bytes), bytes)]);
    (write(&records, &kept).expect("a run"), records[2].hash)
}

/// No success of any kind. A changed number of the form makes a file of another form, which is none either.
#[track_caller]
fn noticed(altered: &[u8], outside: Outside, how: &str) {
    let verdict = verify(altered, outside).map(|verified| verified.verdict);
    assert!(matches!(verdict, None | Some(Verdict::Altered | Verdict::OtherForm)), "{how}: {verdict:?}");
}

#[test]
fn promise_10_no_byte_can_be_altered_unnoticed() {
    let (file, hash) = smallest();
    every_byte(&file, head(hash));
}

#[test]
fn promise_10_no_byte_of_a_signed_file_can_be_altered_unnoticed() {
    let (file, hash) = smallest();
    let signed = sign(&file, &SigningKey::from_pem(PRIVATE).expect("a key"));
    every_byte(&signed, key());
    // The signature too, where only the head is known: a file that was signed once stays as it was signed.
    for at in file.len()..signed.len() {
        let mut altered = signed.clone().into_bytes();
        altered[at] ^= 1;
        noticed(&altered, head(hash), &format!("byte {at} of a signature that is not asked for"));
    }
}

fn every_byte(file: &str, outside: Outside) {
    let file = file.as_bytes();
    let mut altered = file.to_vec();
    for at in 0..file.len() {
        // Each bit in turn; in what programs and browsers go by, several.
        let structural = b"<>\"{}[],:&;=/-\\\n ".contains(&file[at]);
        let flips = if structural { 2 } else { 1 };
        for flip in 0..flips {
            altered[at] = file[at] ^ (1 << ((at + 3 * flip) % 8));
            noticed(&altered, outside, &format!("byte {at} changed"));
        }
        altered[at] = file[at];
    }
    for at in (0..file.len()).step_by(37) {
        let (before, after) = file.split_at(at);
        noticed(before, outside, &format!("cut at {at}"));
        noticed(&[before, &after[1..]].concat(), outside, &format!("without byte {at}"));
        for inserted in [&b" "[..], b"\0", &after[..1], b"<!-- -->"] {
            noticed(&[before, inserted, after].concat(), outside, &format!("{inserted:?} put in at {at}"));
        }
    }
    for end in [&b" "[..], b"\n", b"\0", b"<p>more</p>"] {
        noticed(&[file, end].concat(), outside, "something at the end");
        noticed(&[end, file].concat(), outside, "something at the beginning");
    }
    noticed(&[file, file].concat(), outside, "twice");
}

/// A run in which more happened: not each byte, but bytes of every part.
#[test]
fn promise_10_no_part_of_a_longer_file_can_be_altered_unnoticed() {
    let (file, hash) = file();
    let mut altered = file.clone().into_bytes();
    for at in (0..file.len()).step_by(59) {
        altered[at] ^= 1 << (at % 8);
        noticed(&altered, head(hash), &format!("byte {at} changed"));
        altered[at] ^= 1 << (at % 8);
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
    let newer = file.replace(&format!("\"form\":{FORM},"), "\"form\":99,");
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
    assert_eq!(written, (2, "affd28cf56777b260059b4c958558bf0efb8d26497c96241c6274f0f12d5cc73".to_owned()));
}
