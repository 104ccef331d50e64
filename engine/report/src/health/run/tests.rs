//! Each false state of a run, and the states that only resemble it.

use super::*;
use crate::doctor::Verdict;
use crate::fixtures::{change, run, workflow};
use model::value::Map;
use model::{ChangeKind, Digest, Event, Value};

const DAY: u64 = 86_400_000;

fn around(now: u64) -> Around {
    Around { live: false, now: Timestamp(now), target: Place::Simulated, secrets: Vec::new() }
}

fn live(now: u64) -> Around {
    Around { live: true, ..around(now) }
}

fn approved() -> Event {
    Event::Approved { digest: Digest::default(), by: "ann".into(), note: None }
}

fn ready() -> Event {
    Event::StepReady { step: "a".into(), with: Map::new() }
}

/// One change of step `a`, sent in record 4.
fn sent() -> Vec<Event> {
    let wanted = change("k", ChangeKind::Create, Value::Null, Value::Bool(true));
    vec![
        approved(),
        ready(),
        Event::StepPlanned { step: "a".into(), changes: vec![wanted], already: Map::new() },
        Event::Intent {
            step: "a".into(),
            key: "k".into(),
            attempt: 1,
            function: "exchange::new".into(),
            arguments: Map::new(),
            settle_ms: 0,
            undo: false,
        },
    ]
}

fn then(mut events: Vec<Event>, more: Vec<Event>) -> Vec<Event> {
    events.extend(more);
    events
}

/// What is found under that name after the events; nothing where nothing is.
fn found(events: Vec<Event>, around: &Around, name: &str) -> Option<Finding> {
    let state = run(workflow(&[("a", &[])]), events);
    judge(&state, around).into_iter().find(|found| found.name == name)
}

#[test]
fn each_false_state_is_found_with_its_mend_and_not_where_it_is_not() {
    let asked = Event::Asked { step: "a".into(), key: "k".into(), why: "neither".into(), undo: false };
    let doubted = Event::Doubted { step: "a".into(), key: "k".into(), why: "cut off".into(), undo: false };
    let waits = Event::Waits { step: "a".into(), until: Timestamp(60_000), why: "converges".into() };
    let waiting = vec![approved(), ready(), waits];
    let (so, not_so, cannot_tell) = (Verdict::So, Verdict::NotSo, Verdict::CannotTell);
    for (events, around, name, expected, mend) in [
        (vec![], around(1_000), "carried on", Some(so), ""),
        (vec![approved()], live(2_000), "carried on", Some(so), ""),
        (vec![approved()], around(2_000), "carried on", Some(not_so), "footbridge resume"),
        (waiting.clone(), live(30_000), "timer", Some(so), ""),
        (waiting.clone(), around(30_000), "timer", Some(so), "then footbridge resume"),
        (waiting.clone(), live(61_000), "timer", Some(so), ""),
        (waiting.clone(), around(61_000), "timer", Some(not_so), "footbridge resume"),
        (waiting.clone(), live(200_000), "timer", Some(not_so), "end it if it hangs"),
        (sent(), live(5_000), "write", Some(so), ""),
        (sent(), around(5_000), "in doubt", Some(cannot_tell), "sends nothing twice"),
        (then(sent(), vec![doubted.clone()]), live(6_000), "in doubt", Some(cannot_tell), "wait"),
        (then(sent(), vec![doubted]), around(6_000), "in doubt", Some(cannot_tell), "footbridge resume"),
        (then(sent(), vec![asked]), live(6_000), "in doubt", Some(cannot_tell), "--done, --retry or --abort"),
        (vec![], around(1_000), "approval", Some(so), ""),
        (vec![], around(3 * DAY), "approval", Some(not_so), "footbridge approve"),
        (vec![approved()], live(3 * DAY), "approval", None, ""),
        (vec![approved()], live(1_000), "clock", Some(so), ""),
        (waiting, live(0), "clock", Some(so), ""),
        (then(sent(), sent_noise(10)), live(0), "clock", Some(not_so), "set the clock right"),
        (vec![], around(1_000), "undo", None, ""),
    ] {
        let finding = found(events.clone(), &around, name);
        assert_eq!(finding.as_ref().map(|found| found.verdict), expected, "{name} {events:?}: {finding:?}");
        let told = finding.and_then(|found| found.mend).unwrap_or_default();
        assert!(told.contains(mend) && told.is_empty() == mend.is_empty(), "{name}: '{told}'");
    }
}

