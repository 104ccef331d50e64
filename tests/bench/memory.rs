//! What the engine holds in memory, in a process of its own: the benchmark started again as a child.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use contracts::{ApproveMode, Durability, Journal};
use model::{Event, RunId};

use crate::history::History;
use crate::no_scripts::NoScripts;
use crate::rig;
use crate::scale::Scale;
use crate::table::{Goal, Line, Unit};
use crate::workflows;

/// The first argument of the child; the second is the folder of its store.
pub(crate) const CHILD: &str = "--as-idle-process";

/// Runs that wait, and what each may take: what is told of the whole is less what an idle engine takes.
const WAITING: [usize; 2] = [10_000, 100_000];
const BYTES_A_RUN: Goal = Goal::AtMost(300.0);

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let rounds = scale.rounds();
    let idle: Vec<Resident> = (0..rounds).map(|_| resident_of(rig::folder().path())).collect();
    let opened = idle.iter().map(|one| one.taken_up / 1e6).collect();
    let mut lines =
        vec![Line::new("memory of an idle engine", Unit::Megabytes, opened).goal(Goal::AtMost(30.0))];
    for count in WAITING {
        let count = scale.of(count);
        let folder = rig::folder();
        rig::runtime().block_on(make_waiting(folder.path(), count));
        let waiting: Vec<Resident> = (0..rounds).map(|_| resident_of(folder.path())).collect();
        let whole = waiting.iter().map(|one| one.taken_up / 1e6).collect();
        let each = waiting.iter().map(|one| one.kept / count as f64).collect();
        lines.push(Line::new(
            format!("memory with {count} waiting runs, store cache included"),
            Unit::Megabytes,
            whole,
        ));
        lines.push(
            Line::new(format!("memory for each of {count} waiting runs"), Unit::Bytes, each)
                .goal(BYTES_A_RUN),
        );
    }
    lines
}

/// Runs as they are left that wait for years at their first step.
async fn make_waiting(folder: &Path, count: usize) {
    let journal: Arc<dyn Journal> = Arc::new(rig::store_in(folder));
    let workflow = workflows::bare_chain(1);
    let supervisor = rig::supervisor(&journal, Arc::new(NoScripts));
    let first = rig::start(&supervisor, &workflow, "bench", "run", ApproveMode::Wait).await;
    supervisor.idle().await;
    let model = rig::approved(journal.as_ref(), first).await;
    for number in 0..count {
        let run = RunId::new(1, number as u128);
        let mut history = History::default();
        for record in &model.0 {
            let mut event = record.event.clone();
            if let Event::RunCreated { run: id, .. } = &mut event {
                *id = run;
            }
            history.add(event);
        }
        history.waits(&workflow.steps[0].path);
        journal.append(run, history.0, Durability::Lazy).await.expect("appended");
    }
    journal.append(first, Vec::new(), Durability::Awaited).await.expect("on disk");
}

/// What a child takes, in bytes.
struct Resident {
    /// In memory, once every run was taken up.
    taken_up: f64,
    /// What taking them up added, after each was read once: the store's cache is as full before as after.
    kept: f64,
}

fn resident_of(folder: &Path) -> Resident {
    let this = std::env::current_exe().expect("the benchmark's own file");
    let child = Command::new(this).arg(CHILD).arg(folder).stderr(Stdio::inherit()).output();
    let output = child.expect("the benchmark starts again");
    assert!(output.status.success(), "the child ended with {}", output.status);
    let text = String::from_utf8(output.stdout).expect("numbers");
    let numbers: Vec<f64> = text.split_whitespace().map(|one| one.parse().expect("a number")).collect();
    let [taken_up, kept] = numbers[..] else { panic!("two numbers, not {text}") };
    Resident { taken_up, kept }
}

/// Takes up every run in the store, as a holder that stays does; prints the numbers of [`Resident`].
pub(crate) fn child(folder: &Path) -> String {
    rig::runtime().block_on(async {
        let journal: Arc<dyn Journal> = Arc::new(rig::store_in(folder));
        let supervisor = rig::supervisor(&journal, rig::scripts());
        for run in journal.list().await.expect("a readable store") {
            journal.read(run, 0).await.expect("a readable run");
        }
        let read = resident();
        supervisor.take_up("bench").await.expect("a readable store");
        let taken_up = resident();
        format!("{taken_up} {}", taken_up.saturating_sub(read))
    })
}

/// Bytes of this process that are in memory, as Linux tells.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this measurement needs Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of its own");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes * 1024
}
