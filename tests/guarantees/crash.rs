//! The process dies at every write to its journal, forward and in undo; afterwards the world must be as if it had not.

use std::sync::Arc;

use contracts::{ApproveMode, Journal, Service};
use model::value::Map;
use model::{Life, RunId};
use sim::WorldSpec;

use crate::journal::{DyingJournal, Moment};
use crate::lab::{Lab, differences, shipped, story};

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
    for (id, workflow) in shipped() {
        let reference = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await;
        let run = reference.forward().await.expect("the uninterrupted run starts");
        let state = reference.state(run).await;
        assert_eq!(state.life, Life::Succeeded, "{id}: {}", story(&reference.records(run).await));
        let (world, effects) = (reference.picture().await, sorted(reference.our_effects()));
        for moment in [Moment::Before, Moment::After] {
            for at in 0.. {
                let lab = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await;
                let dying = Arc::new(DyingJournal::new(Arc::clone(&lab.journal), at, moment));
                let process = lab.process(Arc::clone(&dying) as Arc<dyn Journal>);
                let _ = process.start(lab.start(ApproveMode::Yes)).await;
                process.idle().await;
                if dying.writes() <= at {
                    break;
                }
                points += 1;
                let run = carry_to_the_end(&lab).await;
                let tale = || story_of(&lab, run);
                let after = lab.state(run).await;
                assert_eq!(after.life, Life::Succeeded, "{id}, {moment:?} write {at}:\n{}", tale().await);
                let moved = differences(&lab.picture().await, &world);
                assert!(moved.is_empty(), "{id}, {moment:?} write {at}: {moved:#?}\n{}", tale().await);
                assert_eq!(
                    sorted(lab.our_effects()),
                    effects,
                    "{id}, {moment:?} write {at}:\n{}",
                    tale().await
                );
            }
        }
    }
    println!("crash points forward: {points}");
    assert!(points > 100, "only {points} crash points were tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_write_of_an_undo_changes_nothing() {
    let mut points = 0;
    for (id, workflow) in shipped() {
        let untouched = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await.picture().await;
        for moment in [Moment::Before, Moment::After] {
            for at in 0.. {
                let lab = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await;
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
                let tale = || story_of(&lab, run);
                assert_eq!(
                    lab.state(run).await.life,
                    Life::Undone,
                    "{id}, {moment:?} write {at}:\n{}",
                    tale().await
                );
                assert_eq!(
                    lab.world().snapshot(),
                    untouched,
                    "{id}, {moment:?} write {at}:\n{}",
                    tale().await
                );
                let back = lab.our_effects()[forward..].to_vec();
                let mut once = back.clone();
                once.sort();
                once.dedup();
                assert_eq!(once.len(), back.len(), "{id}, {moment:?} write {at}: taken back twice: {back:?}");
            }
        }
    }
    println!("crash points in undo: {points}");
    assert!(points > 20, "only {points} crash points were tried");
}

async fn story_of(lab: &Lab, run: RunId) -> String {
    story(&lab.records(run).await)
}

fn sorted(mut effects: Vec<String>) -> Vec<String> {
    effects.sort();
    effects
}
