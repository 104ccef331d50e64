//! One rule at a time: retries, deadlines, timers, doubt, ageing inputs, and the way back.

use std::time::Duration;

use crate::flow;
use model::value::Map;
use model::{Class, Code, Command, Event, Failure, Life, Stage, StepPath, Timestamp};

use crate::driver::{Driver, SETTLE_MS};
use crate::perform::{answer, change, failed, retries};
use crate::shapes::{Part, QUESTION, chain, path};
use crate::world::Faults;

fn calm(parts: &[Part]) -> Driver {
    Driver::approved(parts, Faults::default(), 1, 1)
}

fn ready(step: usize) -> Vec<Event> {
    vec![Event::StepReady { step: path(step), with: Map::new() }]
}

fn planned(step: usize, changes: usize) -> Vec<Event> {
    let changes = (0..changes).map(|at| change(step, at)).collect();
    vec![Event::StepPlanned { step: path(step), changes, already: Map::new() }]
}

fn intent(step: usize, undo: bool) -> Event {
    Event::Intent {
        step: path(step),
        key: change(step, 0).key,
        attempt: 1,
        function: "sim.write".into(),
        arguments: Map::new(),
        settle_ms: SETTLE_MS,
        undo,
    }
}

fn doubted(step: usize) -> Event {
    Event::Doubted { step: path(step), key: change(step, 0).key, why: "no answer".into(), undo: false }
}

fn busy_target() -> Failure {
    Failure::new(Code::Internal, Class::Transient, "busy")
}

/// One step whose only change was sent, and the answer lost.
fn in_doubt() -> Driver {
    let mut driver = calm(&chain(1, 1));
    driver.then(ready(0));
    driver.then(planned(0, 1));
    driver.then(vec![intent(0, false)]);
    assert_eq!(driver.then(vec![doubted(0)]), [settle_first()]);
    driver
}

fn settle_first() -> Command {
    Command::Settle { step: path(0), key: change(0, 0).key, undo: false }
}

fn refresh(step: usize, for_step: usize) -> Command {
    Command::Refresh { step: path(step), for_step: path(for_step) }
}

fn apply(step: usize) -> Command {
    Command::ApplyChange { step: path(step), key: change(step, 0).key }
}

#[test]
fn retries_wait_longer_each_time_and_end() {
    let driver = calm(&chain(1, 1));
    let (step, one) = driver.state.step(&path(0)).expect("a step");
    let wait = |attempts: u32, failure: &Failure| {
        let mut one = one.clone();
        one.attempts = attempts;
        flow::again(step, &one, failure, Timestamp(0)).map(|until| until.0)
    };
    let waits: Vec<_> = (0..7).map(|attempts| wait(attempts, &busy_target())).collect();
    assert_eq!(waits, [Some(1_000), Some(2_000), Some(4_000), Some(5_000), Some(5_000), None, None]);
    let asked = |seconds| busy_target().retry_after(Duration::from_secs(seconds));
    for attempts in 0..4 {
        assert_eq!(wait(attempts, &asked(90)), Some(90_000), "what the target asks for is honoured in full");
        assert_eq!(wait(attempts, &asked(3600)), Some(3_600_000), "an hour too, at the price of one try");
    }
    assert_eq!(wait(3, &asked(1)), Some(5_000));
    for class in [Class::InDoubt, Class::Conflict, Class::Denied, Class::Invalid, Class::Bug] {
        assert_eq!(wait(0, &Failure::new(Code::Internal, class, "no")), None, "{class:?}");
    }
}

#[test]
fn a_target_that_is_always_busy_is_asked_as_often_as_the_step_allows() {
    let mut driver = calm(&chain(1, 0));
    driver.then(ready(0));
    let mut asked = 0;
    while driver.stage(0) == Stage::Plan {
        assert_eq!(driver.issued.last(), Some(&Command::PlanStep { step: path(0) }));
        asked += 1;
        let event = retries(&driver, &path(0), None);
        assert!(driver.then(vec![event]).iter().all(|command| matches!(command, Command::Rest { .. })));
        if let Some(wake) = flow::next_wake(&driver.state) {
            driver.now = wake;
            driver.then(vec![Event::Woke { step: path(0) }]);
        }
    }
    assert_eq!((asked, driver.stage(0)), (6, Stage::Failed));
}

