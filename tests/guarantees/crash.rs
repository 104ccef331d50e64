//! The process dies at every write to its journal, forward and in undo; afterwards the world must be as if it had not.

use std::sync::Arc;

use contracts::{ApproveMode, Journal, Service};
use model::{Life, RunId};

use crate::cases::succeeding;
use crate::journal::{DyingJournal, Moment};
use crate::lab::{Lab, differences, story};
use crate::reference::sorted;

/// Takes a run up after a crash, as often as it takes, and says how it ended.
async fn carry_to_the_end(lab: &Lab) -> RunId {
    let process = lab.process(Arc::clone(&lab.journal));
    let run = match process.runs().await.expect("a journal").first() {
        Some(run) => *run,
        None => return lab.forward().await.expect("a fresh start"),
    };
    let state = lab.state(run).await;
    if state.life == Life::Awaiting {
        process
            .approve(run, contracts::ApproveRequest { by: "tester".into(), ..Default::default() })
            .await
            .expect("approved");
    } else if !state.life.rests() {
        process.resume(run, "tester").await.expect("resumed");
    }
    process.idle().await;
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_write_of_a_run_changes_nothing() {
    let mut points = 0;
    for scenario in succeeding() {
        let reference = scenario.lab().await;
        let run = reference.forward().await.expect("the uninterrupted run starts");
        let state = reference.state(run).await;
        assert_eq!(
            state.life,
            Life::Succeeded,
            "{}: {}",
            scenario.name,
            story(&reference.records(run).await)
        );
        let (world, effects) = (reference.picture().await, sorted(reference.our_effects()));
        for moment in [Moment::Before, Moment::After] {
            for at in 0.. {
                let lab = scenario.lab().await;
                let dying = Arc::new(DyingJournal::new(Arc::clone(&lab.journal), at, moment));
                let process = lab.process(Arc::clone(&dying) as Arc<dyn Journal>);
                let _ = process.start(lab.start(ApproveMode::Yes)).await;
                process.idle().await;
                if dying.writes() <= at {
                    break;
                }
                points += 1;
                let run = carry_to_the_end(&lab).await;
                let name = format!("{}, {moment:?} write {at}", scenario.name);
                check(&lab, run, Life::Succeeded, &world, &name).await;
                assert_eq!(sorted(lab.our_effects()), effects, "{name}");
            }
        }
    }
    println!("crash points forward: {points}");
    assert!(points > 500, "only {points} crash points were tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_write_of_an_undo_changes_nothing() {
    let mut points = 0;
    for scenario in succeeding() {
        let reference = scenario.lab().await;
        let run = reference.forward().await.expect("the run starts");
        let forward = reference.our_effects().len();
        reference.undo(&reference.process(Arc::clone(&reference.journal)), run).await.expect("undo starts");
        let world = reference.picture().await;
        let effects = sorted(reference.our_effects()[forward..].to_vec());
        for moment in [Moment::Before, Moment::After] {
            for at in 0.. {
                let lab = scenario.lab().await;
                let run = lab.forward().await.expect("the run starts");
                let forward = lab.our_effects().len();
                let dying = Arc::new(DyingJournal::new(Arc::clone(&lab.journal), at, moment));
                let process = lab.process(Arc::clone(&dying) as Arc<dyn Journal>);
                let _ = lab.undo(&process, run).await;
                if dying.writes() <= at {
                    break;
                }
                points += 1;
                let process = lab.process(Arc::clone(&lab.journal));
                match lab.state(run).await.life {
                    Life::Undone => {}
                    Life::Succeeded => lab.undo(&process, run).await.expect("undo starts"),
                    _ => {
                        process.resume(run, "tester").await.expect("undo goes on");
                        process.idle().await;
                    }
                }
                let name = format!("{}, {moment:?} write {at} of the undo", scenario.name);
                check(&lab, run, Life::Undone, &world, &name).await;
                assert_eq!(sorted(lab.our_effects()[forward..].to_vec()), effects, "{name}");
            }
        }
    }
    println!("crash points in undo: {points}");
    assert!(points > 100, "only {points} crash points were tried");
}

async fn check(lab: &Lab, run: RunId, life: Life, world: &serde_json::Value, name: &str) {
    assert_eq!(lab.state(run).await.life, life, "{name}:\n{}", story(&lab.records(run).await));
    let moved = differences(&lab.picture().await, world);
    assert!(moved.is_empty(), "{name}: {moved:#?}\n{}", story(&lab.records(run).await));
}
