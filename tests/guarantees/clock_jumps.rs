//! The clock jumps both ways by hours and days, at any look and between two processes, while processes die and answers are
//! lost whose effects come late: a run and its undo end the same, and nothing is done twice.

#[cfg(target_os = "linux")]
mod binary;
mod late;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use contracts::{Journal, JournalError, Service as _};
use model::value::Map;
use model::{Asker, Code, Life, RunId};
use runtime::Supervisor;
use sim::WorldSpec;

use crate::bounds;
use crate::clock::JumpingClock;
use crate::guarded::Guarded;
use crate::lab::{Lab, differences, process_on, shipped, sorted, story};
use late::LateTargets;

/// How many runs are tried without being asked for more.
const ROUNDS: u64 = 12;
/// How often a process of one run, and of its undo, dies at most.
const DEATHS: u64 = 4;
/// A process dies after so many writes to its journal at most.
const WRITES_MAX: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_changes_nothing() {
    let rounds = bounds::of("FOOTBRIDGE_CLOCK_ROUNDS", ROUNDS);
    let (mut jumps, mut lost) = (0, 0);
    for (id, workflow) in shipped() {
        let quiet = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await;
        let run = quiet.forward().await.expect("the run starts");
        let (world, effects) = (quiet.picture().await, quiet.our_effects());
        quiet.undo(&quiet.process(Arc::clone(&quiet.journal)), run).await.expect("it can be undone");
        let (untouched, all) = (quiet.picture().await, quiet.our_effects());
        let undo_effects = sorted(all[effects.len()..].to_vec());
        let effects = sorted(effects);
        assert!(!effects.is_empty() && !undo_effects.is_empty());
        for round in 1..=rounds {
            let name = format!("{id}, round {round}");
            let lab = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await;
            let clock = Arc::new(JumpingClock::new(round));
            let targets = Arc::new(LateTargets::new(lab.targets(), Arc::clone(&clock)));
            let fire = Fire { lab, clock, targets };
            let run = fire.until(None, Life::Succeeded, &name).await;
            let done = fire.lab.our_effects();
            let story = || async { story(&fire.lab.records(run).await) };
            let found = differences(&fire.lab.picture().await, &world);
            assert_eq!(found, Vec::<String>::new(), "{name}\n{}", story().await);
            assert_eq!(sorted(done.clone()), effects, "{name}\n{}", story().await);
            fire.until(Some(run), Life::Undone, &name).await;
            let found = differences(&fire.lab.picture().await, &untouched);
            assert_eq!(found, Vec::<String>::new(), "{name}\n{}", story().await);
            let back = sorted(fire.lab.our_effects()[done.len()..].to_vec());
            assert_eq!(back, undo_effects, "{name}\n{}", story().await);
            jumps += fire.clock.jumps();
            lost += fire.targets.lost();
        }
    }
    println!("rounds: {rounds}, jumps: {jumps}, answers lost: {lost}");
    assert!(jumps > rounds && lost > rounds, "too calm: {jumps} jumps, {lost} lost answers");
}

/// A lab whose clock jumps and whose answers are lost.
struct Fire {
    lab: Lab,
    clock: Arc<JumpingClock>,
    targets: Arc<LateTargets>,
}

impl Fire {
    /// Goes on as a person would, in processes that die, until the run is as wanted.
    async fn until(&self, mut run: Option<RunId>, wanted: Life, name: &str) -> RunId {
        let mut deaths = self.clock.draw() % DEATHS;
        for _ in 0..50 {
            let life = match run {
                Some(run) => Some(self.lab.state(run).await.life),
                None => None,
            };
            if let (Some(run), Some(life)) = (run, life)
                && life == wanted
            {
                self.targets.land_all().await;
                return run;
            }
            let writes = if deaths > 0 { 1 + self.clock.draw() % WRITES_MAX } else { u64::from(u32::MAX) };
            deaths = deaths.saturating_sub(1);
            let journal = mortal(&self.lab.journal, writes);
            let process = process_on(Arc::clone(&self.targets) as _, journal, Arc::clone(&self.clock) as _);
            self.clock.jump();
            run = self.go_on(&process, run, life).await;
            process.idle().await;
        }
        let run = run.expect("it began");
        panic!("{name}: not {wanted:?}\n{}", story(&self.lab.records(run).await));
    }

    /// What a person asks for next. Whatever kept a process from it, another one is asked again.
    async fn go_on(&self, process: &Supervisor, run: Option<RunId>, life: Option<Life>) -> Option<RunId> {
        let Some(run) = run else {
            let started = process.start(self.lab.start(contracts::ApproveMode::Yes)).await;
            return started.ok();
        };
        let _ = match life {
            Some(Life::Succeeded | Life::Stuck) => self.lab.undo(process, run).await,
            _ => process.resume(run, Asker::new("tester", None)).await,
        };
        Some(run)
    }
}

/// A journal whose process dies after so many writes to it.
fn mortal(inner: &Arc<dyn Journal>, writes: u64) -> Arc<Guarded> {
    let left = AtomicI64::new(writes.cast_signed());
    Guarded::new(inner, move |_, records| {
        if !records.is_empty() && left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(JournalError::new(Code::StoreIo, "the process died here"));
        }
        Ok(())
    })
}