#[test]
fn waiting_ends_at_the_deadline_counted_from_the_first_wait() {
    let mut driver = calm(&chain(1, 0));
    driver.then(ready(0));
    let (begun, span) = (driver.now, Duration::from_mins(7));
    let mut waits = 0_u32;
    loop {
        let until = driver.now.after(span);
        let (step, one) = driver.state.step(&path(0)).expect("a step");
        if flow::past_deadline(step, one, driver.now, until) {
            break;
        }
        waits += 1;
        driver.then(vec![Event::Waits { step: path(0), until, why: "not yet".into() }]);
        driver.now = until;
        driver.then(vec![Event::Woke { step: path(0) }]);
    }
    assert_eq!(waits, 8, "an hour holds eight times seven minutes");
    assert_eq!(driver.now.since(begun), span * 8);
    driver.then(planned(0, 0));
    let (step, one) = driver.state.step(&path(0)).expect("a step");
    assert!(!flow::past_deadline(step, one, driver.now, driver.now.after(span)), "each stage has its own");
}

#[test]
fn timers_wake_the_earliest_first_and_nobody_in_a_run_that_rests() {
    let mut driver = calm(&[Part::default(), Part::default()]);
    let waits = |at: usize, until| Event::Waits { step: path(at), until: Timestamp(until), why: "w".into() };
    driver.then(vec![waits(0, 9_000), waits(1, 5_000)]);
    assert_eq!(flow::next_wake(&driver.state), Some(Timestamp(5_000)));
    let overdue = |driver: &Driver, at| {
        flow::Timers::default().due(&driver.state, Timestamp(at), Duration::ZERO).overdue
    };
    assert!(overdue(&driver, 4_999).is_empty());
    assert_eq!(overdue(&driver, 5_000), [path(1)]);
    assert_eq!(overdue(&driver, 9_000), [path(0), path(1)]);
    driver.then(vec![Event::PauseAsked { by: "b".into(), note: None }]);
    driver.resting = None;
    driver.then(vec![Event::Paused]);
    assert_eq!(flow::next_wake(&driver.state), None);
    assert!(overdue(&driver, 9_000).is_empty());
    driver.resume();
    assert_eq!(flow::next_wake(&driver.state), Some(Timestamp(5_000)), "a timer outlives a pause");
}

#[test]
fn a_failed_step_that_starts_again_settles_its_lost_write_first() {
    let mut driver = in_doubt();
    driver.then(vec![failed(&path(0))]);
    driver.finish();
    assert_eq!(driver.state.life, Life::Failed);
    let issued = driver.issued.len();
    driver.resume();
    assert_eq!(driver.issued[issued..], [settle_first()]);
    let key = change(0, 0).key;
    let asked = Event::Asked { step: path(0), key: key.clone(), why: "unclear".into(), undo: false };
    assert!(driver.then(vec![asked]).is_empty(), "a person must tell");
    let decision = model::event::Decision::Done;
    let decided = Event::Decided {
        step: path(0),
        key,
        decision,
        by: "b".into(),
        note: None,
        files: Vec::new(),
        undo: false,
    };
    assert_eq!(driver.then(vec![decided]), [Command::PlanStep { step: path(0) }]);
    assert_eq!(driver.then(planned(0, 0)), [Command::VerifyStep { step: path(0) }]);
    assert_eq!(flow::newest_first(&driver.state).len(), 1, "undo knows of it");
}

#[test]
fn a_lost_write_is_sent_again_exactly_when_it_was_not_done() {
    for (there, writes) in [(false, 2), (true, 1)] {
        let mut driver = in_doubt();
        if there {
            let late = driver.now.after(Duration::from_millis(SETTLE_MS - 1));
            driver.world.put(&change(0, 0).key, late);
        }
        driver.finish();
        assert_eq!(driver.state.life, Life::Succeeded);
        assert_eq!(driver.issued.iter().filter(|command| **command == apply(0)).count(), writes);
        assert_eq!(driver.world.ledger.len(), 1);
    }
}

