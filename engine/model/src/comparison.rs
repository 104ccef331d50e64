//! What going on with another workflow would mean for a run, step by step. Pure: it looks at the run's state alone.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::change::Ownership;
use crate::step_state::ChangeState;
use crate::workflow::Script;
use crate::{ChangeKind, Reversibility, RunState, Stage, Step, StepPath, StepState, Value, Workflow};

/// The steps of the new workflow in its order, then those that are gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    pub from_version: String,
    pub to_version: String,
    pub steps: Vec<StepComparison>,
    /// Parameters that only the new workflow has.
    pub params_new: Vec<String>,
    /// Parameters that only the old one has. Their values stay: the undo of what was done may need them.
    pub params_gone: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepComparison {
    pub step: StepPath,
    pub title: String,
    pub fate: Fate,
    /// The name it had, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<StepPath>,
    /// What is not as it was: `script`, `lib`, `with`, `when`, `gate`, `retry`, `times`, `needs`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
    /// How far the run is with it; nothing for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// What the step did and was not taken back. For a step that is gone: what it would strand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stands: Vec<Standing>,
    /// Steps that come after it and are done already, though it is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overtaken_by: Vec<StepPath>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    Same,
    /// The same work under another name or at another place.
    Moved,
    Changed,
    New,
    Gone,
}

/// A change that took effect and stands: a real object that someone has to know about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    pub key: String,
    pub target: String,
    pub kind: ChangeKind,
    /// How the run left the object.
    pub left: Value,
    pub ownership: Ownership,
    pub reversibility: Reversibility,
}

impl Comparison {
    /// `new` has the id of the run's workflow.
    pub fn new(state: &RunState, new: &Workflow) -> Comparison {
        let old = state.workflow.as_ref();
        let names = names(old, new);
        let mut steps: Vec<StepComparison> =
            new.steps.iter().map(|step| of_step(state, new, step, &names)).collect();
        for (step, one) in state.pairs() {
            // One that was retired before and is not back stays as it is.
            if !step.retired && !names.values().any(|was| was == &step.path) {
                steps.push(StepComparison {
                    stage: Some(one.stage),
                    stands: stands(one),
                    ..StepComparison::bare(step, Fate::Gone)
                });
            }
        }
        let only = |one: &Workflow, other: &Workflow| {
            let known = |name: &String| other.params.iter().any(|param| &param.name == name);
            one.params.iter().map(|param| param.name.clone()).filter(|name| !known(name)).collect()
        };
        Comparison {
            from_version: old.version.clone(),
            to_version: new.version.clone(),
            steps,
            params_new: only(new, old),
            params_gone: only(old, new),
        }
    }

    /// Whether the run would go on as it is.
    pub fn is_empty(&self) -> bool {
        self.from_version == self.to_version
            && self.params_new.is_empty()
            && self.params_gone.is_empty()
            && self.steps.iter().all(|step| step.fate == Fate::Same)
    }

    /// Steps that go on under another name: from the new one to the old one.
    pub fn moved(&self) -> BTreeMap<StepPath, StepPath> {
        self.steps.iter().filter_map(|one| Some((one.step.clone(), one.was.clone()?))).collect()
    }

    /// Steps that are not what they were and not done: they begin again at their inputs.
    pub fn changed(&self) -> BTreeSet<StepPath> {
        let again =
            |one: &&StepComparison| !one.differs.is_empty() && !one.is_over() && one.fate != Fate::Gone;
        self.steps.iter().filter(again).map(|one| one.step.clone()).collect()
    }

    /// The workflow that the run is pinned to from here on: the new one, but what is done stays as it was done, with the
    /// shared functions of its time, and what is gone stays, retired, where something it did stands.
    pub fn pinned(&self, state: &RunState, new: &Workflow) -> Workflow {
        let old = state.workflow.as_ref();
        let mut pinned = new.clone();
        let kept = |was: &Step| {
            let lib = old.lib_of(was);
            Step { lib: (*lib != new.lib).then(|| lib.clone()), ..was.clone() }
        };
        for (step, one) in pinned.steps.iter_mut().zip(&self.steps) {
            let was = one.was.as_ref().unwrap_or(&one.step);
            if let Some(was) = old.step(was).filter(|_| one.is_over() && !one.differs.is_empty()) {
                *step = Step {
                    path: step.path.clone(),
                    title: step.title.clone(),
                    needs: step.needs.clone(),
                    ..kept(was)
                };
            }
        }
        for (step, one) in state.pairs() {
            if self.now_called(&step.path).is_none() && one.changes.iter().any(ChangeState::stands) {
                // What it built on must not be taken back before it.
                let needs = step.needs.iter().filter_map(|need| {
                    let kept = pinned.step(need).filter(|kept| kept.retired).map(|kept| &kept.path);
                    self.now_called(need).or(kept).cloned()
                });
                let needs = needs.collect();
                pinned.steps.push(Step {
                    needs,
                    with: BTreeMap::new(),
                    when: None,
                    gate: None,
                    uses: BTreeSet::new(),
                    retired: true,
                    ..kept(step)
                });
            }
        }
        pinned
    }

    /// The name that a step of the old workflow has in the new one.
    fn now_called(&self, old: &StepPath) -> Option<&StepPath> {
        let found = self
            .steps
            .iter()
            .find(|one| one.fate != Fate::Gone && one.was.as_ref().unwrap_or(&one.step) == old);
        found.map(|one| &one.step)
    }
}

impl StepComparison {
    fn bare(step: &Step, fate: Fate) -> StepComparison {
        StepComparison {
            step: step.path.clone(),
            title: step.title.clone(),
            fate,
            was: None,
            differs: Vec::new(),
            stage: None,
            stands: Vec::new(),
            overtaken_by: Vec::new(),
        }
    }

