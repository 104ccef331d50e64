//! The generated runs together reach and leave every stage and every life: the other tests look everywhere.

use std::collections::{BTreeSet, HashSet};

use model::intervention::allowed;
use model::{Event, Life, Stage, UndoScope};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::driver::Driver;
use crate::flow;
use crate::shapes::{parts, path};
use crate::stepping_in::WAYS;
use crate::world::ALL;

#[test]
fn every_stage_and_every_life_is_reached_and_left() {
    let mut runner = TestRunner::deterministic();
    let (mut stages, mut lives) = (BTreeSet::new(), HashSet::new());
    for round in 0..120_u64 {
        let parts = parts().new_tree(&mut runner).expect("a shape").current();
        let mut driver = Driver::approved(&parts, ALL, round, round);
        for _ in 0..20 {
            driver.advance();
        }
        if driver.state.life == Life::Running {
            match round % 4 {
                0 => driver.append(vec![Event::CancelAsked { by: "b".into(), note: None }]),
                1 => driver.append(vec![Event::PauseAsked { by: "b".into(), note: None }]),
                _ => {}
            }
        }
        driver.finish();
        // Where a person may step in, one does, in turn at each step and in each way.
        for at in 0..parts.len() {
            let intervention = WAYS[(round as usize + at) % WAYS.len()];
            if round % 5 < 2 && allowed(&driver.state, &path(at), intervention).is_ok() {
                driver.step_in(at, intervention);
            }
        }
        driver.finish();
        if driver.state.life == Life::Paused || (driver.state.life == Life::Failed && round % 8 < 6) {
            driver.resume();
            driver.finish();
        }
        // A step alone first, where nothing that stands needs it.
        if round % 2 == 0
            && let Some(step) = flow::newest_first(&driver.state).first().map(|(step, _)| step.clone())
            && driver.undo_of(UndoScope::Only(step))
        {
            driver.finish();
        }
        if driver.state.life != Life::Undone {
            driver.undo();
        }
        if let Some(entry) = driver.state.undo.first().cloned()
            && driver.state.life == Life::Undoing
            && round % 3 == 0
        {
            // Someone changed the object since: refused before anything is sent, then asked for again.
            driver.busy.clear();
            let failure = model::Failure::new(model::Code::Internal, model::Class::Conflict, "changed since");
            driver.append(vec![Event::UndoStuck { step: entry.step, key: entry.key, failure }]);
            assert_eq!(driver.state.life, Life::Stuck);
            driver.undo();
        }
        driver.finish();
        assert_eq!(driver.state.life, Life::Undone);
        stages.append(&mut driver.stages);
        lives.extend(driver.lives);
    }
    // What a re-pin brings has tests of its own.
    for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Retired) {
        let reached = stage == Stage::Pending || stages.iter().any(|(_, to)| *to == stage);
        let left = stages.iter().any(|(from, _)| *from == stage);
        assert!(reached, "{stage:?} is never reached");
        assert_eq!(left, !matches!(stage, Stage::Done | Stage::Skipped), "{stage:?} left");
    }
    for life in Life::ALL {
        let reached = life == Life::Awaiting || lives.iter().any(|(_, to)| *to == life);
        assert!(reached, "{life:?} is never reached");
        assert_eq!(lives.iter().any(|(from, _)| *from == life), life != Life::Undone, "{life:?} left");
    }
}