#[test]
fn a_change_that_someone_took_back_is_made_again_once() {
    let mut driver = calm(&chain(1, 1));
    while driver.stage(0) != Stage::Verify {
        driver.advance();
    }
    driver.then(vec![failed(&path(0))]);
    driver.finish();
    driver.world.take_back(&change(0, 0).key);
    driver.resume();
    driver.finish();
    assert_eq!(driver.state.life, Life::Succeeded);
    assert_eq!(driver.world.present().len(), 1);
    assert_eq!(flow::newest_first(&driver.state).len(), 1);
}

#[test]
fn a_failure_holds_back_its_descendants_only() {
    let mut parts = chain(3, 0);
    parts.push(Part::default());
    let mut driver = calm(&parts);
    let first = driver.busy.iter().position(|(id, _)| id.command.step() == Some(&path(0)));
    driver.busy.swap_remove(first.expect("the first step is begun"));
    driver.append(vec![failed(&path(0))]);
    driver.finish();
    let stages = [Stage::Failed, Stage::Pending, Stage::Pending, Stage::Done];
    assert_eq!(driver.state.steps.iter().map(|one| one.stage).collect::<Vec<_>>(), stages);
    assert_eq!(driver.state.life, Life::Failed);
}

/// Step 0 done; the others need it, have planned, and then a timer of the last step went off.
fn aged(count: usize, changes: usize) -> Driver {
    let mut parts = chain(count, changes);
    for part in &mut parts[1..] {
        part.needs = [0].into();
    }
    parts[0].changes = 0;
    let mut driver = calm(&parts);
    driver.then(ready(0));
    driver.then(planned(0, 0));
    driver.then(vec![Event::StepDone { step: path(0), outputs: Map::new(), left: Map::new() }]);
    driver.then((1..count).flat_map(ready).collect());
    let until = driver.now;
    driver.then(vec![Event::Waits { step: path(count - 1), until, why: "not yet".into() }]);
    driver.then(vec![Event::Woke { step: path(count - 1) }]);
    driver
}

#[test]
fn aged_inputs_are_looked_at_again_before_the_first_write_only() {
    let mut driver = aged(2, 2);
    assert_eq!(driver.then(planned(1, 2)), [refresh(0, 1)]);
    assert_eq!(driver.then(vec![Event::Refreshed { step: path(0) }]), [apply(1)]);
    driver.finish();
    assert_eq!(driver.state.life, Life::Succeeded);
    assert_eq!(driver.issued.iter().filter(|command| **command == refresh(0, 1)).count(), 1);

    let mut driver = aged(2, 2);
    driver.then(planned(1, 2));
    driver.then(vec![Event::Refreshed { step: path(0) }]);
    let issued = driver.issued.len();
    while driver.state.steps[1].changes.iter().all(|change| change.applied().is_none()) {
        driver.advance();
    }
    driver.crash();
    driver.finish();
    let later = &driver.issued[issued..];
    assert!(later.iter().all(|command| !matches!(command, Command::Refresh { .. })), "{later:?}");
}

#[test]
fn a_look_that_failed_is_asked_for_again() {
    let mut driver = aged(2, 1);
    driver.then(planned(1, 1));
    let event = retries(&driver, &path(1), None);
    assert!(driver.then(vec![event]).is_empty());
    driver.now = flow::next_wake(&driver.state).expect("a timer");
    assert_eq!(driver.then(vec![Event::Woke { step: path(1) }]), [refresh(0, 1)]);
    driver.finish();
    assert_eq!(driver.state.life, Life::Succeeded);
}