#[test]
fn a_clock_that_was_set_back_is_told_with_its_record() {
    let mut state = run(workflow(&[("a", &[])]), vec![approved()]);
    let early = Timestamp(state.updated.0 + 3 * DAY);
    for at in [early, Timestamp(early.0 - DAY), early] {
        let record =
            model::Record::new(state.next_sequence, at, state.head, Event::Woke { step: "a".into() });
        state.apply(&record).expect("a legal record");
    }
    let finding = judge(&state, &live(early.0)).into_iter().find(|found| found.name == "clock");
    let finding = finding.expect("the clock is looked at");
    assert_eq!(finding.verdict, Verdict::So);
    assert!(finding.seen.ends_with("; the clock was set back by 1d before record 3"), "{}", finding.seen);
}

/// Records that move nothing but the time.
fn sent_noise(count: usize) -> Vec<Event> {
    vec![Event::Woke { step: "a".into() }; count]
}

#[test]
fn a_stuck_undo_says_where_it_stopped() {
    let stuck = Event::UndoStuck {
        step: "a".into(),
        key: "k".into(),
        failure: Failure::invalid(Code::ExchangeDenied, "no right"),
    };
    let undo = Event::UndoStarted {
        by: "ann".into(),
        digest: Digest::default(),
        entries: Vec::new(),
        scope: model::UndoScope::All,
        note: None,
    };
    let finding =
        found(vec![approved(), Event::Finished { succeeded: false }, undo, stuck], &around(9_000), "undo");
    let finding = finding.expect("it is found");
    assert_eq!(finding.verdict, Verdict::NotSo);
    assert!(finding.seen.contains("'k' of step 'a': FB0605 no right"), "{}", finding.seen);
    assert!(finding.mend.is_some_and(|mend| mend.contains("footbridge undo")));
}

#[test]
fn target_and_secrets_matter_while_anything_may_still_be_done_there() {
    let missing = || Around {
        target: Place::Missing(Failed { why: "FB0901 there is no target 'lab'".into(), hint: None }),
        secrets: vec![
            SecretFact {
                name: "graph.secret".into(),
                place: "environment variable X".into(),
                readable: Readable::Yes,
            },
            SecretFact {
                name: "exchange.password".into(),
                place: "file p".into(),
                readable: Readable::No(Failed { why: "FB0904 it is not there".into(), hint: None }),
            },
            SecretFact {
                name: "other".into(),
                place: "asked at the terminal: Q".into(),
                readable: Readable::Asked,
            },
        ],
        ..around(2_000)
    };
    let state = run(workflow(&[("a", &[])]), vec![]);
    let verdicts: Vec<_> = judge(&state, &missing())
        .into_iter()
        .filter(|found| matches!(found.name, "target" | "secret"))
        .map(|found| found.verdict)
        .collect();
    assert_eq!(verdicts, [Verdict::NotSo, Verdict::So, Verdict::NotSo, Verdict::CannotTell]);
    let done = vec![approved(), Event::Finished { succeeded: true }];
    assert_eq!(found(done, &missing(), "target"), None);
    let elsewhere = Binding { reference: "/t/lab.toml".into(), identity: "tenant 2".into() };
    let moved = Around { target: Place::Found(elsewhere), ..around(2_000) };
    let finding = found(vec![], &moved, "target").expect("it is looked at");
    assert_eq!(
        (finding.verdict, finding.seen.as_str()),
        (Verdict::NotSo, "'sim' was the simulator's own, and is tenant 2")
    );
}

#[test]
fn a_history_that_cannot_be_read_is_told_with_what_helps() {
    for (code, part) in [
        (Code::StoreNewer, "newer footbridge"),
        (Code::HistoryBroken, "keep a copy"),
        (Code::StoreCorrupt, "backup"),
    ] {
        let findings = unreadable(&Failure::invalid(code, "no"));
        assert_eq!(findings[0].verdict, Verdict::NotSo);
        assert!(findings[0].mend.as_ref().is_some_and(|mend| mend.contains(part)), "{code}");
    }
}
