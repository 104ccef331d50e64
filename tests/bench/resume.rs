//! A long run taken up by a process that knows nothing of it: from the first read to the record that says so.

use std::sync::Arc;

use contracts::{ApproveMode, Durability, Service as _};
use model::Asker;
use model::{RunId, Workflow};

use crate::no_scripts::NoScripts;
use crate::rig::{self, Kind, Rig};
use crate::scale::Scale;
use crate::stopwatch::Stopwatch;
use crate::table::{Goal, Line, Unit};
use crate::workflows;

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let length = scale.of(10_000);
    let workflow = workflows::bare_chain(length);
    let [mut executor, mut scripted] = [const { Vec::new() }; 2];
    rig::runtime().block_on(async {
        let mut rig = Rig::new(Kind::Sled, Arc::new(NoScripts));
        let run = waiting_at_its_end(&rig, &workflow).await;
        for _ in 0..scale.rounds() {
            rig.another(Arc::new(NoScripts));
            executor.push(resumed(&rig, run).await);
            rig.another(rig::scripts());
            scripted.push(resumed(&rig, run).await);
        }
    });
    let of = |how: &str| format!("resume of a run of {length} steps: {how}");
    vec![
        Line::new(of("executor over the store"), Unit::Milliseconds, executor).goal(Goal::AtMost(100.0)),
        Line::new(of("with scripts"), Unit::Milliseconds, scripted).goal(Goal::AtMost(100.0)),
    ]
}

/// Until the run is taken up, on disk.
async fn resumed(rig: &Rig, run: RunId) -> f64 {
    let watch = Stopwatch::start();
    rig.supervisor.resume(run, Asker::new("bench", None)).await.expect("it goes on");
    let taken = watch.milliseconds();
    rig.supervisor.stop().await;
    taken
}

/// A run of which every step but the last is done; the last waits for years.
async fn waiting_at_its_end(rig: &Rig, workflow: &Workflow) -> RunId {
    let run = rig::start(&rig.supervisor, workflow, "bench", "run", ApproveMode::Wait).await;
    rig.supervisor.idle().await;
    let mut history = rig::approved(rig.journal.as_ref(), run).await;
    let already = history.0.len() - 1;
    let (last, done) = workflow.steps.split_last().expect("a workflow has steps");
    for step in done {
        history.done(&step.path);
    }
    history.waits(&last.path);
    for part in history.0[already..].chunks(1_000) {
        rig.journal.append(run, part.to_vec(), Durability::Awaited).await.expect("appended");
    }
    run
}
