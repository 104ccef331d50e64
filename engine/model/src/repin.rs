//! A run goes on with another version of its workflow: how its state is laid over the new steps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::run_state::{Life, RunState};
use crate::step_state::{ChangeState, Stage, StepState};
use crate::value::Map;
use crate::workflow::Step;
use crate::{Digest, StepPath, Timestamp, Workflow};

/// What the event of a re-pin says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Repin {
    /// The workflow from here on, kept as the first one is. It holds, retired, what is gone and left something behind.
    pub workflow: Digest,
    pub version: String,
    /// The run's parameters from here on.
    pub params: Map,
    /// Steps that go on under another name: from the new one to the old one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<StepPath, StepPath>,
    /// Steps that are not what they were and not done: they begin again at their inputs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub changed: BTreeSet<StepPath>,
    /// From here on steps whose plan becomes known later need no approval of their own, or do.
    pub approves_later: bool,
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Where a step goes on after a re-pin that left it as it was.
fn goes_on(one: &StepState) -> Stage {
    match one.stage {
        Stage::Done | Stage::Skipped | Stage::Pending | Stage::Gate => one.stage,
        Stage::Plan | Stage::Held | Stage::Change | Stage::Verify => Stage::Plan,
        Stage::Failed => one.restart,
        // It was gone, and is back.
        Stage::Retired => Stage::Pending,
    }
}

impl RunState {
    pub(crate) fn index_of(workflow: &Workflow) -> BTreeMap<StepPath, usize> {
        workflow.steps.iter().enumerate().map(|(at, step)| (step.path.clone(), at)).collect()
    }

    /// The fold's part: the run waits for the approval of a plan again, since the old one was of other steps.
    pub fn repin(&mut self, repin: &Repin, at: Timestamp) -> Result<(), String> {
        let workflow = self.pinned.get(&repin.workflow).cloned();
        let workflow = workflow.ok_or("the workflow that it is pinned to is not known")?;
        if let Some((step, key, _)) = self.doubts().first() {
            return Err(format!("nobody can tell whether '{key}' of step '{step}' took effect"));
        }
        self.become_life(Life::Awaiting)?;
        let old = Arc::clone(&self.workflow);
        let mut states: BTreeMap<&StepPath, StepState> =
            old.steps.iter().map(|step| &step.path).zip(std::mem::take(&mut self.steps)).collect();
        let mut answers = BTreeMap::new();
        for step in &workflow.steps {
            let was = repin.moved.get(&step.path).unwrap_or(&step.path);
            let changed = repin.changed.contains(&step.path);
            let mut one = states.remove(was).unwrap_or_else(|| StepState::new(at));
            one.begin_again(step, changed, at);
            for ((_, question), answer) in self.answers.iter().filter(|((path, _), _)| path == was) {
                if one.stage == Stage::Done || still_asked(old.step(was), step, question, changed) {
                    answers.insert((step.path.clone(), question.clone()), answer.clone());
                }
            }
            self.steps.push(one);
        }
        if let Some((path, _)) = states.iter().find(|(_, one)| one.changes.iter().any(ChangeState::stands)) {
            return Err(format!("step '{path}' is gone, and what it did would be forgotten"));
        }
        self.answers = answers;
        self.index = Arc::new(RunState::index_of(&workflow));
        self.workflow = workflow;
        self.params.clone_from(&repin.params);
        self.approves_later = repin.approves_later;
        self.plan = None;
        self.approved_by = None;
        self.pause_asked = false;
        self.stopped_by = None;
        self.stopped_by = None;
        self.epoch += 1;
        self.touched.push(None);
        Ok(())
    }
}

/// An approval is of the step as it was; an answer is to the question as it was.
fn still_asked(old: Option<&Step>, new: &Step, question: &str, changed: bool) -> bool {
    let asks =
        |step: &Step| step.gate.iter().flat_map(|gate| &gate.form).find(|one| one.id == question).cloned();
    match asks(new) {
        Some(now) => old.and_then(asks).is_some_and(|was| was == now),
        None => !changed,
    }
}

