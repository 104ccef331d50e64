//! Cancel and pause at any point: the run rests, and nothing else is begun.

use model::command::Rest;
use model::step_state::Progress;
use model::{Command, Event, Life};
use proptest::prelude::*;

use crate::driver::Driver;
use crate::sequences::settings;
use crate::shapes::parts;
use crate::world::{Faults, faults};

/// Goes on for some pieces, asks, and sees that only rest is given from there on. Before a cancelled run rests, the
/// writes whose answers were lost are settled: nothing could undo them later.
fn rests_after(driver: &mut Driver, pieces: usize, ask: Event, rest: Rest, life: Life) -> bool {
    for _ in 0..pieces {
        if !driver.advance() {
            return false;
        }
    }
    if driver.state.life != Life::Running || driver.resting.is_some() {
        return false;
    }
    let issued = driver.issued.len();
    driver.append(vec![ask]);
    driver.finish();
    assert!(driver.issued.len() > issued);
    for command in &driver.issued[issued..] {
        let settles = rest == Rest::Cancelled && matches!(command, Command::Settle { undo: false, .. });
        assert!(settles || *command == Command::Rest { as_what: rest }, "{command:?}");
    }
    assert_eq!(driver.state.life, life);
    let doubted = |progress: &Progress| matches!(progress, Progress::Sent { .. } | Progress::InDoubt { .. });
    let doubts = driver.state.doubts().iter().filter(|(_, _, progress)| doubted(progress)).count();
    assert!(rest == Rest::Paused || doubts == 0, "a cancelled run holds {doubts} unsettled writes");
    true
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn cancel_rests(parts in parts(), faults in faults(), seed: u64, orders: u64, pieces in 0_usize..80) {
        let mut driver = Driver::approved(&parts, faults, seed, orders);
        let ask = Event::CancelAsked { by: "b".into(), note: None };
        rests_after(&mut driver, pieces, ask, Rest::Cancelled, Life::Cancelled);
    }

    #[test]
    fn pause_rests_and_resume_goes_on(
        parts in parts(), faults in faults(), seed: u64, orders: u64, pieces in 0_usize..80, crash: bool,
    ) {
        let faults = Faults { doomed: 0, ..faults };
        let expected = Driver::approved(&parts, faults, seed, orders).finish().end();
        let mut driver = Driver::approved(&parts, faults, seed, orders);
        let ask = Event::PauseAsked { by: "b".into(), note: None };
        if rests_after(&mut driver, pieces, ask, Rest::Paused, Life::Paused) {
            if crash {
                driver.crash();
                prop_assert!(!driver.advance(), "a paused run stays paused when a process takes it up");
            }
            driver.resume();
        }
        prop_assert_eq!(driver.finish().end(), expected);
    }
}

#[test]
fn a_pause_asked_for_outlives_the_process() {
    let mut driver = Driver::approved(&crate::shapes::chain(2, 1), Faults::default(), 1, 1);
    driver.append(vec![Event::PauseAsked { by: "b".into(), note: None }]);
    driver.crash();
    driver.finish();
    assert_eq!(driver.state.life, Life::Paused);
}

#[test]
fn a_plan_that_waits_for_approval_can_be_cancelled() {
    let mut driver = Driver::new(&crate::shapes::chain(2, 1), Faults::default(), 1, 1);
    driver.append(vec![Event::CancelAsked { by: "b".into(), note: None }]);
    driver.finish();
    assert_eq!((driver.state.life, driver.issued.len()), (Life::Cancelled, 1));
}
