//! Every write of a run and of its undo fails once, in every way it can: the end is that of the uninterrupted one, no
//! write is sent blindly a second time, and a lost answer is settled by looking.

use std::sync::Arc;

use model::value::Map;
use model::{Event, Life, Record, RunId};
use sim::{Act, Faults, Injection, WorldSpec};

use crate::cases::{Scenario, succeeding};
use crate::lab::{Lab, differences, shipped, story};
use crate::reference::{Reference, Write, sorted};

/// What must be in the journal of the change that met the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// Known not to be done, and tried again.
    Refused,
    /// In doubt, found not to be done, sent once more.
    FoundUndone,
    /// In doubt, found to be done, never sent again.
    FoundDone,
}

/// Every way in which a write can fail.
fn ways() -> Vec<(Act, Expected)> {
    vec![
        (Act::Throttle { retry_after: 5 }, Expected::Refused),
        // Neither a status nor an error that passes says how far the work had come.
        (Act::ServerError { status: 500, after_effect: false }, Expected::FoundUndone),
        (Act::TimeoutBefore, Expected::FoundUndone),
        (Act::Cut { after_effect: false }, Expected::FoundUndone),
        (Act::TimeoutAfter, Expected::FoundDone),
        (Act::Cut { after_effect: true }, Expected::FoundDone),
        (Act::ServerError { status: 500, after_effect: true }, Expected::FoundDone),
    ]
}

