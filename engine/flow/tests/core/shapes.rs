//! Random workflows: up to 12 steps, each needing earlier ones, with 0 to 3 changes, some gated, some skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::workflow::{Approval, Question, Script};
use model::{Gate, Retry, Step, StepPath, Workflow};
use proptest::prelude::*;

#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    pub(crate) needs: BTreeSet<usize>,
    pub(crate) changes: usize,
    pub(crate) gate: Option<GateKind>,
    pub(crate) skipped: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum GateKind {
    Approval,
    Required,
    Optional,
    Wait,
}

/// How long a gate of kind *wait* waits, in milliseconds.
pub(crate) const GATE_WAIT_MS: u64 = 60_000;
/// The question of the gates with a form.
pub(crate) const QUESTION: &str = "seen";

pub(crate) fn parts() -> impl Strategy<Value = Vec<Part>> {
    let gate = prop_oneof![
        6 => Just(None),
        1 => Just(Some(GateKind::Approval)),
        1 => Just(Some(GateKind::Required)),
        1 => Just(Some(GateKind::Optional)),
        1 => Just(Some(GateKind::Wait)),
    ];
    let part = (any::<[u16; 2]>(), 0_usize..4, gate, prop::bool::weighted(0.1));
    prop::collection::vec(part, 1..=12).prop_map(|drawn| {
        drawn
            .into_iter()
            .enumerate()
            .map(|(at, (masks, changes, gate, skipped))| Part {
                needs: (0..at).filter(|bit| masks[0] & masks[1] & (1 << bit) != 0).collect(),
                changes,
                gate,
                skipped,
            })
            .collect()
    })
}

/// A step after another, `count` of them, each with `changes`.
pub(crate) fn chain(count: usize, changes: usize) -> Vec<Part> {
    (0..count)
        .map(|at| Part { needs: at.checked_sub(1).into_iter().collect(), changes, ..Part::default() })
        .collect()
}

pub(crate) fn path(at: usize) -> StepPath {
    StepPath::new(format!("s{at}"))
}

/// The position of a step in its workflow.
pub(crate) fn position(step: &StepPath) -> usize {
    step.as_str()[1..].parse().expect("steps are named by their position")
}

pub(crate) fn workflow(parts: &[Part]) -> Arc<Workflow> {
    let steps = parts
        .iter()
        .enumerate()
        .map(|(at, part)| Step {
            path: path(at),
            title: format!("step {at}"),
            needs: part.needs.iter().copied().map(path).collect(),
            with: BTreeMap::new(),
            when: None,
            retry: Retry { attempts: 6, wait_ms_min: 1_000, wait_ms_max: 5_000 },
            timeout_ms: 1_000,
            deadline_ms: 3_600_000,
            gate: part.gate.map(gate),
            script: Script { file: String::new(), origin: "shipped".into(), source: String::new() },
            phases: BTreeSet::new(),
            uses: part.needs.iter().copied().map(path).collect(),
            lib: None,
            retired: false,
        })
        .collect();
    Arc::new(Workflow {
        id: "w".into(),
        version: "1".into(),
        title: "w".into(),
        source: None,
        params: Vec::new(),
        steps,
        lib: BTreeMap::new(),
        overlay: BTreeMap::new(),
        undo: None,
        own: BTreeMap::new(),
        layers: Vec::new(),
    })
}

fn gate(kind: GateKind) -> Gate {
    let form = |required| {
        vec![Question { id: QUESTION.into(), ask: "is it so?".into(), proves: "it".into(), required }]
    };
    match kind {
        GateKind::Approval => {
            Gate { approval: Some(Approval { role: "admin".into(), not_requester: true }), ..Gate::default() }
        }
        GateKind::Required => Gate { form: form(true), ..Gate::default() },
        GateKind::Optional => Gate { form: form(false), ..Gate::default() },
        GateKind::Wait => Gate { wait_ms: Some(GATE_WAIT_MS), ..Gate::default() },
    }
}