#[test]
fn one_look_at_a_time_serves_all_who_want_it() {
    let mut driver = aged(4, 1);
    driver.then((1..4).flat_map(|step| planned(step, 1)).collect());
    assert_eq!(driver.busy.iter().map(|(id, _)| &id.command).collect::<Vec<_>>(), [&refresh(0, 1)]);
    // The one who asked fails; the next asks for itself.
    assert_eq!(driver.then(vec![failed(&path(1))]), [refresh(0, 2)]);
    assert_eq!(driver.then(vec![Event::Refreshed { step: path(0) }]), [apply(2), apply(3)]);
}

#[test]
fn an_answer_ends_no_look() {
    let mut driver = aged(3, 1);
    driver.then((1..3).flat_map(|step| planned(step, 1)).collect());
    driver.append(vec![answer(&path(1), QUESTION)]);
    assert_eq!(driver.busy.iter().map(|(id, _)| &id.command).collect::<Vec<_>>(), [&refresh(0, 1)]);
}

#[test]
fn who_waits_for_a_look_of_others_asks_anew_when_everything_ages() {
    let mut parts = vec![Part::default(), Part::default(), Part::default(), Part::default(), Part::default()];
    (parts[2].needs, parts[2].changes) = ([1].into(), 1);
    (parts[3].needs, parts[3].changes) = ([0, 1].into(), 1);
    let mut driver = calm(&parts);
    let wakes = |driver: &mut Driver| {
        let until = driver.now;
        driver.then(vec![Event::Waits { step: path(4), until, why: "not yet".into() }]);
        driver.then(vec![Event::Woke { step: path(4) }])
    };
    for step in [0, 1] {
        driver.then(ready(step));
        driver.then(planned(step, 0));
        driver.then(vec![Event::StepDone { step: path(step), outputs: Map::new(), left: Map::new() }]);
    }
    driver.then([2, 3, 4].into_iter().flat_map(ready).collect());
    wakes(&mut driver);
    assert_eq!(driver.then(planned(3, 1)), [refresh(0, 3)]);
    assert_eq!(driver.then(planned(2, 1)), [refresh(1, 2)]);
    assert!(driver.then(vec![Event::Refreshed { step: path(0) }]).is_empty(), "step 1 is being looked at");
    assert!(wakes(&mut driver).contains(&refresh(0, 3)));
    driver.finish();
    assert_eq!(driver.state.life, Life::Succeeded);
}

#[test]
fn a_write_under_way_is_not_doubled_when_its_inputs_age() {
    let mut driver = aged(3, 1);
    driver.then(planned(1, 1));
    assert_eq!(driver.then(vec![Event::Refreshed { step: path(0) }]), [apply(1)]);
    let until = driver.now;
    driver.busy.retain(|(id, _)| id.command.step() != Some(&path(2)));
    driver.append(vec![Event::Waits { step: path(2), until, why: "not yet".into() }]);
    driver.append(vec![Event::Woke { step: path(2) }]);
    let begun: Vec<&StepPath> = driver.busy.iter().filter_map(|(id, _)| id.command.step()).collect();
    assert_eq!(begun, [&path(1), &path(2)]);
}

#[test]
fn the_way_back_starts_afresh() {
    let mut driver = calm(&chain(1, 1));
    while driver.stage(0) != Stage::Verify {
        driver.advance();
    }
    let far = driver.now.after(Duration::from_hours(24));
    driver.then(vec![Event::Retries { step: path(0), until: far, attempt: 5, failure: busy_target() }]);
    driver.then(vec![Event::CancelAsked { by: "b".into(), note: None }]);
    driver.finish();
    let issued = driver.issued.len();
    driver.undo();
    let undo = Command::UndoChange { step: path(0), key: change(0, 0).key };
    assert_eq!(
        driver.issued[issued..],
        *std::slice::from_ref(&undo),
        "a timer of the way forward holds nothing back"
    );
    assert_eq!(driver.state.steps[0].attempts, 0);
    let stuck = Event::UndoStuck { step: path(0), key: change(0, 0).key, failure: busy_target() };
    assert!(driver.then(vec![stuck]).is_empty());
    let issued = driver.issued.len();
    driver.undo();
    assert_eq!(driver.issued[issued..], [undo], "asked for again, it is tried again");
    driver.finish();
    assert_eq!(driver.state.life, Life::Undone);
}
