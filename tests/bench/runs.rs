//! Many runs at a time, six steps each, two durable writes a step: scripts, gateway, journal and disk together.
//!
//! Writes to one target take turns, so the runs are spread over as many targets, as a provider's tenants are; one line
//! has them all on one target.

use std::sync::Arc;

use contracts::{ApproveMode, Durability, Service as _};
use model::Asker;
use model::{RunId, Workflow};

use crate::rig::{self, Kind, Rig};
use crate::scale::Scale;
use crate::stopwatch::Stopwatch;
use crate::table::{Goal, Line, Unit};
use crate::workflows;

#[derive(Clone, Copy, PartialEq)]
enum Targets {
    Own,
    Shared,
}

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let count = scale.of(1_000);
    let workflow = workflows::six_steps();
    let [mut store, mut raw, mut shared, mut planned] = [const { Vec::new() }; 4];
    for _ in 0..scale.rounds() {
        rig::runtime().block_on(async {
            store.push(carried_on(Kind::Sled, &workflow, count, Targets::Own).await);
            raw.push(carried_on(Kind::RawLog, &workflow, count, Targets::Own).await);
            shared.push(carried_on(Kind::Sled, &workflow, count.div_ceil(10), Targets::Shared).await);
            planned.push(from_nothing(&workflow, count).await);
        });
    }
    let of = |how: &str| format!("{count} runs of six steps, two writes each: {how}");
    vec![
        Line::ratio(of("store beside raw log"), &store, &raw).goal(Goal::AtLeast(0.6)),
        Line::new(of("steps"), Unit::PerSecond, store).goal(Goal::AtLeast(15_000.0)),
        Line::new(of("steps over the raw log"), Unit::PerSecond, raw),
        Line::new(of("steps, planning included"), Unit::PerSecond, planned),
        Line::new(format!("{} such runs on one target: steps", count.div_ceil(10)), Unit::PerSecond, shared),
    ]
}

/// Runs that were planned and approved before, carried on by a process that finds them in the store.
async fn carried_on(kind: Kind, workflow: &Workflow, count: usize, targets: Targets) -> f64 {
    let mut rig = Rig::new(kind, rig::scripts());
    let runs = start_all(&rig, workflow, count, targets, ApproveMode::Wait).await;
    rig.supervisor.idle().await;
    for run in &runs {
        let last = rig::approved(rig.journal.as_ref(), *run).await.0.pop().into_iter().collect();
        rig.journal.append(*run, last, Durability::Lazy).await.expect("appended");
    }
    rig.another(rig::scripts());
    let watch = Stopwatch::start();
    let resumed = runs.iter().map(|run| {
        let (supervisor, run) = (Arc::clone(&rig.supervisor), *run);
        tokio::spawn(async move { supervisor.resume(run, Asker::new("bench", None)).await })
    });
    for resumed in resumed.collect::<Vec<_>>() {
        resumed.await.expect("no panic").expect("it goes on");
    }
    rig.supervisor.idle().await;
    let rate = watch.rate(count * workflow.steps.len());
    for run in runs {
        rig.expect_succeeded(run).await;
    }
    rate
}

async fn from_nothing(workflow: &Workflow, count: usize) -> f64 {
    let rig = Rig::new(Kind::Sled, rig::scripts());
    let watch = Stopwatch::start();
    let runs = start_all(&rig, workflow, count, Targets::Own, ApproveMode::Yes).await;
    rig.supervisor.idle().await;
    let rate = watch.rate(count * workflow.steps.len());
    for run in runs {
        rig.expect_succeeded(run).await;
    }
    rate
}

async fn start_all(
    rig: &Rig,
    workflow: &Workflow,
    count: usize,
    targets: Targets,
    approve: ApproveMode,
) -> Vec<RunId> {
    let workflow = Arc::new(workflow.clone());
    let started = (0..count).map(|at| {
        let (supervisor, workflow) = (Arc::clone(&rig.supervisor), Arc::clone(&workflow));
        let approve = approve.clone();
        tokio::spawn(async move {
            let target = if targets == Targets::Own { format!("tenant-{at}") } else { "tenant".to_owned() };
            rig::start(&supervisor, &workflow, &target, &format!("run-{at}"), approve).await
        })
    });
    let mut runs = Vec::with_capacity(count);
    for started in started.collect::<Vec<_>>() {
        runs.push(started.await.expect("no panic"));
    }
    runs
}
