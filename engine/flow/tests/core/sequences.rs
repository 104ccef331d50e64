//! Whatever the order of arrivals and the faults on the way: one end, every effect once.

use std::collections::BTreeSet;

use model::event::Decision;
use model::{Event, Life, Record, Stage, StepPath, UndoScope};
use proptest::prelude::*;

use crate::driver::Driver;
use crate::shapes::{Part, parts, path};
use crate::world::{Faults, World, faults};

/// The steps that need one of `from`, directly or not.
pub(crate) fn descendants(parts: &[Part], from: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut behind = BTreeSet::new();
    for (at, part) in parts.iter().enumerate() {
        if part.needs.iter().any(|need| from.contains(need) || behind.contains(need)) {
            behind.insert(at);
        }
    }
    behind
}

pub(crate) fn settings() -> ProptestConfig {
    ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() }
}

fn every_effect_once(driver: &Driver) {
    for (effect, count) in driver.end().effects {
        assert_eq!(count, 1, "{effect}");
    }
}

/// The changes in the order in which the history says that they took effect.
fn took_effect(driver: &Driver) -> Vec<String> {
    let key = |record: &Record| {
        if let Event::Outcome { key, undo: false, .. }
        | Event::Settled { key, undo: false, took_effect: true, .. }
        | Event::Decided { key, undo: false, decision: Decision::Done, .. } = &record.event
        {
            return Some(key.clone());
        }
        None
    };
    driver.records.iter().filter_map(key).collect()
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn any_order_of_successes_ends_the_same(parts in parts(), orders in any::<[u64; 2]>()) {
        let [one, other] = orders.map(|orders| {
            let mut driver = Driver::approved(&parts, Faults::default(), 1, orders);
            driver.finish().end()
        });
        prop_assert_eq!(one.life, Life::Succeeded);
        let written: usize = parts.iter().filter(|part| !part.skipped).map(|part| part.changes).sum();
        prop_assert_eq!(one.present.len(), written);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn faults_on_the_way_change_no_end(parts in parts(), faults in faults(), seed: u64, orders in any::<[u64; 2]>()) {
        let [one, other] = orders.map(|orders| {
            let mut driver = Driver::approved(&parts, faults, seed, orders);
            driver.finish();
            every_effect_once(&driver);
            driver.end()
        });
        prop_assert_eq!(&one, &other);
        let world = World::new(faults, seed);
        let doomed: BTreeSet<usize> =
            (0..parts.len()).filter(|at| world.doomed(*at) && !parts[*at].skipped).collect();
        let held_back = descendants(&parts, &doomed);
        for (at, stage) in one.stages.iter().enumerate() {
            let expected = if held_back.contains(&at) {
                Stage::Pending
            } else if doomed.contains(&at) {
                Stage::Failed
            } else if parts[at].skipped {
                Stage::Skipped
            } else {
                Stage::Done
            };
            prop_assert_eq!(*stage, expected, "step {}", at);
        }
        prop_assert_eq!(one.life, if doomed.is_empty() { Life::Succeeded } else { Life::Failed });
    }

    #[test]
    fn resume_finishes_what_failed(parts in parts(), faults in faults(), seed: u64, orders: u64) {
        let mut driver = Driver::approved(&parts, faults, seed, orders);
        driver.finish();
        if driver.state.life == Life::Failed {
            driver.resume();
            driver.finish();
        }
        every_effect_once(&driver);
        prop_assert_eq!(driver.state.life, Life::Succeeded);
        let perfect = Driver::approved(&parts, Faults::default(), 1, 1).finish().end();
        prop_assert_eq!(driver.end(), perfect);
    }

    #[test]
    fn undo_goes_newest_first_and_leaves_nothing(parts in parts(), faults in faults(), seed: u64, orders: u64) {
        let mut driver = Driver::approved(&parts, faults, seed, orders);
        driver.finish();
        let mut expected: Vec<String> = took_effect(&driver).iter().rev().map(|key| format!("-{key}")).collect();
        let forward = driver.world.ledger.clone();
        driver.undo();
        driver.finish();
        prop_assert_eq!(driver.state.life, Life::Undone);
        prop_assert!(driver.world.present().is_empty());
        let mut whole = forward;
        whole.append(&mut expected);
        prop_assert_eq!(&driver.world.ledger, &whole);
    }

    #[test]
    fn undo_in_parts_leaves_nothing_that_stands_without_what_it_needs(
        parts in parts(), faults in faults(), seed: u64, orders: u64, scopes in proptest::collection::vec(any::<(bool, usize)>(), 0..6),
    ) {
        let mut driver = Driver::approved(&parts, faults, seed, orders);
        driver.finish();
        for (alone, at) in scopes {
            if driver.state.life == Life::Undone {
                break;
            }
            let step = path(at % parts.len());
            let before = driver.state.standing().len();
            let scope = if alone { UndoScope::Only(step.clone()) } else { UndoScope::To(step.clone()) };
            if !driver.undo_of(scope) {
                continue;
            }
            driver.finish();
            let standing: Vec<StepPath> = driver.state.standing().iter().map(|(step, _)| step.path.clone()).collect();
            prop_assert!(standing.len() <= before);
            prop_assert_eq!(driver.state.life == Life::Undone, standing.is_empty());
            prop_assert!(!alone || !standing.contains(&step));
            for stands in &standing {
                let (spec, _) = driver.state.step(stands).expect("a step of the run");
                for need in &spec.needs {
                    let (need, _) = driver.state.step(need).expect("a step of the run");
                    prop_assert!(!driver.state.taken_back(need), "{stands} stands without {}", need.path);
                }
            }
        }
        if driver.state.life != Life::Undone {
            driver.undo();
            driver.finish();
        }
        prop_assert_eq!(driver.state.life, Life::Undone);
        prop_assert!(driver.world.present().is_empty());
    }
}
