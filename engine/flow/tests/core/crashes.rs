//! The process may die at any record: the run goes on and ends the same, forward and back.

use model::Life;
use proptest::prelude::*;

use crate::driver::{Driver, End};
use crate::sequences::settings;
use crate::shapes::{Part, chain, parts};
use crate::world::{ALL, Faults, faults};

fn forward_and_back(driver: &mut Driver, crash_at: &[usize]) -> (End, End) {
    let mut crash_at = crash_at.iter().copied().peekable();
    let mut ends = Vec::new();
    for _ in 0..2 {
        loop {
            if crash_at.next_if(|at| driver.records.len() > *at).is_some() {
                driver.crash();
            } else if !driver.advance() {
                break;
            }
        }
        ends.push(driver.end());
        if ends.len() == 1 {
            driver.undo();
        }
    }
    let back = ends.pop().expect("two ends");
    (ends.pop().expect("two ends"), back)
}

fn at_every_record(parts: &[Part], faults: Faults, seed: u64) {
    let mut calm = Driver::approved(parts, faults, seed, 3);
    let expected = forward_and_back(&mut calm, &[]);
    assert_eq!(expected.1.life, Life::Undone);
    for at in 1..calm.records.len() {
        let mut driver = Driver::approved(parts, faults, seed, 3);
        assert_eq!(forward_and_back(&mut driver, &[at]), expected, "the process died after record {at}");
    }
}

#[test]
fn a_diamond_survives_a_crash_at_every_record() {
    let mut parts = chain(4, 2);
    parts[2].needs = [0].into();
    parts[3].needs = [1, 2].into();
    at_every_record(&parts, Faults::default(), 1);
    for seed in 0..6 {
        at_every_record(&parts, Faults { doomed: 0, ..ALL }, seed);
    }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn crashes_change_no_end(
        parts in parts(), faults in faults(), seed: u64, orders: u64,
        mut crash_at in prop::collection::vec(1_usize..250, 1..6),
    ) {
        crash_at.sort_unstable();
        let expected = forward_and_back(&mut Driver::approved(&parts, faults, seed, orders), &[]);
        let mut driver = Driver::approved(&parts, faults, seed, orders);
        let found = forward_and_back(&mut driver, &crash_at);
        prop_assert_eq!(found, expected);
    }
}