impl StepState {
    fn begin_again(&mut self, step: &Step, changed: bool, at: Timestamp) {
        self.turn += 1;
        let next = if step.retired {
            Stage::Retired
        } else if changed && !matches!(self.stage, Stage::Done | Stage::Skipped) {
            Stage::Pending
        } else {
            goes_on(self)
        };
        if matches!(next, Stage::Done | Stage::Skipped) {
            return;
        }
        if next != self.stage {
            self.stage = next;
            self.since = at;
        }
        if next == Stage::Pending {
            self.restart = Stage::Pending;
            self.with = Map::new();
        }
        self.wait = None;
        self.first_wait = None;
        self.attempts = 0;
        self.held = None;
        self.approved = None;
        self.failure = None;
        self.by_hand = None;
        self.changes.retain(|change| change.applied().is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Applied, Ownership};
    use crate::workflow::{Pinned, Script};
    use crate::{Change, ChangeKind, Event, Record, Retry, Reversibility, RunId, Value};

    fn step(path: &str, needs: &[&str]) -> Step {
        let file = format!("steps/{path}.rhai");
        Step {
            path: path.into(),
            title: path.into(),
            needs: needs.iter().map(|need| StepPath::new(*need)).collect(),
            with: BTreeMap::new(),
            when: None,
            retry: Retry::default(),
            timeout_ms: 1,
            deadline_ms: 1,
            gate: None,
            script: Script { file, origin: "shipped".into(), source: String::new() },
            phases: BTreeSet::new(),
            uses: BTreeSet::new(),
            lib: None,
            retired: false,
        }
    }

    fn workflow(steps: Vec<Step>) -> Arc<Workflow> {
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

    /// A run with two steps: `a` is done and left something, `b` has failed after its first change.
    fn failed(new: Arc<Workflow>) -> RunState {
        let old = workflow(vec![step("a", &[]), step("b", &["a"]), step("c", &["b"])]);
        let [first, second] = [Digest::of_bytes(b"1"), Digest::of_bytes(b"2")];
        let change = |key: &str| Change {
            key: key.into(),
            target: format!("t:{key}"),
            kind: ChangeKind::Create,
            before: Value::Null,
            after: Value::text("x"),
            summary: None,
            reversibility: Reversibility::Reversible,
            loss: None,
            note: Value::Null,
        };
        let applied = Applied { ownership: Ownership::Ours, outcome: Value::Null, evidence: Map::new() };
        let ready = |step: &str| Event::StepReady { step: step.into(), with: Map::new() };
        let planned = |step: &str, keys: &[&str]| Event::StepPlanned {
            step: step.into(),
            changes: keys.iter().map(|key| change(key)).collect(),
            already: Map::new(),
        };
        let outcome = |step: &str, key: &str| Event::Outcome {
            step: step.into(),
            key: key.into(),
            applied: applied.clone(),
            undo: false,
        };
        let failure = crate::Failure::bug("no");
        let events = [
            Event::RunCreated {
                run: RunId::new(0, 1),
                workflow: first,
                workflow_id: "w".into(),
                version: "1".into(),
                target: "t".into(),
                params: Map::new(),
                by: "a".into(),
                approves_later: true,
                binding: None,
            },
            Event::Approved { digest: first, by: "a".into(), note: None },
            ready("a"),
            planned("a", &["a1"]),
            outcome("a", "a1"),
            Event::StepDone { step: "a".into(), outputs: Map::new(), left: Map::new() },
            ready("b"),
            planned("b", &["b1", "b2"]),
            outcome("b", "b1"),
            Event::StepFailed { step: "b".into(), failure },
            Event::Finished { succeeded: false },
        ];
        let mut records: Vec<Record> = Vec::new();
        for event in events {
            let previous = records.last().map_or_else(Digest::default, |last| last.hash);
            let sequence = u32::try_from(records.len()).expect("few");
            records.push(Record::new(sequence, Timestamp(1), previous, event));
        }
        RunState::fold(Pinned::from([(first, old), (second, new)]), &records).expect("a legal history")
    }

    fn repin(state: &mut RunState, moved: &[(&str, &str)], changed: &[&str]) -> Result<(), String> {
        let event = Event::Repinned(Repin {
            workflow: Digest::of_bytes(b"2"),
            version: "2".into(),
            params: Map::new(),
            moved: moved.iter().map(|(new, old)| (StepPath::new(*new), StepPath::new(*old))).collect(),
            changed: changed.iter().map(|path| StepPath::new(*path)).collect(),
            approves_later: false,
            by: "b".into(),
            note: None,
        });
        let record = Record::new(state.next_sequence, Timestamp(2), state.head, event);
        state.apply(&record).map_err(|bad| bad.why)
    }

    fn stages(state: &RunState) -> Vec<Stage> {
        state.steps.iter().map(|one| one.stage).collect()
    }

    #[test]
    fn each_state_goes_where_its_step_went() {
        let retired = Step { retired: true, ..step("a", &[]) };
        let new = workflow(vec![step("d", &[]), step("e", &["d"]), step("c", &["e"]), retired]);
        let mut state = failed(new);
        assert_eq!(state.life, Life::Failed);
        repin(&mut state, &[("e", "b")], &["e"]).expect("legal");
        assert_eq!(stages(&state), [Stage::Pending, Stage::Pending, Stage::Pending, Stage::Retired]);
        assert_eq!((state.life, state.plan.as_ref(), state.approves_later), (Life::Awaiting, None, false));
        let keys = |step: &str| {
            let (_, one) = state.step(&step.into()).expect("there");
            one.changes.iter().map(|one| one.change.key.clone()).collect::<Vec<_>>()
        };
        // What took effect stays with its step; what was only planned is planned again.
        assert_eq!(keys("e"), ["b1"]);
        assert_eq!(keys("a"), ["a1"]);
    }

    #[test]
    fn a_step_that_is_the_same_goes_on_where_it_would_have() {
        let mut state = failed(workflow(vec![step("a", &[]), step("b", &["a"]), step("c", &["b"])]));
        repin(&mut state, &[], &[]).expect("legal");
        assert_eq!(stages(&state), [Stage::Done, Stage::Plan, Stage::Pending]);
        assert_eq!(state.steps[1].failure, None);
    }

    #[test]
    fn what_was_done_is_never_forgotten() {
        let mut state = failed(workflow(vec![step("b", &[]), step("c", &["b"])]));
        let why = repin(&mut state, &[], &[]).expect_err("a stands");
        assert!(why.contains("'a' is gone"), "{why}");
    }

    #[test]
    fn a_write_in_doubt_keeps_its_code() {
        let mut state = failed(workflow(vec![step("a", &[]), step("b", &["a"]), step("c", &["b"])]));
        state.steps[1].changes[1].progress = crate::step_state::Progress::Asked { why: "?".into() };
        assert!(repin(&mut state, &[], &[]).expect_err("in doubt").contains("'b2'"));
        assert_eq!(state.life, Life::Failed);
    }
}
