//! Runs one phase of a step: its `ctx`, its gateway, and the shape of what it gives back.

use std::sync::Arc;
use std::time::Duration;

use contracts::{Durability, PhaseCall, PhaseEnd};
use model::refine::fill;
use model::value::Map;
use model::workflow::Phase;
use model::{Change, Code, Failure, Place, Seen, StepState, Value};

use crate::bench::Bench;
use crate::gateway::{Mode, PhaseGateway, Sent};

/// What a phase is about: the step, its inputs, and the outcomes that `ctx.done` shows.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) step: usize,
    pub(crate) inputs: Map,
    pub(crate) done: Map,
}

/// Anything but a value: the phase is to be run again later, or the step ends.
#[derive(Clone, Debug)]
pub(crate) enum Pause {
    NotYet { why: String, after_ms: u64 },
    Needs { origin: String },
    Recorded,
    Cancelled,
    Failed(Failure),
}

impl Pause {
    /// Why there is no value, for a person.
    pub(crate) fn why(self) -> String {
        match self {
            Pause::NotYet { why, .. } => why,
            Pause::Needs { origin } => format!("{origin} is not known"),
            Pause::Failed(failure) => failure.message,
            Pause::Recorded | Pause::Cancelled => "looking was stopped".into(),
        }
    }
}

impl Work {
    /// From a run's state.
    pub(crate) fn of(position: usize, one: &StepState) -> Work {
        let done = one
            .changes
            .iter()
            .filter_map(|change| Some((change.change.key.clone(), change.applied()?.outcome.clone())))
            .collect();
        Work { step: position, inputs: one.with.clone(), done }
    }
}

impl Bench {
    fn ctx(&self, work: &Work) -> Value {
        let step = &self.workflow.steps[work.step];
        Value::from([
            ("params", Value::Map(self.params.clone())),
            ("inputs", Value::Map(work.inputs.clone())),
            ("step", Value::text(step.path.as_str())),
            ("run", self.run.map_or(Value::Null, |run| Value::text(run.to_string()))),
            ("target", Value::text(&self.session.target)),
            ("now", Value::text(self.parts.clock.now().to_string())),
            ("done", Value::Map(work.done.clone())),
        ])
    }

    /// Runs a phase in `mode`; also says what became of the write it may have made.
    pub(crate) async fn phase(
        &self,
        work: &Work,
        phase: Phase,
        arguments: Vec<Value>,
        mode: Mode,
    ) -> (Result<Value, Pause>, Sent) {
        let step = &self.workflow.steps[work.step];
        let timeout = Duration::from_millis(step.timeout_ms);
        let gateway = Arc::new(PhaseGateway::new(self, step, phase, mode, timeout));
        let mut all = vec![self.ctx(work)];
        all.extend(arguments);
        let call = PhaseCall {
            workflow: Arc::clone(&self.workflow),
            step: work.step,
            phase,
            arguments: all,
            timeout,
            functions: Arc::clone(&self.functions),
        };
        let end = self.steps().run(call, Arc::clone(&gateway) as _).await;
        let pinned = gateway.pinned();
        if let (Some(log), false) = (&self.log, pinned.is_empty())
            && let Err(failure) = log.append(pinned, Durability::Lazy).await
        {
            return (Err(Pause::Failed(failure)), gateway.sent());
        }
        let result = match end {
            PhaseEnd::Returned(value) => Ok(value),
            PhaseEnd::NotYet { why, after_ms } => Err(Pause::NotYet { why, after_ms }),
            PhaseEnd::Needs { origin } => Err(Pause::Needs { origin }),
            PhaseEnd::Recorded => Err(Pause::Recorded),
            PhaseEnd::Cancelled => Err(Pause::Cancelled),
            PhaseEnd::Failed(failure) => Err(Pause::Failed(failure)),
        };
        (result, gateway.sent())
    }

    pub(crate) async fn probe(&self, work: &Work) -> Result<Seen, Pause> {
        self.probe_in(work, Mode::Look).await
    }

    pub(crate) async fn probe_in(&self, work: &Work, mode: Mode) -> Result<Seen, Pause> {
        if !self.workflow.steps[work.step].has(Phase::Probe) {
            return Ok(Seen::default());
        }
        let value = self.phase(work, Phase::Probe, Vec::new(), mode).await.0?;
        Seen::from_value(value).map_err(|why| self.wrong_shape(work, Phase::Probe, &why))
    }

