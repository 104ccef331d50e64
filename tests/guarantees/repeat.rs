//! Everything done twice: a run after a run, an undo after an undo, and the two in turn.

use std::sync::Arc;

use contracts::Service;
use model::value::Map;
use model::{Code, Life};
use sim::{Profile, WorldSpec};

use crate::cases::succeeding;
use crate::lab::{Lab, differences, shipped, story};
use crate::reference::{Reference, sorted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_finds_everything_so_and_takes_nothing_away() {
    for scenario in succeeding() {
        let (id, lab) = (&scenario.name, scenario.lab().await);
        lab.forward().await.expect("the first run starts");
        let (world, effects) = (lab.picture().await, lab.our_effects());
        let process = lab.process(Arc::clone(&lab.journal));
        let plan = process.plan(lab.plan()).await.expect("a plan").plan;
        let wanted: Vec<_> = plan.steps.iter().flat_map(|step| &step.changes).collect();
        assert!(wanted.iter().all(|change| !change.writes()), "{id}: {wanted:#?}");

        let second = lab.forward().await.expect("the second run starts");
        let tale = story(&lab.records(second).await);
        assert_eq!(lab.state(second).await.life, Life::Succeeded, "{id}:\n{tale}");
        assert_eq!(lab.our_effects(), effects, "{id}:\n{tale}");
        assert_eq!(differences(&lab.picture().await, &world), Vec::<String>::new(), "{id}:\n{tale}");

        lab.undo(&process, second).await.expect("the second run may be undone");
        let tale = story(&lab.records(second).await);
        assert_eq!(lab.state(second).await.life, Life::Undone, "{id}:\n{tale}");
        assert_eq!(lab.our_effects(), effects, "{id}:\n{tale}");
        assert_eq!(differences(&lab.picture().await, &world), Vec::<String>::new(), "{id}:\n{tale}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_is_refused_and_writes_nothing() {
    for scenario in succeeding() {
        let (id, lab) = (&scenario.name, scenario.lab().await);
        let run = lab.forward().await.expect("the run starts");
        let records = lab.records(run).await.len();
        let process = lab.process(Arc::clone(&lab.journal));
        let refused = process.resume(run, "tester").await.expect_err("a finished run is not resumed");
        assert_eq!(refused.code, Code::RunState, "{id}: {refused}");
        let refused = process.cancel(run, "tester").await.expect_err("a finished run is not cancelled");
        assert_eq!(refused.code, Code::RunState, "{id}: {refused}");
        assert_eq!(lab.records(run).await.len(), records, "{id}: a refusal is not journaled");

        lab.undo(&process, run).await.expect("undo starts");
        let (records, effects) = (lab.records(run).await.len(), lab.our_effects());
        for process in [Arc::clone(&process), lab.process(Arc::clone(&lab.journal))] {
            let refused = process.undo(run, "tester", None).await.expect_err("undone once");
            assert_eq!(refused.code, Code::RunState, "{id}: {refused}");
            let refused = process.resume(run, "tester").await.expect_err("an undone run is not resumed");
            assert_eq!(refused.code, Code::RunState, "{id}: {refused}");
        }
        assert_eq!(lab.records(run).await.len(), records, "{id}: a refusal is not journaled");
        assert_eq!(lab.our_effects(), effects, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_and_undo_in_turn_give_the_same_worlds() {
    for (id, workflow) in shipped() {
        let reference = Reference::of(&workflow).await;
        let lab = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await;
        let process = lab.process(Arc::clone(&lab.journal));
        for round in 1..=3 {
            let before = lab.our_effects().len();
            let run = lab.forward().await.expect("the run starts");
            let tale = story(&lab.records(run).await);
            assert_eq!(lab.state(run).await.life, Life::Succeeded, "{id}, round {round}:\n{tale}");
            let moved = differences(&lab.picture().await, &reference.world);
            assert!(moved.is_empty(), "{id}, round {round}: {moved:#?}\n{tale}");
            let done = lab.our_effects();
            assert_eq!(sorted(done[before..].to_vec()), reference.effects, "{id}, round {round}");

            lab.undo(&process, run).await.expect("undo starts");
            let tale = story(&lab.records(run).await);
            assert_eq!(lab.state(run).await.life, Life::Undone, "{id}, round {round}:\n{tale}");
            let moved = differences(&lab.picture().await, &reference.untouched);
            assert!(moved.is_empty(), "{id}, round {round}: {moved:#?}\n{tale}");
            let back = lab.our_effects()[done.len()..].to_vec();
            assert_eq!(sorted(back), reference.undo_effects, "{id}, round {round}");
        }
    }
}

/// What was there before the run stays when the run is undone, and what the run took from it comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_done_world_comes_back_exactly_half_done() {
    for (id, workflow) in shipped() {
        let world = WorldSpec { profile: Profile::HalfDone, ..WorldSpec::default() };
        let lab = Lab::new(&workflow, &world, Map::new()).await;
        let half_done = lab.picture().await;
        let process = lab.process(Arc::clone(&lab.journal));
        let mut worlds = Vec::new();
        for round in 1..=2 {
            let run = lab.forward().await.expect("the run starts");
            let tale = story(&lab.records(run).await);
            assert_eq!(lab.state(run).await.life, Life::Succeeded, "{id}, round {round}:\n{tale}");
            worlds.push(lab.picture().await);
            lab.undo(&process, run).await.expect("undo starts");
            let tale = story(&lab.records(run).await);
            assert_eq!(lab.state(run).await.life, Life::Undone, "{id}, round {round}:\n{tale}");
            let moved = differences(&lab.picture().await, &half_done);
            assert!(moved.is_empty(), "{id}, round {round}: {moved:#?}\n{tale}");
        }
        assert_ne!(worlds[0], half_done, "{id}: the run did something");
        assert_eq!(differences(&worlds[0], &worlds[1]), Vec::<String>::new(), "{id}");
    }
}
