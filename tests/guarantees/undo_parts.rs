//! Undo in parts: each step alone, and to each step, and then the rest, ends as an undo of everything.

use std::sync::Arc;

use contracts::{Service as _, UndoRequest, UndoWanted};
use model::value::Map;
use model::{Code, Life, UndoScope};
use sim::WorldSpec;

use crate::lab::{Lab, differences, shipped, story};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_alone_and_then_the_rest_is_the_whole() {
    let (mut parts, mut refused) = (0, 0);
    for (id, workflow) in shipped() {
        for step in &workflow.steps {
            for scope in [UndoScope::Only(step.path.clone()), UndoScope::To(step.path.clone())] {
                let lab = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await;
                let untouched = lab.picture().await;
                let run = lab.forward().await.expect("the run starts");
                let left = lab.picture().await;
                let process = lab.process(Arc::clone(&lab.journal));
                let wanted = UndoWanted { scope: scope.clone(), choices: Vec::new() };
                match process.undo_plan(run, wanted.clone()).await {
                    Err(failure) => {
                        assert_eq!(failure.code, Code::UndoNeeded, "{id} {scope:?}: {failure}");
                        assert!(matches!(scope, UndoScope::Only(_)), "{id} {scope:?}: {failure}");
                        assert_eq!(differences(&lab.picture().await, &left), Vec::<String>::new());
                        refused += 1;
                    }
                    Ok(plan) => {
                        let digest = Some(plan.digest);
                        let request =
                            UndoRequest { by: "tester".into(), wanted: wanted.clone(), digest, note: None };
                        process.undo(run, request).await.expect("a part is taken back");
                        process.idle().await;
                        if lab.state(run).await.life == Life::PartlyUndone {
                            let again = process.undo_plan(run, wanted).await;
                            assert!(
                                again.is_err() || again.is_ok_and(|plan| !plan.has_work()),
                                "{id} {scope:?}"
                            );
                            parts += 1;
                        }
                    }
                }
                if lab.state(run).await.life != Life::Undone {
                    lab.undo(&process, run).await.expect("the rest is taken back");
                }
                let tale = story(&lab.records(run).await);
                assert_eq!(lab.state(run).await.life, Life::Undone, "{id} {scope:?}:\n{tale}");
                let moved = differences(&lab.picture().await, &untouched);
                assert!(moved.is_empty(), "{id} {scope:?}: {moved:#?}\n{tale}");
            }
        }
    }
    assert!(parts > 0 && refused > 0, "{parts} parts, {refused} refused");
}
