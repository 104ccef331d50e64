//! A run that waits for days costs an entry in a timetable, and goes on by itself when its time has come.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use contracts::{ApproveMode, ApproveRequest, Service as _};
use model::run_state::RunStatus;
use model::value::Map;
use model::{Asker, Event, Life, RunId, Workflow};
use runtime::{Load, Notice, Supervisor, TakenUp};
use sim::WorldSpec;
use tokio::sync::broadcast::Receiver;

use crate::clock::StillClock;
use crate::lab::{Lab, written};

const NOTE: &str = "fn apply(ctx, change) { #{} }\n";
const DAY: Duration = Duration::from_hours(24);

/// Two notes; the gate of the second is `gate`.
fn notes(gate: &str) -> Workflow {
    let manifest = format!(
        "[workflow]\nid = 'notes'\nversion = '1.0.0'\ntitle = 'Notes'\n[steps.first]\ntitle = 'First'\n\
         [steps.second]\ntitle = 'Second'\nneeds = ['first']\ngate = {gate}\n"
    );
    written(&[("workflow.toml", &manifest), ("steps/first.rhai", NOTE), ("steps/second.rhai", NOTE)])
}

/// Longer than anything here takes: what never comes fails the test instead of holding it up.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(2), future).await.expect("it comes")
}

/// The notice that ends a run's time with a runner.
async fn ended(notices: &mut Receiver<Notice>) -> Notice {
    loop {
        match soon(notices.recv()).await.expect("the supervisor lives") {
            Notice::CarriedOn { .. } => {}
            notice => return notice,
        }
    }
}

struct Stage {
    lab: Lab,
    clock: Arc<StillClock>,
}

impl Stage {
    async fn new(gate: &str) -> Stage {
        let lab = Lab::new(&notes(gate), &WorldSpec::default(), Map::new()).await;
        Stage { lab, clock: Arc::new(StillClock::new()) }
    }

    fn process(&self) -> Arc<Supervisor> {
        self.lab.process_at(Arc::clone(&self.lab.journal), Arc::clone(&self.clock) as _)
    }

    /// Starts a run and lets it come to its gate.
    async fn waiting(&self, process: &Supervisor) -> RunId {
        let mut notices = process.notices();
        let run = process.start(self.lab.start(ApproveMode::Yes)).await.expect("it starts");
        let notice = ended(&mut notices).await;
        assert!(matches!(notice, Notice::PutDown { run: other, .. } if other == run), "{notice:?}");
        run
    }

    async fn names(&self, run: RunId, wanted: fn(&Event) -> bool) -> usize {
        self.lab.records(run).await.iter().filter(|record| wanted(&record.event)).count()
    }
}

/// Tasks that have said what they did still have to end.
async fn at_ease(process: &Supervisor, load: Load) {
    soon(async {
        while process.load() != load {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_days_is_not_in_memory_and_wakes_by_itself() {
    let stage = Stage::new("{ wait = '3d' }").await;
    let process = stage.process();
    let run = stage.waiting(&process).await;
    at_ease(&process, Load { in_memory: 0, waiting: 1 }).await;
    let before = process.history(run, 0, 0).await.expect("a history");
    assert!(before.live, "it goes on by itself");
    // Whoever follows it hears of its waking.
    let next = before.records.len() as u32;
    let follower = tokio::spawn({
        let process = Arc::clone(&process);
        async move { process.history(run, next, 120_000).await }
    });
    let mut notices = process.notices();
    stage.clock.move_on(2 * DAY);
    stage.clock.move_on(DAY);
    let news = soon(follower).await.expect("no panic").expect("news");
    assert!(!news.records.is_empty());
    let notice = ended(&mut notices).await;
    assert!(matches!(notice, Notice::Left { status: RunStatus::Succeeded, .. }), "{notice:?}");
    soon(process.idle()).await;
    at_ease(&process, Load { in_memory: 0, waiting: 0 }).await;
    assert_eq!(stage.lab.state(run).await.life, Life::Succeeded);
    // It only waited, so nothing was in doubt; its timer makes its inputs age.
    assert_eq!(stage.names(run, |event| matches!(event, Event::Resumed { .. })).await, 0);
    assert_eq!(stage.names(run, |event| matches!(event, Event::Woke { .. })).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stays_finds_every_run_of_a_dead_one() {
    let stage = Stage::new("{ wait = '3d' }").await;
    let dead = stage.process();
    let mut runs = Vec::new();
    for _ in 0..20 {
        runs.push(stage.waiting(&dead).await);
    }
    let unapproved = dead.start(stage.lab.start(ApproveMode::Wait)).await.expect("it waits for a person");
    soon(dead.stop()).await;
    drop(dead);
    let process = stage.process();
    let found = process.take_up("service").await.expect("the store can be read");
    assert_eq!(found, TakenUp { waiting: 20, for_a_person: 1, ..TakenUp::default() });
    at_ease(&process, Load { in_memory: 0, waiting: 20 }).await;
    stage.clock.move_on(4 * DAY);
    soon(process.idle()).await;
    for run in runs {
        assert_eq!(stage.lab.state(run).await.life, Life::Succeeded);
        assert_eq!(stage.names(run, |event| matches!(event, Event::Resumed { .. })).await, 0);
    }
    assert_eq!(stage.lab.state(unapproved).await.life, Life::Awaiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_is_paused_cancelled_and_left_as_any_other() {
    let stage = Stage::new("{ wait = '3d' }").await;
    let process = stage.process();
    let (paused, cancelled, left) =
        (stage.waiting(&process).await, stage.waiting(&process).await, stage.waiting(&process).await);
    process.pause(paused, Asker::new("tester", None)).await.expect("it can be paused");
    process.cancel(cancelled, Asker::new("tester", None)).await.expect("it can be cancelled");
    at_ease(&process, Load { in_memory: 0, waiting: 1 }).await;
    assert_eq!(stage.lab.state(paused).await.life, Life::Paused);
    assert_eq!(stage.lab.state(cancelled).await.life, Life::Cancelled);
    soon(process.stop()).await;
    assert_eq!(process.load(), Load::default());
    stage.clock.move_on(4 * DAY);
    let later = stage.process();
    later.resume(left, Asker::new("tester", None)).await.expect("it goes on");
    later.resume(paused, Asker::new("tester", None)).await.expect("it goes on");
    soon(later.idle()).await;
    for run in [left, paused] {
        assert_eq!(stage.lab.state(run).await.life, Life::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_a_person_is_on_the_disk_alone() {
    let stage = Stage::new("{ approval = { role = 'admin' } }").await;
    let process = stage.process();
    let run = process.start(stage.lab.start(ApproveMode::Yes)).await.expect("it starts");
    soon(process.idle()).await;
    at_ease(&process, Load::default()).await;
    assert!(!process.history(run, 0, 0).await.expect("a history").live);
    let request = ApproveRequest { by: "other".into(), ..ApproveRequest::default() };
    process.approve(run, request).await.expect("it is approved");
    soon(process.idle()).await;
    assert_eq!(stage.lab.state(run).await.life, Life::Succeeded);
    assert_eq!(stage.names(run, |event| matches!(event, Event::Resumed { .. })).await, 0);
}
