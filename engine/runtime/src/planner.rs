//! Walks the DAG and plans every step without writing anything: what is known now, and what only later moments know.

use std::collections::BTreeMap;
use std::time::Duration;

use contracts::PhaseEnd;
use model::value::Map;
use model::workflow::Expression;
use model::{
    Change, ChangeKind, Class, Failure, Plan, PlannedStep, RunState, Seen, Stage, StepOutlook, StepPath,
    StepState, Value,
};

use crate::again;
use crate::bench::Bench;
use crate::phase::{Pause, Work, no_condition};

/// What expressions see: `params`, and `steps` by name.
pub(crate) fn scope(params: &Map, steps: Map) -> Map {
    Map::from([("params".to_owned(), Value::Map(params.clone())), ("steps".to_owned(), Value::Map(steps))])
}

/// The objects a step saw and does not change.
pub(crate) fn already(seen: &Seen, changes: &[Change]) -> Map {
    seen.objects()
        .iter()
        .filter(|(target, _)| !changes.iter().any(|change| &change.target == *target))
        .map(|(target, state)| (target.clone(), state.clone()))
        .collect()
}

/// A step, and what the run has done of it already, if there is a run.
#[derive(Clone, Copy)]
struct Place<'a> {
    position: usize,
    run: Option<&'a RunState>,
}

impl<'a> Place<'a> {
    /// What the run has done of it.
    fn begun(self) -> Option<&'a StepState> {
        self.run?.steps.get(self.position)
    }
}

/// A plan with the work of each planned step, for dry-running `apply`.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) works: BTreeMap<StepPath, Work>,
}

/// `run`: the plan is of what remains of it.
pub(crate) async fn plan(bench: &Bench, run: Option<&RunState>) -> Planned {
    let mut steps = Vec::new();
    let mut works = BTreeMap::new();
    // Outputs by step name; an unknown in place of the map where they cannot be known.
    let mut outputs = Map::new();
    for (position, step) in bench.workflow.steps.iter().enumerate() {
        if step.retired {
            continue;
        }
        let mut planned = PlannedStep {
            step: step.path.clone(),
            title: step.title.clone(),
            outlook: StepOutlook::AlreadySo,
            changes: Vec::new(),
            already: Map::new(),
            script: step.script.file.clone(),
            origin: step.script.origin.clone(),
        };
        let there = Place { position, run };
        if let Some(begun) = there.begun().filter(|begun| matches!(begun.stage, Stage::Done | Stage::Skipped))
        {
            if begun.stage == Stage::Done {
                planned.outlook = StepOutlook::Done;
                outputs.insert(step.path.step().to_owned(), Value::Map(begun.outputs.clone()));
            } else {
                planned.outlook = StepOutlook::Skipped;
            }
            steps.push(planned);
            continue;
        }
        match patiently(bench, there, &outputs, &mut planned, &mut works).await {
            Ok(Some(given)) => {
                outputs.insert(step.path.step().to_owned(), given);
            }
            Ok(None) => {}
            Err(pause) => {
                planned.outlook = outlook(pause);
                let origin = match &planned.outlook {
                    StepOutlook::KnownAfter { origin } => origin.clone(),
                    _ => format!("{}.outputs", step.path),
                };
                outputs.insert(step.path.step().to_owned(), Value::Unknown(origin));
            }
        }
        steps.push(planned);
    }
    let identity = bench.session.binding.as_ref().map(|binding| binding.identity.clone());
    let plan = Plan::new(&bench.workflow, &bench.session.target, bench.params.clone(), steps);
    Planned { plan: plan.bound_to(identity), works }
}

/// Nobody waits long for a plan: a target that asks for more is told as it is.
const PATIENCE_MS: u64 = 10_000;

