//! Faults by seed, on reads and writes alike: whatever a seed brings, a person who only ever repeats the same command
//! gets the uninterrupted run's world, with every effect made once.

use std::sync::Arc;

use contracts::{ApproveMode, Service};
use model::value::Map;
use model::{Life, RunId, Workflow};
use runtime::Supervisor;
use sim::{Faults, WorldSpec};

use crate::bounds;
use crate::lab::{Lab, differences, shipped, story};
use crate::reference::{Reference, sorted};

/// How many seeds are tried without being asked for more.
const SEEDS: u64 = 12;
/// Share of calls that fail.
const RATE: f64 = 0.06;
/// How often a command is repeated before the test gives up.
const PATIENCE: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_seed_brings_the_end_is_the_same() {
    for (id, workflow) in shipped() {
        let reference = Reference::of(&workflow).await;
        for seed in 1..=bounds::of("FOOTBRIDGE_SEEDS", SEEDS) {
            disturbed(&format!("{id}, seed {seed}"), &workflow, &reference, seed).await;
        }
    }
}

async fn disturbed(name: &str, workflow: &Workflow, reference: &Reference, seed: u64) {
    let lab = Lab::new(workflow, &WorldSpec::default(), Map::new()).await;
    let faults = Faults { seed: Some(seed), rate: RATE, ..Faults::default() };
    lab.world().faults(faults).expect("a fault plan");
    let process = lab.process(Arc::clone(&lab.journal));
    let run = started(&lab, &process, name).await;
    carried_to(Life::Succeeded, &lab, &process, run, name).await;
    let tale = || async { format!("{name}:\n{}", story(&lab.records(run).await)) };
    let moved = differences(&lab.picture().await, &reference.world);
    assert!(moved.is_empty(), "{moved:#?}\n{}", tale().await);
    assert_eq!(sorted(lab.our_effects()), reference.effects, "{}", tale().await);

    carried_to(Life::Undone, &lab, &process, run, name).await;
    let moved = differences(&lab.picture().await, &reference.untouched);
    assert!(moved.is_empty(), "{moved:#?}\n{}", tale().await);
    let back = lab.our_effects()[reference.effects.len()..].to_vec();
    assert_eq!(sorted(back), reference.undo_effects, "{}", tale().await);
}

/// A plan that could not look everywhere is refused; a person asks again.
async fn started(lab: &Lab, process: &Supervisor, name: &str) -> RunId {
    let mut refused = Vec::new();
    for _ in 0..PATIENCE {
        match process.start(lab.start(ApproveMode::Yes)).await {
            Ok(run) => {
                process.idle().await;
                return run;
            }
            Err(failure) => refused.push(failure.to_string()),
        }
        assert_eq!(lab.our_effects(), Vec::<String>::new(), "{name}: a refused start writes nothing");
    }
    panic!("{name}: the run never started: {refused:#?}");
}

/// Repeats what `explain` would offer until the run is as wanted.
async fn carried_to(wanted: Life, lab: &Lab, process: &Supervisor, run: RunId, name: &str) {
    let mut refused = Vec::new();
    for _ in 0..PATIENCE {
        let life = lab.state(run).await.life;
        if life == wanted {
            return;
        }
        let result = match life {
            Life::Failed | Life::Running | Life::Undoing => process.resume(run, "tester").await,
            Life::Succeeded | Life::Stuck => lab.undo(process, run).await,
            Life::Awaiting | Life::Paused | Life::Cancelled | Life::Undone => {
                panic!("{name}: {life:?} was not asked for")
            }
        };
        process.idle().await;
        refused.extend(result.err().map(|failure| format!("{life:?}: {failure}")));
    }
    panic!("{name}: never {wanted:?}: {refused:#?}\n{}", story(&lab.records(run).await));
}
