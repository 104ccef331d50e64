//! The uninterrupted run of a workflow, and its undo: what every disturbed one is held against.

use std::collections::BTreeMap;

use model::{Life, Workflow};

use crate::cases::Scenario;
use crate::lab::story;

pub(crate) struct Reference {
    /// The world before anything was done.
    pub(crate) untouched: serde_json::Value,
    /// The world after the run.
    pub(crate) world: serde_json::Value,
    /// The world after the undo.
    pub(crate) undone: serde_json::Value,
    /// What the run did, sorted.
    pub(crate) effects: Vec<String>,
    /// What its undo did, sorted.
    pub(crate) undo_effects: Vec<String>,
    /// Every write of the run.
    pub(crate) writes: Vec<Write>,
    /// Every write of the undo.
    pub(crate) undo_writes: Vec<Write>,
}

/// One write: the operation as the simulator names it, and at which call of that operation, from 1.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) operation: String,
    pub(crate) nth: u32,
}

impl Reference {
    pub(crate) async fn of(workflow: &Workflow) -> Reference {
        let reference = Reference::on(&Scenario::fresh(&workflow.id, workflow)).await;
        assert_eq!(
            reference.undone, reference.untouched,
            "the undo of '{}' brings back what was",
            workflow.id
        );
        assert!(
            !reference.writes.is_empty() && !reference.undo_writes.is_empty(),
            "'{}' writes nothing",
            workflow.id
        );
        reference
    }

    /// On any scenario: where the plan said that something cannot be taken back, undo leaves it.
    pub(crate) async fn on(scenario: &Scenario) -> Reference {
        let lab = scenario.lab().await;
        let untouched = lab.picture().await;
        let run = lab.forward().await.expect("the uninterrupted run starts");
        let state = lab.state(run).await;
        assert_eq!(state.life, Life::Succeeded, "{}", story(&lab.records(run).await));
        let world = lab.picture().await;
        let forward = lab.our_operations();
        let effects = lab.our_effects();
        let process = lab.process(std::sync::Arc::clone(&lab.journal));
        lab.undo(&process, run).await.expect("the uninterrupted undo starts");
        assert_eq!(lab.state(run).await.life, Life::Undone, "{}", story(&lab.records(run).await));
        let undone = lab.picture().await;
        let undo_writes = counted(&lab.our_operations()[forward.len()..]);
        let undo_effects = sorted(lab.our_effects()[effects.len()..].to_vec());
        Reference {
            untouched,
            world,
            undone,
            effects: sorted(effects),
            undo_effects,
            writes: counted(&forward),
            undo_writes,
        }
    }
}

pub(crate) fn sorted(mut effects: Vec<String>) -> Vec<String> {
    effects.sort();
    effects
}

fn counted(operations: &[String]) -> Vec<Write> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    operations
        .iter()
        .map(|operation| {
            let count = counts.entry(operation).or_default();
            *count += 1;
            Write { operation: operation.clone(), nth: *count }
        })
        .collect()
}
