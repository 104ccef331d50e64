//! A runner that panics, which is a mistake of ours, ends its own run and no other; nothing it wrote is lost.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use contracts::{ApproveMode, Durability, Journal, JournalError, Service as _};
use model::value::Map;
use model::{Asker, Digest, Event, Life, Record, RunId, Workflow};
use sim::WorldSpec;

use crate::lab::{Lab, story};

fn notes() -> Workflow {
    let manifest = "[workflow]\nid = 'notes'\nversion = '1.0.0'\ntitle = 'Notes'\n[steps.first]\ntitle = 'First'\n\
                    [steps.second]\ntitle = 'Second'\nneeds = ['first']\n";
    let note = "fn apply(ctx, change) { #{} }\n";
    let files = [("workflow.toml", manifest), ("steps/first.rhai", note), ("steps/second.rhai", note)];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let layer =
        manifest::Layer { name: "shipped".into(), files: BTreeMap::from(files), prefix: "notes/".into() };
    manifest::resolve(&[layer]).expect("a good workflow")
}

/// Panics in the middle of one run, once.
struct Trap {
    inner: Arc<dyn Journal>,
    run: OnceLock<RunId>,
    sprung: AtomicBool,
}

#[async_trait]
impl Journal for Trap {
    async fn append(
        &self,
        run: RunId,
        records: Vec<Record>,
        durability: Durability,
    ) -> Result<(), JournalError> {
        let midway = records.iter().any(
            |record| matches!(&record.event, Event::StepReady { step, .. } if step.to_string() == "second"),
        );
        // The first run that comes by is the one.
        let here = midway && *self.run.get_or_init(|| run) == run;
        assert!(!here || self.sprung.swap(true, Ordering::SeqCst), "a panic on purpose");
        self.inner.append(run, records, durability).await
    }

    async fn read(&self, run: RunId, from: u32) -> Result<Vec<Record>, JournalError> {
        self.inner.read(run, from).await
    }

    async fn list(&self) -> Result<Vec<RunId>, JournalError> {
        self.inner.list().await
    }

    async fn put(&self, bytes: Vec<u8>) -> Result<Digest, JournalError> {
        self.inner.put(bytes).await
    }

    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, JournalError> {
        self.inner.get(digest).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_that_panics_ends_its_own_run_which_goes_on_when_it_is_resumed() {
    let lab = Lab::new(&notes(), &WorldSpec::default(), Map::new()).await;
    let trap = Arc::new(Trap {
        inner: Arc::clone(&lab.journal),
        run: OnceLock::new(),
        sprung: AtomicBool::new(false),
    });
    let process = lab.process(Arc::clone(&trap) as _);
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(process.start(lab.start(ApproveMode::Yes)).await.expect("it starts"));
    }
    process.idle().await;
    let ended = *trap.run.get().expect("one of them came by");
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
