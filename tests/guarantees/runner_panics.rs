//! A runner that panics, which is a mistake of ours, ends its own run and no other; nothing it wrote is lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use contracts::{ApproveMode, Service as _};
use model::value::Map;
use model::{Asker, Event, Life};
use sim::WorldSpec;

use crate::guarded::Guarded;
use crate::lab::{Lab, story, written};

const NOTES: &str = "[workflow]\nid = 'notes'\nversion = '1.0.0'\ntitle = 'Notes'\n[steps.first]\ntitle = 'First'\n\
                     [steps.second]\ntitle = 'Second'\nneeds = ['first']\n";
const NOTE: &str = "fn apply(ctx, change) { #{} }\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_that_panics_ends_its_own_run_which_goes_on_when_it_is_resumed() {
    let files = [("workflow.toml", NOTES), ("steps/first.rhai", NOTE), ("steps/second.rhai", NOTE)];
    let lab = Lab::new(&written(&files), &WorldSpec::default(), Map::new()).await;
    // The first run that comes to its second step is the one, once.
    let (chosen, sprung) = (Arc::new(OnceLock::new()), AtomicBool::new(false));
    let trap = Guarded::new(&lab.journal, {
        let chosen = Arc::clone(&chosen);
        move |run, records| {
            let midway = |event: &Event| matches!(event, Event::StepReady { step, .. } if step.to_string() == "second");
            let here =
                records.iter().any(|record| midway(&record.event)) && *chosen.get_or_init(|| run) == run;
            assert!(!here || sprung.swap(true, Ordering::SeqCst), "a panic on purpose");
            Ok(())
        }
    });
    let process = lab.process(trap);
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(process.start(lab.start(ApproveMode::Yes)).await.expect("it starts"));
    }
    process.idle().await;
    let ended = *chosen.get().expect("one of them came by");
    for run in &runs {
        let state = lab.state(*run).await;
        let wanted = if *run == ended { Life::Running } else { Life::Succeeded };
        assert_eq!(state.life, wanted, "{}", story(&lab.records(*run).await));
    }
    // Whoever follows it is told why nothing comes any more.
    let end = u32::try_from(lab.records(ended).await.len()).expect("a short run");
    let why = process.history(ended, end, 0).await.expect_err("it ended before its time").to_string();
    assert!(why.contains("panic"), "{why}");

    process.resume(ended, Asker::new("tester", None)).await.expect("it is taken up in the same process");
    process.idle().await;
    assert_eq!(lab.state(ended).await.life, Life::Succeeded, "{}", story(&lab.records(ended).await));
}
