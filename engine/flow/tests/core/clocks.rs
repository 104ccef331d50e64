//! The wall clock jumps both ways, within a process and between two: the run ends the same, and nothing is written twice
//! even where an effect comes late.

use std::time::Duration;

use model::step_state::Progress;
use model::{Event, Life, Stage};
use proptest::prelude::*;

use crate::driver::{Driver, End, SETTLE_MS};
use crate::flow;
use crate::sequences::settings;
use crate::shapes::{Part, chain, parts, path};
use crate::world::{ALL, Faults, faults};

const HOUR_MS: i64 = 3_600_000;

/// Once so many records are there the clock is set, by an administrator or by a crash and a boot with another time.
#[derive(Clone, Copy, Debug)]
struct Jump {
    record: usize,
    ahead_ms: i64,
    crash: bool,
}

fn jumps() -> impl Strategy<Value = Vec<Jump>> {
    // Not before 1970: no clock shows that.
    let ahead = prop_oneof![-900..900_i64, -48 * HOUR_MS..48 * HOUR_MS];
    let jump = (1_usize..250, ahead, any::<bool>());
    let jump = jump.prop_map(|(record, ahead_ms, crash)| Jump { record, ahead_ms, crash });
    prop::collection::vec(jump, 1..8).prop_map(|mut jumps| {
        jumps.sort_unstable_by_key(|jump| jump.record);
        jumps
    })
}

fn begun(parts: &[Part], faults: Faults, seed: u64, orders: u64) -> Driver {
    let mut driver = Driver::approved(parts, faults, seed, orders);
    driver.now = driver.now.after(Duration::from_hours(24 * 365));
    driver
}

/// A step whose deadline a jump has passed fails, and a person has it go on.
fn to_the_end(driver: &mut Driver, jumps: &mut impl Iterator<Item = Jump>) -> End {
    let mut next = jumps.next();
    loop {
        if let Some(jump) = next.filter(|jump| driver.records.len() > jump.record) {
            driver.set_clock(jump.ahead_ms);
            if jump.crash {
                driver.crash();
            }
            next = jumps.next();
        } else if !driver.advance() {
            if driver.state.life != Life::Failed {
                return driver.end();
            }
            driver.resume();
        }
    }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn a_clock_that_jumps_changes_no_end(
        parts in parts(), faults in faults(), seed: u64, orders: u64, jumps in jumps(),
    ) {
        let mut calm = begun(&parts, faults, seed, orders);
        let mut driver = begun(&parts, faults, seed, orders);
        let mut jumps = jumps.into_iter();
        let begin = driver.now;
        for back in [false, true] {
            if back {
                calm.undo();
                driver.undo();
            }
            let expected = to_the_end(&mut calm, &mut std::iter::empty());
            prop_assert_eq!(to_the_end(&mut driver, &mut jumps), expected);
        }
        // Nothing waits until a clock that was set back by days is right again.
        prop_assert!(driver.now.since(begin) < Duration::from_hours(6), "{:?}", driver.now.since(begin));
    }
}

/// A write of one step, sent and lost with its process; its effect comes late.
fn lost() -> Driver {
    let mut driver = begun(&chain(1, 1), Faults::default(), 1, 1);
    while !matches!(driver.records.last().map(|record| &record.event), Some(Event::Intent { .. })) {
        assert!(driver.advance(), "it comes to its write");
    }
    let (id, sent) = driver.busy.pop().expect("the write is under way");
    assert!(sent);
    crate::perform::effect(&mut driver, &id.command, SETTLE_MS - 1);
    driver
}

#[test]
fn a_boot_with_a_later_time_does_not_make_a_late_effect_look_like_none() {
    let mut driver = lost();
    driver.set_clock(24 * HOUR_MS);
    driver.crash();
    driver.finish();
    assert_eq!(driver.state.life, Life::Succeeded);
    assert_eq!(driver.world.ledger.len(), 1, "{:?}", driver.world.ledger);
}

#[test]
fn a_boot_with_an_earlier_time_does_not_make_the_run_wait_until_it_is_that_late_again() {
    let mut driver = lost();
    driver.crash();
    while driver.state.steps[0].wait.is_none() {
        assert!(driver.advance(), "it looks in vain");
    }
    let (begin, wait) = (driver.now, flow::next_wake(&driver.state).expect("it looks again"));
    driver.set_clock(-24 * HOUR_MS);
    assert!(!flow::quiet(&driver.state, driver.wall()), "who takes it up must say so");
    driver.crash();
    assert!(wait.since(driver.wall()) > Duration::from_hours(23));
    let progress = &driver.state.steps[0].changes[0].progress;
    assert!(matches!(progress, Progress::InDoubt { looks: 0, .. }), "{progress:?}");
    driver.finish();
    assert_eq!((driver.state.life, driver.stage(0)), (Life::Succeeded, Stage::Done));
    assert!(driver.now.since(begin) < Duration::from_mins(1));
    let back = driver.state.set_back.expect("it is known that the clock was set back");
    assert!(matches!(driver.records[back.sequence as usize].event, Event::Resumed { .. }));
    assert!(back.by > Duration::from_hours(23), "{:?}", back.by);
    assert_eq!(driver.state.step(&path(0)).map(|(_, one)| one.since <= driver.wall()), Some(true));
}

#[test]
fn a_run_that_only_waits_is_taken_up_without_a_trace_unless_the_clock_was_set_back() {
    let mut driver = begun(&chain(1, 1), ALL, 1, 1);
    driver.then(vec![Event::StepReady { step: path(0), with: model::value::Map::new() }]);
    let until = driver.wall().after(Duration::from_mins(5));
    driver.then(vec![Event::Waits { step: path(0), until, why: "not yet".into() }]);
    assert!(flow::quiet(&driver.state, driver.wall()));
    driver.set_clock(HOUR_MS);
    assert!(flow::quiet(&driver.state, driver.wall()));
    driver.set_clock(-HOUR_MS);
    assert!(!flow::quiet(&driver.state, driver.wall()));
    driver.busy.clear();
    driver.crash();
    assert!(driver.state.steps[0].wait.is_none() && flow::next_wake(&driver.state).is_none());
}
