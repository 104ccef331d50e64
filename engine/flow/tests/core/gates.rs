//! Gates: approval, forms and times hold a step, and only as long as they should.

use std::time::Duration;

use crate::flow;
use model::value::Map;
use model::{Answer, Command, Event, Stage};

use crate::driver::Driver;
use crate::perform::{answer, failed};
use crate::shapes::{GATE_WAIT_MS, GateKind, Part, QUESTION, chain, path};
use crate::world::Faults;

/// One step, its inputs evaluated.
fn at_gate(kind: GateKind) -> (Driver, Vec<Command>) {
    let parts = [Part { changes: 1, gate: Some(kind), ..Part::default() }];
    let mut driver = Driver::approved(&parts, Faults::default(), 1, 1);
    let commands = driver.then(vec![Event::StepReady { step: path(0), with: Map::new() }]);
    assert_eq!(driver.stage(0), Stage::Gate);
    (driver, commands)
}

fn open() -> Vec<Command> {
    vec![Command::OpenGate { step: path(0) }]
}

#[test]
fn an_approval_holds_until_it_is_given() {
    let (mut driver, commands) = at_gate(GateKind::Approval);
    assert!(commands.is_empty());
    let mut refused = answer(&path(0), model::Gate::APPROVAL);
    if let Event::FormAnswered { answer, .. } = &mut refused {
        *answer = Answer::NotSo("not today".into());
    }
    assert!(driver.then(vec![refused]).is_empty());
    assert!(driver.then(vec![answer(&path(0), QUESTION)]).is_empty(), "another question opens no gate");
    assert_eq!(driver.then(vec![answer(&path(0), model::Gate::APPROVAL)]), open());
}

#[test]
fn a_required_form_holds_until_it_is_answered_however_it_is() {
    let (mut driver, commands) = at_gate(GateKind::Required);
    assert!(commands.is_empty());
    let mut unsure = answer(&path(0), QUESTION);
    if let Event::FormAnswered { answer, .. } = &mut unsure {
        *answer = Answer::CannotTell("no access".into());
    }
    assert_eq!(driver.then(vec![unsure]), open());
    assert_eq!(driver.state.unchecked().len(), 1, "cannot tell is never clean");
}

#[test]
fn an_optional_form_holds_nothing_and_an_answer_starts_nothing_again() {
    let (mut driver, commands) = at_gate(GateKind::Optional);
    assert_eq!(commands, open());
    let answer = || answer(&path(0), QUESTION);
    driver.append(vec![answer()]);
    assert_eq!(driver.busy.len(), 1, "the gate is being opened already");
    let plan = driver.then(vec![Event::GatePassed { step: path(0), by: None, note: None }]);
    assert_eq!(plan, [Command::PlanStep { step: path(0) }]);
    driver.append(vec![answer()]);
    assert_eq!(driver.busy.len(), 1, "the step is looking already");
    let until = driver.now.after(Duration::from_secs(9));
    driver.then(vec![Event::Waits { step: path(0), until, why: "not yet".into() }]);
    assert!(driver.then(vec![answer()]).is_empty(), "an answer is no timer");
    assert_eq!(flow::next_wake(&driver.state), Some(until));
}

#[test]
fn a_time_holds_until_it_has_come() {
    let (mut driver, commands) = at_gate(GateKind::Wait);
    assert_eq!(commands, open());
    let begun = driver.now;
    driver.finish();
    let passed = driver.records.iter().find(|record| matches!(record.event, Event::GatePassed { .. }));
    let passed = passed.expect("the gate was passed").at;
    assert_eq!(passed.since(begun), Duration::from_millis(GATE_WAIT_MS));
}

#[test]
fn a_step_that_failed_at_its_gate_comes_back_to_its_gate() {
    for with in [Map::new(), Map::from([("a".to_owned(), model::Value::Int(1))])] {
        let parts = [Part { gate: Some(GateKind::Approval), ..Part::default() }];
        let mut driver = Driver::approved(&parts, Faults::default(), 1, 1);
        driver.then(vec![Event::StepReady { step: path(0), with: with.clone() }]);
        driver.then(vec![failed(&path(0))]);
        driver.finish();
        driver.resume();
        assert_eq!(driver.stage(0), Stage::Gate);
        assert!(driver.busy.is_empty(), "nobody approved");
        assert_eq!(driver.then(vec![answer(&path(0), model::Gate::APPROVAL)]), open());
        driver.then(vec![Event::GatePassed { step: path(0), by: None, note: None }]);
        driver.then(vec![failed(&path(0))]);
        driver.finish();
        driver.resume();
        assert_eq!(driver.stage(0), Stage::Plan, "a gate is passed once");
        assert_eq!(driver.state.steps[0].with, with);
    }
}

#[test]
fn inputs_are_evaluated_once_even_when_there_are_none() {
    for (at_inputs, times) in [(true, 2), (false, 1)] {
        let mut driver = Driver::approved(&chain(1, 0), Faults::default(), 1, 1);
        if !at_inputs {
            driver.then(vec![Event::StepReady { step: path(0), with: Map::new() }]);
        }
        driver.then(vec![failed(&path(0))]);
        driver.finish();
        driver.resume();
        driver.finish();
        assert_eq!(driver.stage(0), Stage::Done);
        let inputs = Command::EvaluateInputs { step: path(0) };
        assert_eq!(driver.issued.iter().filter(|command| **command == inputs).count(), times);
    }
}
