//! How the driver performs each command: the batches of events that the world's answers come to.

use std::time::Duration;

use crate::flow;
use crate::flow::Settlement;
use model::step_state::Progress;
use model::value::Map;
use model::{
    Answer, Applied, Change, ChangeKind, Class, Code, Command, Digest, Event, Failure, Ownership,
    Reversibility, Stage, StepPath, Value,
};

use crate::driver::{Driver, SETTLE_MS};
use crate::shapes::{GATE_WAIT_MS, GateKind, QUESTION, position};
use crate::world::Fate;

/// Carries one command under way one batch on.
pub(crate) fn go_on(driver: &mut Driver, index: usize) {
    let (id, sent) = driver.busy[index].clone();
    let write = match &id.command {
        Command::ApplyChange { step, key } => Some((step, key, false)),
        Command::UndoChange { step, key } => Some((step, key, true)),
        Command::EvaluateInputs { .. }
        | Command::OpenGate { .. }
        | Command::PlanStep { .. }
        | Command::Refresh { .. }
        | Command::Settle { .. }
        | Command::VerifyStep { .. }
        | Command::Rest { .. } => None,
    };
    if let Some((step, key, undo)) = write
        && !sent
    {
        let moved = !undo && driver.world.fate(&format!("look {key}")) == Fate::Moved;
        if !moved {
            driver.busy[index].1 = true;
            driver.append(vec![Event::Intent {
                step: step.clone(),
                key: key.clone(),
                attempt: 1,
                function: "sim.write".into(),
                arguments: Map::new(),
                settle_ms: SETTLE_MS,
                undo,
            }]);
            return;
        }
        driver.busy.swap_remove(index);
        let held = hold(driver, step, "the object moved");
        driver.append(vec![held]);
        return;
    }
    driver.busy.swap_remove(index);
    let events = match &id.command {
        Command::EvaluateInputs { step } => inputs(driver, step),
        Command::OpenGate { step } => gate(driver, step),
        Command::PlanStep { step } => plan(driver, step),
        Command::Refresh { step, for_step } => refresh(driver, step, for_step),
        Command::ApplyChange { step, key } => write_change(driver, &id.command, step, key, false),
        Command::UndoChange { step, key } => write_change(driver, &id.command, step, key, true),
        Command::Settle { step, key, undo } => settle(driver, step, key, *undo),
        Command::VerifyStep { step } => verify(driver, step),
        Command::Rest { .. } => unreachable!("a rest is kept apart"),
    };
    driver.append(events);
}

/// What a person owes a run that goes no further by itself.
pub(crate) fn owed(driver: &Driver) -> Vec<Event> {
    let mut owed = Vec::new();
    for (step, one) in driver.state.pairs() {
        let step_path = step.path.clone();
        match one.stage {
            Stage::Gate => {
                let approves = step.gate.as_ref().is_some_and(|gate| gate.approval.is_some());
                let question = if approves { model::Gate::APPROVAL } else { QUESTION };
                owed.push(answer(&step_path, question));
            }
            Stage::Held => owed.push(Event::StepApproved {
                step: step_path.clone(),
                digest: Digest::default(),
                by: "b".into(),
                note: None,
            }),
            Stage::Pending
            | Stage::Plan
            | Stage::Change
            | Stage::Verify
            | Stage::Done
            | Stage::Skipped
            | Stage::Failed
            | Stage::Retired => {}
        }
        for change in &one.changes {
            for (undo, progress) in [(false, &change.progress), (true, &change.undo)] {
                if let Progress::Asked { .. } = progress {
                    let there =
                        driver.world.is_there(&change.change.key, driver.now.after(Duration::from_mins(1)));
                    let decision = if there == undo {
                        model::event::Decision::Retry
                    } else {
                        model::event::Decision::Done
                    };
                    owed.push(Event::Decided {
                        step: step.path.clone(),
                        key: change.change.key.clone(),
                        decision,
                        by: "b".into(),
                        note: None,
                        files: Vec::new(),
                        undo,
                    });
                }
            }
        }
    }
    owed
}

pub(crate) fn answer(step: &StepPath, question: &str) -> Event {
    Event::FormAnswered {
        step: step.clone(),
        question: question.to_owned(),
        answer: Answer::So,
        by: "b".into(),
        note: None,
        files: Vec::new(),
    }
}