/// What a write is made to meet: in the fresh world every way at the first and the last write of an operation; at the
/// many equal ones in between, and in other worlds, one way for each expectation, taken in turn.
fn trials(scenario: &Scenario, write: &Write, writes: &[Write]) -> Vec<(Act, Expected)> {
    let last = writes.iter().filter(|one| one.operation == write.operation).count();
    let all = ways();
    if scenario.name.contains("/fresh") && (write.nth == 1 || write.nth as usize == last) {
        return all;
    }
    [Expected::Refused, Expected::FoundUndone, Expected::FoundDone]
        .into_iter()
        .filter_map(|expected| {
            let alike: Vec<_> = all.iter().filter(|(_, one)| *one == expected).collect();
            alike.get(write.nth as usize % alike.len().max(1)).map(|one| (*one).clone())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_at_every_write_of_a_run_changes_nothing() {
    let mut failures = 0;
    for scenario in succeeding() {
        let reference = Reference::on(&scenario).await;
        for write in &reference.writes {
            for (act, expected) in trials(&scenario, write, &reference.writes) {
                let name = format!("{}, {} {}: {act:?}", scenario.name, write.operation, write.nth);
                let lab = scenario.lab().await;
                inject(&lab, write, act);
                let run = lab.forward().await.unwrap_or_else(|failure| panic!("{name}: {failure}"));
                let records = lab.records(run).await;
                assert_eq!(lab.state(run).await.life, Life::Succeeded, "{name}:\n{}", story(&records));
                let moved = differences(&lab.picture().await, &reference.world);
                assert!(moved.is_empty(), "{name}: {moved:#?}\n{}", story(&records));
                assert_eq!(sorted(lab.our_effects()), reference.effects, "{name}:\n{}", story(&records));
                journaled(&records, false, expected, &name);
                failures += 1;
            }
        }
    }
    println!("failures forward: {failures}");
    assert!(failures > 300, "only {failures} failures were tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_at_every_write_of_an_undo_changes_nothing() {
    let mut failures = 0;
    for scenario in succeeding() {
        let reference = Reference::on(&scenario).await;
        for write in &reference.undo_writes {
            for (act, expected) in trials(&scenario, write, &reference.undo_writes) {
                let name = format!("{}, undo, {} {}: {act:?}", scenario.name, write.operation, write.nth);
                let (lab, run) = finished(&scenario).await;
                let forward = lab.our_effects().len();
                inject(&lab, write, act);
                let process = lab.process(Arc::clone(&lab.journal));
                lab.undo(&process, run).await.unwrap_or_else(|failure| panic!("{name}: {failure}"));
                let records = lab.records(run).await;
                assert_eq!(lab.state(run).await.life, Life::Undone, "{name}:\n{}", story(&records));
                let moved = differences(&lab.picture().await, &reference.undone);
                assert!(moved.is_empty(), "{name}: {moved:#?}\n{}", story(&records));
                let back = sorted(lab.our_effects()[forward..].to_vec());
                assert_eq!(back, reference.undo_effects, "{name}:\n{}", story(&records));
                journaled(&records, true, expected, &name);
                failures += 1;
            }
        }
    }
    println!("failures in undo: {failures}");
    assert!(failures > 60, "only {failures} failures were tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_presumed_to_be_ours_is_undone_like_the_rest() {
    for (id, workflow) in shipped() {
        let reference = Reference::of(&workflow).await;
        let lab = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await;
        lose_every_answer(&lab, &reference.writes);
        let run = lab.forward().await.expect("the run starts");
        assert_eq!(lab.state(run).await.life, Life::Succeeded, "{id}:\n{}", story(&lab.records(run).await));
        assert_eq!(sorted(lab.our_effects()), reference.effects, "{id}");
        lose_every_answer(&lab, &reference.undo_writes);
        let process = lab.process(Arc::clone(&lab.journal));
        lab.undo(&process, run).await.expect("a person who read the undo plan may undo it");
        let records = lab.records(run).await;
        assert_eq!(lab.state(run).await.life, Life::Undone, "{id}:\n{}", story(&records));
        let moved = differences(&lab.picture().await, &reference.untouched);
        assert!(moved.is_empty(), "{id}: {moved:#?}\n{}", story(&records));
        let back = sorted(lab.our_effects()[reference.effects.len()..].to_vec());
        assert_eq!(back, reference.undo_effects, "{id}:\n{}", story(&records));
    }
}

async fn finished(scenario: &Scenario) -> (Lab, RunId) {
    let lab = scenario.lab().await;
    let run = lab.forward().await.expect("the run starts");
    (lab, run)
}

fn inject(lab: &Lab, write: &Write, act: Act) {
    let injection = Injection { on: write.operation.clone(), nth: write.nth, times: 1, act };
    let faults = Faults { injections: vec![injection], ..Faults::default() };
    lab.world().faults(faults).expect("a fault plan");
}

fn lose_every_answer(lab: &Lab, writes: &[Write]) {
    let injections = writes
        .iter()
        .map(|write| Injection {
            on: write.operation.clone(),
            nth: write.nth,
            times: 1,
            act: Act::Cut { after_effect: true },
        })
        .collect();
    lab.world().faults(Faults { injections, ..Faults::default() }).expect("a fault plan");
}

/// The journal tells what happened to the one change that met the fault, and its intents say how often it was sent.
fn journaled(records: &[Record], in_undo: bool, expected: Expected, name: &str) {
    let mut refused = Vec::new();
    let mut doubted = Vec::new();
    let mut settled = Vec::new();
    for record in records {
        match &record.event {
            Event::NotDone { step, key, undo, .. } if *undo == in_undo => refused.push((step, key)),
            Event::Doubted { step, key, undo, .. } if *undo == in_undo => doubted.push((step, key)),
            Event::Settled { step, key, took_effect, undo, .. } if *undo == in_undo => {
                settled.push(((step, key), *took_effect));
            }
            _ => {}
        }
    }
    let tale = || format!("{name}, {expected:?}:\n{}", story(records));
    let lost = usize::from(expected != Expected::Refused);
    assert_eq!((refused.len(), doubted.len(), settled.len()), (1 - lost, lost, lost), "{}", tale());
    let change = refused.into_iter().chain(doubted.iter().copied()).next().expect("counted above");
    if let Some((settled, took_effect)) = settled.first() {
        assert_eq!(*settled, change, "{}", tale());
        assert_eq!(*took_effect, expected == Expected::FoundDone, "{}", tale());
    }
    let sent = records
        .iter()
        .filter(|record| {
            matches!(&record.event, Event::Intent { step, key, undo, .. }
                if *undo == in_undo && (step, key) == change)
        })
        .count();
    assert_eq!(sent, if expected == Expected::FoundDone { 1 } else { 2 }, "{}", tale());
}
