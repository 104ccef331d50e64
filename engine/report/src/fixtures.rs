//! Small workflows and runs for the tests of this crate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::value::Map;
use model::workflow::Script;
use model::{
    Change, ChangeKind, Digest, Event, Record, Retry, Reversibility, RunId, RunState, Step, StepPath,
};
use model::{Pinned, Timestamp, Value, Workflow};

pub(crate) fn workflow(steps: &[(&str, &[&str])]) -> Workflow {
    Workflow {
        id: "w".into(),
        version: "1.0.0".into(),
        title: "A workflow".into(),
        source: None,
        params: Vec::new(),
        steps: steps.iter().map(|(id, needs)| step(id, needs)).collect(),
        lib: BTreeMap::new(),
        overlay: BTreeMap::new(),
        undo: None,
        own: BTreeMap::new(),
        layers: vec!["shipped".into()],
    }
}

fn step(id: &str, needs: &[&str]) -> Step {
    Step {
        path: StepPath::new(id),
        title: format!("Step {id}"),
        needs: needs.iter().map(|need| StepPath::new(*need)).collect(),
        with: BTreeMap::new(),
        when: None,
        retry: Retry::default(),
        timeout_ms: 1000,
        deadline_ms: 1000,
        gate: None,
        script: Script { file: format!("steps/{id}.rhai"), origin: "shipped".into(), source: String::new() },
        phases: BTreeSet::new(),
        uses: BTreeSet::new(),
        lib: None,
        retired: false,
    }
}

pub(crate) fn change(key: &str, kind: ChangeKind, before: Value, after: Value) -> Change {
    Change {
        key: key.into(),
        target: format!("thing:{key}"),
        kind,
        before,
        after,
        summary: None,
        reversibility: Reversibility::Reversible,
        loss: None,
        note: Value::Null,
    }
}

/// A run with the given events after its creation, one second apart.
pub(crate) fn run(workflow: Workflow, events: Vec<Event>) -> RunState {
    let id = RunId::new(0, 1);
    let created = Event::RunCreated {
        run: id,
        workflow: Digest::default(),
        workflow_id: workflow.id.clone(),
        version: workflow.version.clone(),
        target: "sim".into(),
        params: Map::new(),
        by: "ann".into(),
        approves_later: false,
        binding: None,
    };
    let records = chained(std::iter::once(created).chain(events));
    RunState::fold(Pinned::from([(Digest::default(), Arc::new(workflow))]), &records)
        .expect("a legal history")
}

/// Their records, one second apart.
pub(crate) fn chained(events: impl IntoIterator<Item = Event>) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for (at, event) in events.into_iter().enumerate() {
        let previous = records.last().map_or_else(Digest::default, |last| last.hash);
        let sequence = u32::try_from(at).expect("few events");
        records.push(Record::new(sequence, Timestamp(u64::from(sequence) * 1000), previous, event));
    }
    records
}
