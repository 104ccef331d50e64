//! Two who ask at once: each question is answered as if it had been the only one, one after the other.

#[cfg(unix)]
mod binary;

use std::sync::Arc;

use contracts::{ApproveMode, ApproveRequest, Service as _};
use model::value::Map;
use model::{Asker, Code, Event, Life, Record};
use sim::WorldSpec;

use crate::lab::{Lab, shipped, sorted, story};

async fn fresh() -> Lab {
    let workflow = shipped().into_values().next().expect("a workflow is shipped");
    Lab::new(&workflow, &WorldSpec::default(), Map::new()).await
}

fn approval(by: &str) -> ApproveRequest {
    ApproveRequest { by: by.into(), ..ApproveRequest::default() }
}

fn count(records: &[Record], wanted: fn(&Event) -> bool) -> usize {
    records.iter().filter(|record| wanted(&record.event)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_approvals_one_counts_and_the_other_is_refused() {
    let quiet = fresh().await;
    quiet.forward().await.expect("it starts");
    for round in 0..6 {
        let lab = fresh().await;
        let process = lab.process(Arc::clone(&lab.journal));
        let run = process.start(lab.start(ApproveMode::Wait)).await.expect("it waits for its approval");
        let (one, other) =
            tokio::join!(process.approve(run, approval("ann")), process.approve(run, approval("bob")));
        process.idle().await;
        let records = lab.records(run).await;
        assert_ne!(one.is_ok(), other.is_ok(), "round {round}: {one:?}, {other:?}\n{}", story(&records));
        let refused = one.err().or(other.err()).expect("one of them");
        assert_eq!(refused.code, Code::Approval, "round {round}: {refused}");
        assert_eq!(count(&records, |event| matches!(event, Event::Approved { .. })), 1);
        assert_eq!(lab.state(run).await.life, Life::Succeeded, "{}", story(&records));
        assert_eq!(sorted(lab.our_effects()), sorted(quiet.our_effects()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_and_a_cancellation_are_answered_one_after_the_other() {
    for round in 0..6 {
        let lab = fresh().await;
        let process = lab.process(Arc::clone(&lab.journal));
        let run = process.start(lab.start(ApproveMode::Wait)).await.expect("it waits for its approval");
        let (approved, cancelled) = tokio::join!(process.approve(run, approval("ann")), async {
            // The approval makes its plan anew first: some rounds give it that time.
            for _ in 0..round * 40 {
                tokio::task::yield_now().await;
            }
            process.cancel(run, Asker::new("bob", None)).await
        });
        process.idle().await;
        let records = lab.records(run).await;
        let state = lab.state(run).await;
        let approvals = count(&records, |event| matches!(event, Event::Approved { .. }));
        match (approved, cancelled) {
            (Err(refused), Ok(())) => {
                assert_eq!((refused.code, approvals), (Code::Approval, 0), "round {round}: {refused}");
                assert!(refused.message.contains("cancelled"), "{refused}");
                assert_eq!((state.life, lab.our_effects().len()), (Life::Cancelled, 0));
            }
            // It ran, and was cancelled where it stood.
            (Ok(()), Ok(())) => assert_eq!((state.life, approvals), (Life::Cancelled, 1), "round {round}"),
            // It ran to its end before anybody cancelled it.
            (Ok(()), Err(refused)) => {
                assert_eq!((refused.code, state.life), (Code::RunState, Life::Succeeded), "round {round}");
            }
            (Err(one), Err(other)) => panic!("round {round}: both refused: {one}, {other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_resume_and_undo_at_once_one_sets_it_going() {
    let lab = fresh().await;
    let process = lab.process(Arc::clone(&lab.journal));
    let run = process.start(lab.start(ApproveMode::Yes)).await.expect("it starts");
    process.pause(run, Asker::new("ann", None)).await.expect("it can be paused");
    process.idle().await;
    assert_eq!(lab.state(run).await.life, Life::Paused);
    let asker = || Asker::new("ann", None);
    let (one, two, three) = tokio::join!(
        process.resume(run, asker()),
        process.resume(run, asker()),
        process.resume(run, asker())
    );
    for answer in [one, two, three] {
        answer.expect("it goes on, whoever set it going");
    }
    process.idle().await;
    let records = lab.records(run).await;
    assert_eq!(count(&records, |event| matches!(event, Event::Resumed { .. })), 1, "{}", story(&records));
    assert_eq!(count(&records, |event| matches!(event, Event::Doubted { .. } | Event::Settled { .. })), 0);
    assert_eq!(lab.state(run).await.life, Life::Succeeded);

    let (one, other) = tokio::join!(lab.undo(&process, run), lab.undo(&process, run));
    process.idle().await;
    assert_ne!(one.is_ok(), other.is_ok(), "{one:?}, {other:?}");
    let refused = one.err().or(other.err()).expect("one of them");
    assert_eq!(refused.code, Code::RunState, "{refused}");
    assert_eq!(lab.state(run).await.life, Life::Undone);
}
