//! Every case of every shipped workflow, as it is written and disturbed everywhere: what `footbridge test` does.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use prove::{Case, Wanted, prove};

use crate::bounds;
use crate::lab::{STEPS, shipped};
use crate::laboratory::SimLaboratory;

/// How many seeds are tried without being asked for more.
const SEEDS: u64 = 4;
/// Two for each of two cores, which the smallest build machine has.
const PARALLEL: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_ends_as_it_says() {
    proven(Wanted::default(), 15).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_write_of_a_run_and_of_its_undo_changes_nothing() {
    proven(Wanted { crash: true, ..Wanted::default() }, 800).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_at_every_write_of_a_run_and_of_its_undo_changes_nothing() {
    proven(Wanted { fail: true, ..Wanted::default() }, 400).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_may_be_done_twice() {
    proven(Wanted { repeat: true, ..Wanted::default() }, 30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_seed_brings_the_end_is_the_same() {
    let seeds = bounds::of("FOOTBRIDGE_SEEDS", SEEDS);
    proven(Wanted { faults: Some(1..=seeds), ..Wanted::default() }, 30).await;
}

/// Tries everything wanted on every shipped workflow; `at_least` so many trials must have passed.
#[expect(clippy::print_stdout, reason = "how much was tried is worth a line")]
async fn proven(wanted: Wanted, at_least: usize) {
    let wanted = Wanted { parallel: PARALLEL, ..wanted };
    let mut passed = 0;
    for (id, workflow) in shipped() {
        let proof = prove(
            Arc::new(SimLaboratory::new(|_| None)),
            Arc::clone(&STEPS) as _,
            Arc::new(runtime::SystemClock),
            workflow,
            cases(&id),
            &wanted,
            &|_| {},
        )
        .await;
        let failed: Vec<String> = proof
            .failures()
            .map(|(end, why)| format!("{id}/{}, {}:\n{why}", end.trial.case, end.trial.disturbance))
            .collect();
        assert!(failed.is_empty(), "{} trials failed; the first:\n{}", failed.len(), failed[0]);
        passed += proof.passed();
    }
    println!("passed: {passed}");
    assert!(passed >= at_least, "only {passed} trials were made");
}

fn cases(id: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows").join(id).join("cases");
    let mut cases: Vec<Case> = fs::read_dir(&folder)
        .expect("the folder of cases")
        .flatten()
        .map(|entry| {
            let file = entry.path().display().to_string();
            let text = fs::read_to_string(entry.path()).expect("a case");
            prove::read_case(&file, &text).unwrap_or_else(|failure| panic!("{failure}: {:?}", failure.place))
        })
        .collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}