/// A write takes effect in the world, `after_ms` from now.
pub(crate) fn effect(driver: &mut Driver, command: &Command, after_ms: u64) {
    let from = driver.now.after(Duration::from_millis(after_ms));
    match command {
        Command::ApplyChange { key, .. } => driver.world.put(key, from),
        Command::UndoChange { key, .. } => driver.world.take_back(key),
        Command::EvaluateInputs { .. }
        | Command::OpenGate { .. }
        | Command::PlanStep { .. }
        | Command::Refresh { .. }
        | Command::Settle { .. }
        | Command::VerifyStep { .. }
        | Command::Rest { .. } => {}
    }
}

/// Whether the target refuses the write for good.
pub(crate) fn refused(driver: &Driver, command: &Command) -> bool {
    matches!(command, Command::ApplyChange { step, key }
        if key.ends_with("c0") && driver.world.doomed(position(step)))
}

/// The write that a step's change at `at` is: named alike in every plan.
pub(crate) fn change(step: usize, at: usize) -> Change {
    Change {
        key: format!("s{step}c{at}"),
        target: format!("thing:s{step}c{at}"),
        kind: ChangeKind::Create,
        before: Value::Null,
        after: Value::text("there"),
        summary: None,
        reversibility: Reversibility::Reversible,
        loss: None,
        note: Value::Null,
    }
}

pub(crate) fn failed(step: &StepPath) -> Event {
    let failure = Failure::new(Code::Internal, Class::Denied, "the target says no");
    Event::StepFailed { step: step.clone(), failure }
}

fn wanted(driver: &Driver, step: &StepPath) -> Vec<Change> {
    let at = position(step);
    (0..driver.parts[at].changes)
        .map(|index| change(at, index))
        .filter(|change| !driver.world.is_there(&change.key, driver.now))
        .collect()
}

fn hold(driver: &Driver, step: &StepPath, why: &str) -> Event {
    Event::StepHeld {
        step: step.clone(),
        changes: wanted(driver, step),
        differences: Vec::new(),
        digest: Digest::default(),
        why: why.into(),
    }
}

fn inputs(driver: &mut Driver, step: &StepPath) -> Vec<Event> {
    let step = step.clone();
    let at = position(&step);
    match driver.world.fate(&format!("inputs {at}")) {
        Fate::Transient { retry_after_ms } => vec![retries(driver, &step, retry_after_ms)],
        _ if driver.parts[at].skipped => vec![Event::StepSkipped { step }],
        _ => vec![Event::StepReady { step, with: Map::new() }],
    }
}

fn gate(driver: &Driver, step: &StepPath) -> Vec<Event> {
    let one = &driver.state.steps[position(step)];
    let opens = one.since.min(driver.wall()).after(Duration::from_millis(GATE_WAIT_MS));
    if matches!(driver.parts[position(step)].gate, Some(GateKind::Wait)) && driver.wall() < opens {
        return vec![Event::Waits { step: step.clone(), until: opens, why: "its gate".into() }];
    }
    vec![Event::GatePassed { step: step.clone(), by: None, note: None }]
}

fn plan(driver: &mut Driver, step: &StepPath) -> Vec<Event> {
    let at = position(step);
    match driver.world.fate(&format!("plan {at}")) {
        Fate::Transient { retry_after_ms } => vec![retries(driver, step, retry_after_ms)],
        Fate::NotYet => vec![not_yet(driver, step)],
        Fate::Moved => vec![hold(driver, step, "it moved")],
        _ if driver.world.doomed(at) && driver.parts[at].changes == 0 => vec![failed(step)],
        _ => {
            let changes = wanted(driver, step);
            vec![Event::StepPlanned { step: step.clone(), changes, already: Map::new() }]
        }
    }
}

fn refresh(driver: &mut Driver, step: &StepPath, for_step: &StepPath) -> Vec<Event> {
    match driver.world.fate(&format!("refresh {for_step}")) {
        Fate::Transient { retry_after_ms } => vec![retries(driver, for_step, retry_after_ms)],
        Fate::NotYet => vec![not_yet(driver, for_step)],
        Fate::Moved => vec![hold(driver, for_step, "its inputs moved")],
        _ => vec![Event::Refreshed { step: step.clone() }],
    }
}