/// Tries a step again whose look failed for the moment only, as its `retry` says.
async fn patiently(
    bench: &Bench,
    there: Place<'_>,
    outputs: &Map,
    planned: &mut PlannedStep,
    works: &mut BTreeMap<StepPath, Work>,
) -> Result<Option<Value>, Pause> {
    let retry = &bench.workflow.steps[there.position].retry;
    let mut wait_ms = retry.wait_ms_min;
    for _ in 1..retry.attempts {
        match one(bench, there, outputs, planned, works).await {
            Err(Pause::Failed(failure)) if failure.class == Class::Transient => {
                let asked = wait_ms.max(failure.retry_after_ms.unwrap_or(0));
                if asked > PATIENCE_MS {
                    return Err(Pause::Failed(failure));
                }
                let clock = &bench.parts.clock;
                clock.sleep_until(clock.now().after(Duration::from_millis(asked))).await;
                wait_ms = wait_ms.saturating_mul(2).min(retry.wait_ms_max);
            }
            other => return other,
        }
    }
    one(bench, there, outputs, planned, works).await
}

/// The step's projected outputs; `None` when it is skipped.
async fn one(
    bench: &Bench,
    there: Place<'_>,
    outputs: &Map,
    planned: &mut PlannedStep,
    works: &mut BTreeMap<StepPath, Work>,
) -> Result<Option<Value>, Pause> {
    let step = &bench.workflow.steps[there.position];
    let mut work = there.begun().map_or_else(
        || Work { step: there.position, inputs: Map::new(), done: Map::new() },
        |begun| Work::of(there.position, begun),
    );
    // Inputs are evaluated once: a step that has got past that keeps them.
    if there.begun().is_none_or(|begun| begun.restart == Stage::Pending) {
        let read = step.uses.iter().filter_map(|used| outputs.get_key_value(used.step()));
        let scope = scope(&bench.params, read.map(|(name, given)| (name.clone(), given.clone())).collect());
        if let Some(when) = &step.when {
            match evaluate(bench, when, &scope)? {
                Value::Bool(true) => {}
                Value::Bool(false) => {
                    planned.outlook = StepOutlook::Skipped;
                    return Ok(None);
                }
                other => return Err(Pause::Failed(no_condition(&step.path, when, &other))),
            }
        }
        for (name, expression) in &step.with {
            work.inputs.insert(name.clone(), evaluate(bench, expression, &scope)?);
        }
    }
    let seen = bench.probe(&work).await?;
    let changes = bench.plan(&work, &seen).await?;
    if let (Some(run), Some(begun)) = (there.run, there.begun())
        && let Some(failure) = again::wanted_again(run, begun, &changes)
    {
        return Err(Pause::Failed(failure));
    }
    planned.already = already(&seen, &changes);
    planned.outlook =
        if changes.iter().any(|one| matches!(one.kind, ChangeKind::Conflict | ChangeKind::Unknown)) {
            StepOutlook::Conflict
        } else if changes.iter().any(Change::writes) {
            StepOutlook::Changes
        } else {
            StepOutlook::AlreadySo
        };
    planned.changes.clone_from(&changes);
    works.insert(step.path.clone(), work.clone());
    if planned.outlook == StepOutlook::Conflict {
        return Ok(Some(Value::Unknown(format!("{}.outputs", step.path))));
    }
    work.done.extend(changes.iter().map(|change| (change.key.clone(), change.after.clone())));
    match bench.outputs(&work, &seen.with_changes(&changes)).await {
        Ok(given) => Ok(Some(Value::Map(given))),
        Err(Pause::Needs { origin }) => Ok(Some(Value::Unknown(origin))),
        Err(pause) => Err(pause),
    }
}

fn evaluate(bench: &Bench, expression: &Expression, scope: &Map) -> Result<Value, Pause> {
    match bench.steps().evaluate(expression, scope) {
        PhaseEnd::Returned(value) => Ok(value),
        PhaseEnd::Needs { origin } => Err(Pause::Needs { origin }),
        PhaseEnd::Failed(failure) => Err(Pause::Failed(failure)),
        PhaseEnd::NotYet { .. } | PhaseEnd::Recorded | PhaseEnd::Cancelled => Err(Pause::Cancelled),
    }
}

fn outlook(pause: Pause) -> StepOutlook {
    match pause {
        Pause::NotYet { why, .. } => StepOutlook::CannotTell { why },
        Pause::Needs { origin } => StepOutlook::KnownAfter { origin },
        Pause::Failed(failure) => StepOutlook::Failed { failure },
        Pause::Cancelled => StepOutlook::CannotTell { why: "planning was stopped".into() },
        Pause::Recorded => StepOutlook::Failed { failure: Failure::bug("a plan cannot write") },
    }
}