    /// Done or skipped: what differs has no effect on it in this run.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Some(Stage::Done | Stage::Skipped))
    }
}

/// From each step of the new workflow that the old one has too, to its name there. A step that is gone under its name is
/// found again by its script, where only one has it.
fn names(old: &Workflow, new: &Workflow) -> BTreeMap<StepPath, StepPath> {
    let mut names: BTreeMap<StepPath, StepPath> = new
        .steps
        .iter()
        .filter(|step| old.step(&step.path).is_some())
        .map(|step| (step.path.clone(), step.path.clone()))
        .collect();
    let unknown: Vec<&Step> = new.steps.iter().filter(|step| old.step(&step.path).is_none()).collect();
    let gone: Vec<&Step> =
        old.steps.iter().filter(|step| !step.retired && new.step(&step.path).is_none()).collect();
    let with_script = |steps: &[&Step], script: &Script| {
        steps.iter().filter(|step| step.script.source == script.source).count()
    };
    for step in &unknown {
        let was = gone.iter().find(|was| was.script.source == step.script.source);
        if let Some(was) = was
            && with_script(&gone, &step.script) == 1
            && with_script(&unknown, &step.script) == 1
        {
            names.insert(step.path.clone(), was.path.clone());
        }
    }
    names
}

fn of_step(
    state: &RunState,
    new: &Workflow,
    step: &Step,
    names: &BTreeMap<StepPath, StepPath>,
) -> StepComparison {
    let old = state.workflow.as_ref();
    let found = names.get(&step.path).and_then(|was| state.step(was));
    let Some((was, one)) = found else {
        let overtaken_by = overtaken_by(state, new, step, names);
        return StepComparison { overtaken_by, ..StepComparison::bare(step, Fate::New) };
    };
    let mut differs = work_differs(old.lib_of(was), was, &new.lib, step);
    let fate = if !differs.is_empty() || was.retired { Fate::Changed } else { Fate::Same };
    let needs: BTreeSet<&StepPath> = step.needs.iter().map(|need| names.get(need).unwrap_or(need)).collect();
    if needs != was.needs.iter().collect() {
        differs.push("needs".to_owned());
    }
    let renamed = (was.path != step.path).then(|| was.path.clone());
    let fate = match fate {
        Fate::Same if renamed.is_some() || !differs.is_empty() => Fate::Moved,
        fate => fate,
    };
    let stands = if fate == Fate::Changed { stands(one) } else { Vec::new() };
    let stage = Some(one.stage);
    StepComparison { was: renamed, differs, stage, stands, ..StepComparison::bare(step, fate) }
}

/// What a step does, apart from its name and its place. Titles are for people.
fn work_differs(
    old_lib: &BTreeMap<String, Script>,
    old: &Step,
    new_lib: &BTreeMap<String, Script>,
    new: &Step,
) -> Vec<String> {
    let text = |one: Option<&crate::workflow::Expression>| one.map(|one| one.text.clone());
    let with = |step: &Step| -> BTreeMap<String, Option<String>> {
        step.with.iter().map(|(name, one)| (name.clone(), text(Some(one)))).collect()
    };
    let gate = |step: &Step| {
        let gate = step.gate.clone().unwrap_or_default();
        (gate.approval, gate.form, gate.wait_ms, text(gate.not_before.as_ref()))
    };
    let lib = imported(old_lib, &old.script) != imported(new_lib, &new.script);
    let differs = [
        ("script", old.script.source != new.script.source),
        ("lib", lib),
        ("with", with(old) != with(new)),
        ("when", text(old.when.as_ref()) != text(new.when.as_ref())),
        ("gate", gate(old) != gate(new)),
        ("retry", old.retry != new.retry),
        ("times", (old.timeout_ms, old.deadline_ms) != (new.timeout_ms, new.deadline_ms)),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what.to_owned()).collect()
}

/// The shared functions that a script mentions, directly or through others, with their sources. Whatever looks like a
/// use counts as one: a module too many makes a step *changed* that is not, never the other way round.
fn imported<'a>(lib: &'a BTreeMap<String, Script>, script: &'a Script) -> BTreeMap<&'a str, &'a str> {
    let mut found = BTreeMap::new();
    let mut open = vec![script.source.as_str()];
    while let Some(source) = open.pop() {
        for (name, module) in lib {
            let used = source.contains(&format!("{name}::")) || source.contains(&format!("lib/{name}"));
            if used && found.insert(name.as_str(), module.source.as_str()).is_none() {
                open.push(&module.source);
            }
        }
    }
    found
}

fn stands(one: &StepState) -> Vec<Standing> {
    let standing = |change: &ChangeState| {
        let applied = change.applied().filter(|_| change.stands())?;
        Some(Standing {
            key: change.change.key.clone(),
            target: change.change.target.clone(),
            kind: change.change.kind,
            left: change.change.after.clone(),
            ownership: applied.ownership,
            reversibility: change.change.reversibility,
        })
    };
    one.changes.iter().filter_map(standing).collect()
}

/// Steps that need `step`, directly or not, and are done.
fn overtaken_by(
    state: &RunState,
    new: &Workflow,
    step: &Step,
    names: &BTreeMap<StepPath, StepPath>,
) -> Vec<StepPath> {
    let mut behind = BTreeSet::from([&step.path]);
    let mut done = Vec::new();
    for other in &new.steps {
        if other.needs.iter().any(|need| behind.contains(need)) {
            behind.insert(&other.path);
            let one = names.get(&other.path).and_then(|was| state.step(was));
            if one.is_some_and(|(_, one)| one.stage == Stage::Done) {
                done.push(other.path.clone());
            }
        }
    }
    done
}