fn write_change(
    driver: &mut Driver,
    command: &Command,
    step: &StepPath,
    key: &str,
    undo: bool,
) -> Vec<Event> {
    let key = key.to_owned();
    let not_done = |failure: Failure| Event::NotDone { step: step.clone(), key: key.clone(), failure, undo };
    let verb = if undo { "undo" } else { "apply" };
    if refused(driver, command) {
        let failure = Failure::new(Code::Internal, Class::Denied, "no");
        return vec![not_done(failure), failed(step)];
    }
    match driver.world.fate(&format!("{verb} {key}")) {
        Fate::Transient { retry_after_ms } => {
            let failure = Failure::new(Code::Internal, Class::Transient, "busy");
            vec![not_done(failure), retries(driver, step, retry_after_ms)]
        }
        Fate::Lost { effect_after_ms } => {
            if let Some(delay) = effect_after_ms {
                effect(driver, command, delay);
            }
            vec![Event::Doubted { step: step.clone(), key, why: "no answer".into(), undo }]
        }
        Fate::Good | Fate::NotYet | Fate::Moved | Fate::CannotTell => {
            effect(driver, command, 0);
            let applied = Applied { ownership: Ownership::Ours, outcome: Value::Null, evidence: Map::new() };
            vec![Event::Outcome { step: step.clone(), key, applied, undo }]
        }
    }
}

fn settle(driver: &mut Driver, step: &StepPath, key: &str, undo: bool) -> Vec<Event> {
    let (step, key) = (step.clone(), key.to_owned());
    if driver.world.fate(&format!("settle {undo} {key}")) == Fate::CannotTell {
        return vec![Event::Asked { step, key, why: "cannot tell".into(), undo }];
    }
    let one = &driver.state.steps[position(&step)];
    let change = one.change(&key).expect("a change in doubt is there");
    let progress = if undo { &change.undo } else { &change.progress };
    let Progress::InDoubt { settle_ms, looks, .. } = *progress else {
        panic!("settling what is not in doubt: {key}");
    };
    let there = driver.world.is_there(&key, driver.now);
    let seen = if there { change.change.after.clone() } else { Value::Null };
    let (wanted, before) = (change.change.after.clone(), change.change.before.clone());
    let (wanted, before) = if undo { (before, wanted) } else { (wanted, before) };
    let write = (step.clone(), key.clone(), undo);
    if looks == 0 {
        driver.looking.remove(&write);
    }
    let looked_for = driver.now.since(*driver.looking.entry(write).or_insert(driver.now));
    let found = flow::settle(&wanted, &before, Some(&seen), settle_ms, looked_for, looks);
    vec![match found {
        Settlement::TookEffect => Event::Settled { step, key, took_effect: true, now: seen, undo },
        Settlement::NotDone => Event::Settled { step, key, took_effect: false, now: seen, undo },
        Settlement::LookAgain { after } => {
            Event::LookedInVain { step, key, until: driver.wall().after(after), undo }
        }
        Settlement::CannotTell { why } => panic!("the world shows one of two states: {why}"),
    }]
}

fn verify(driver: &mut Driver, step: &StepPath) -> Vec<Event> {
    let at = position(step);
    match driver.world.fate(&format!("verify {at}")) {
        Fate::Transient { retry_after_ms } => vec![retries(driver, step, retry_after_ms)],
        Fate::NotYet => vec![not_yet(driver, step)],
        _ => {
            // Whom a person vouches for may lack what the plan wanted: nobody writes it.
            let by_hand = driver.state.steps[at].by_hand.is_some();
            let missing = if by_hand { Vec::new() } else { wanted(driver, step) };
            assert!(missing.is_empty(), "{step} counts as written what is not there: {missing:?}");
            let output = Value::text(format!("made by {step}"));
            let outputs = Map::from([("made".to_owned(), output)]);
            vec![Event::StepDone { step: step.clone(), outputs, left: Map::new() }]
        }
    }
}

/// As the failure says: tried again later, or the step fails.
pub(crate) fn retries(driver: &Driver, step: &StepPath, retry_after_ms: Option<u64>) -> Event {
    let mut failure = Failure::new(Code::Internal, Class::Transient, "busy");
    failure.retry_after_ms = retry_after_ms;
    let (spec, one) = driver.state.step(step).expect("a step of the run");
    match flow::again(spec, one, &failure, driver.wall()) {
        Some(until) => {
            assert!(until.since(driver.wall()) >= Duration::from_millis(retry_after_ms.unwrap_or(0)));
            Event::Retries { step: step.clone(), until, attempt: one.attempts + 1, failure }
        }
        None => Event::StepFailed { step: step.clone(), failure },
    }
}

fn not_yet(driver: &Driver, step: &StepPath) -> Event {
    let until = driver.wall().after(Duration::from_secs(30));
    let (spec, one) = driver.state.step(step).expect("a step of the run");
    if flow::past_deadline(spec, one, driver.wall(), until) {
        return failed(step);
    }
    Event::Waits { step: step.clone(), until, why: "not yet".into() }
}