    /// The changes a step wants, checked against what it saw.
    pub(crate) async fn plan(&self, work: &Work, seen: &Seen) -> Result<Vec<Change>, Pause> {
        let step = &self.workflow.steps[work.step];
        if !step.has(Phase::Plan) {
            let once = step.has(Phase::Apply) && !work.done.contains_key("run");
            return Ok(if once { vec![run_once(&step.path, &work.inputs)] } else { Vec::new() });
        }
        let value = self.phase(work, Phase::Plan, vec![seen.to_value()], Mode::Think).await.0?;
        let wrong = |why: String| self.wrong_shape(work, Phase::Plan, &why);
        let list =
            value.as_list().ok_or_else(|| wrong(format!("a list of changes, not {}", value.kind_name())))?;
        let changes: Result<Vec<Change>, String> = list.iter().map(Change::from_value).collect();
        let changes = changes.map_err(wrong)?;
        check_changes(seen, &changes).map_err(wrong)?;
        Ok(changes)
    }

    pub(crate) async fn outputs(&self, work: &Work, seen: &Seen) -> Result<Map, Pause> {
        if !self.workflow.steps[work.step].has(Phase::Outputs) {
            return Ok(Map::new());
        }
        match self.phase(work, Phase::Outputs, vec![seen.to_value()], Mode::Think).await.0? {
            Value::Map(outputs) => Ok(outputs),
            other => {
                Err(self.wrong_shape(work, Phase::Outputs, &format!("a map, not {}", other.kind_name())))
            }
        }
    }

    fn wrong_shape(&self, work: &Work, phase: Phase, why: &str) -> Pause {
        let file = self.workflow.steps[work.step].script.file.clone();
        let failure =
            Failure::invalid(Code::ScriptResult, format!("{phase} gave back the wrong shape: {why}"))
                .at(Place { file, line: 0, column: 0, text: None });
        Pause::Failed(failure)
    }
}

/// A step that has `apply` alone counts as one change of kind *run*.
fn run_once(step: &model::StepPath, inputs: &Map) -> Change {
    Change {
        key: "run".into(),
        target: format!("run:{step}"),
        kind: model::ChangeKind::Run,
        before: Value::Null,
        after: Value::from([("inputs", Value::Map(inputs.clone()))]),
        summary: None,
        reversibility: model::Reversibility::Irreversible,
        loss: None,
        note: Value::Null,
    }
}

/// Keys are unique, every target was looked at, and `before` is what was seen with earlier changes laid over.
fn check_changes(seen: &Seen, changes: &[Change]) -> Result<(), String> {
    for (at, change) in changes.iter().enumerate() {
        if changes[..at].iter().any(|earlier| earlier.key == change.key) {
            return Err(format!("two changes have the key '{}'", change.key));
        }
        if !change.writes() {
            continue;
        }
        let laid = seen.with_changes(&changes[..at]);
        match laid.object(&change.target) {
            None => {
                return Err(format!(
                    "change '{}' is for '{}', which probe did not look at",
                    change.key, change.target
                ));
            }
            Some(Value::CannotTell(why)) => {
                return Err(format!(
                    "change '{}' is for '{}', of which nobody can tell: {why}",
                    change.key, change.target
                ));
            }
            Some(before) if before != &change.before => {
                return Err(format!(
                    "change '{}' says '{}' is {} before it; what was seen is {before}",
                    change.key, change.target, change.before
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The change with every hole filled that the run knows by now.
pub(crate) fn filled(change: &Change, known: &dyn Fn(&str) -> Option<Value>) -> Change {
    Change {
        before: fill(&change.before, known),
        after: fill(&change.after, known),
        note: fill(&change.note, known),
        ..change.clone()
    }
}

/// A condition that gave something else than true or false, at its place in the manifest.
pub(crate) fn no_condition(
    step: &model::StepPath,
    when: &model::workflow::Expression,
    given: &Value,
) -> Failure {
    let why = format!("'when' of step '{step}' must be true or false, not {}", given.kind_name());
    let place = Place {
        file: when.file.clone(),
        line: when.line,
        column: when.column,
        text: Some(when.text.clone()),
    };
    Failure::invalid(Code::ManifestExpression, why).at(place)
}
