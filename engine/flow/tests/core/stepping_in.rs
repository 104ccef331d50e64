//! A person steps in at one step, at any moment: the run goes on around it, and writes nothing for it any more.

use std::collections::BTreeSet;

use model::intervention::allowed;
use model::{Code, Command, Event, Intervention, Life, Stage};
use proptest::prelude::*;

use crate::driver::Driver;
use crate::perform::failed;
use crate::sequences::settings;
use crate::shapes::{Part, chain, parts, path, position};
use crate::world::{Faults, faults};

pub(crate) const WAYS: [Intervention; 3] = [Intervention::Skip, Intervention::Done, Intervention::Retry];

/// Where one may step in now, and how.
fn openings(driver: &Driver) -> Vec<(usize, Intervention)> {
    let steps = 0..driver.parts.len();
    steps
        .flat_map(|at| WAYS.map(|way| (at, way)))
        .filter(|(at, way)| allowed(&driver.state, &path(*at), *way).is_ok())
        .collect()
}

/// The first step fails before it has done anything.
fn first_failed(parts: &[Part]) -> Driver {
    let mut driver = Driver::approved(parts, Faults::default(), 1, 1);
    driver.busy.retain(|(id, _)| id.command.step() != Some(&path(0)));
    driver.append(vec![failed(&path(0))]);
    driver.finish();
    assert_eq!(driver.state.life, Life::Failed);
    driver
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn a_run_goes_on_around_whoever_is_stepped_in_at(
        parts in parts(), faults in faults(), seed: u64, orders: u64,
        moments in prop::collection::vec((0_usize..40, any::<u64>(), any::<bool>()), 1..6),
    ) {
        let mut driver = Driver::approved(&parts, faults, seed, orders);
        let mut written_for = vec![None; parts.len()];
        for (pieces, which, crash) in moments {
            for _ in 0..pieces {
                driver.advance();
            }
            let openings = openings(&driver);
            let Some(&(at, way)) = openings.get(which as usize % openings.len().max(1)) else { continue };
            driver.step_in(at, way);
            written_for[at] = (way != Intervention::Retry).then_some(driver.issued.len());
            prop_assert_eq!(driver.state.life, Life::Running);
            if crash {
                driver.crash();
            }
        }
        driver.finish();
        // A step that only a person can help is helped by one, or by nobody: the run ends either way.
        driver.world.healed = (0..parts.len()).collect();
        while let Some(at) = driver.state.steps.iter().position(|one| one.stage == Stage::Failed) {
            driver.step_in(at, Intervention::Retry);
            written_for[at] = None;
            driver.finish();
        }
        prop_assert_eq!(driver.state.life, Life::Succeeded);
        for (at, from) in written_for.iter().enumerate() {
            let Some(from) = *from else { continue };
            let writes = |one: &&Command| {
                matches!(one, Command::ApplyChange { step, .. } | Command::PlanStep { step } if position(step) == at)
            };
            prop_assert_eq!(driver.issued[from..].iter().find(writes), None, "step {} was left to a person", at);
        }
        for (effect, count) in driver.end().effects {
            prop_assert_eq!(count, 1, "{}", effect);
        }
        driver.undo();
        prop_assert_eq!(driver.finish().state.life, Life::Undone);
        prop_assert!(driver.world.present().is_empty(), "undo knows what skipped steps had written");
    }
}

#[test]
fn a_retry_starts_one_step_and_leaves_the_others_that_failed() {
    let mut driver = Driver::approved(
        &[Part { changes: 1, ..Part::default() }, Part { changes: 1, ..Part::default() }],
        Faults { doomed: 100, ..Faults::default() },
        1,
        1,
    );
    driver.finish();
    driver.world.healed = BTreeSet::from([0, 1]);
    driver.step_in(0, Intervention::Retry);
    driver.finish();
    assert_eq!((driver.stage(0), driver.stage(1)), (Stage::Done, Stage::Failed));
    assert_eq!(driver.state.life, Life::Failed);
}

#[test]
fn what_needs_a_skipped_step_or_one_that_is_vouched_for_goes_on() {
    for (way, stage) in [(Intervention::Skip, Stage::Skipped), (Intervention::Done, Stage::Done)] {
        let mut driver = first_failed(&chain(2, 1));
        driver.step_in(0, way);
        driver.finish();
        assert_eq!((driver.stage(0), driver.stage(1)), (stage, Stage::Done));
        assert_eq!(driver.state.life, Life::Succeeded);
        assert_eq!(driver.world.ledger.len(), 1, "nothing is written for it");
        let told = driver.state.steps[0].by_hand.as_ref().map(|by_hand| by_hand.asker.told());
        assert_eq!(told.as_deref(), Some("b: why"));
    }
}

#[test]
fn a_word_that_proved_wrong_counts_no_more() {
    let mut driver = first_failed(&chain(1, 1));
    driver.step_in(0, Intervention::Done);
    assert_eq!(driver.stage(0), Stage::Pending, "outputs follow from inputs, which it has not got yet");
    driver.advance();
    assert_eq!(driver.stage(0), Stage::Verify);
    driver.then(vec![failed(&path(0))]);
    driver.finish();
    assert_eq!(driver.state.steps[0].by_hand, None);
    driver.step_in(0, Intervention::Retry);
    driver.finish();
    assert_eq!(driver.world.ledger.len(), 1, "started again, it does its work");
}

#[test]
fn a_paused_run_stays_paused_and_a_run_that_is_over_is_refused() {
    let mut driver = Driver::approved(&chain(2, 1), Faults::default(), 1, 1);
    driver.append(vec![Event::PauseAsked { by: "b".into(), note: None }]);
    driver.finish();
    driver.step_in(1, Intervention::Skip);
    driver.finish();
    assert_eq!(driver.state.life, Life::Paused);
    driver.resume();
    driver.finish();
    assert_eq!((driver.stage(0), driver.stage(1)), (Stage::Done, Stage::Skipped));
    for way in WAYS {
        let refused = allowed(&driver.state, &path(1), way).expect_err("it is over");
        assert_eq!(refused.code, Code::RunState);
    }
}

#[test]
fn nobody_steps_in_at_a_step_at_work_or_in_doubt() {
    let mut driver =
        Driver::approved(&chain(1, 1), Faults { lost: 100, cannot_tell: 100, ..Faults::default() }, 1, 1);
    let mut refused = BTreeSet::new();
    while driver.state.life == Life::Running {
        for way in [Intervention::Skip, Intervention::Done] {
            if let Err(failure) = allowed(&driver.state, &path(0), way) {
                refused.insert((driver.stage(0), failure.code.as_str()));
            }
        }
        driver.advance();
    }
    let expected = [
        (Stage::Plan, "FB0413"),
        (Stage::Change, "FB0406"),
        (Stage::Change, "FB0413"),
        (Stage::Verify, "FB0413"),
    ];
    assert!(expected.iter().all(|one| refused.contains(one)), "{refused:?}");
}
