//! A workflow as it is pinned to a run: manifest, scripts and shared functions, whole, named by their digest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Digest, OwnModule, Param, StepPath, UndoPolicy, Value};

/// The workflows that a run is or was pinned to, by the digest of their bytes: what its events name.
pub type Pinned = BTreeMap<Digest, Arc<Workflow>>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Workflow {
    pub id: String,
    pub version: String,
    pub title: String,
    /// The document it implements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    pub params: Vec<Param>,
    /// In topological order: a step stands after everything it needs.
    pub steps: Vec<Step>,
    /// Shared script functions by module name (`lib/NAME.rhai`).
    pub lib: BTreeMap<String, Script>,
    /// Parameter values set by layers, with the layer that won.
    #[serde(default)]
    pub overlay: BTreeMap<String, Overlaid>,
    /// What undo does about conflicts, where a layer says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<UndoPolicy>,
    /// Host modules of the customer's own, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub own: BTreeMap<String, OwnModule>,
    /// The layers it was resolved from, weakest first: `shipped`, then the folders.
    pub layers: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Overlaid {
    pub value: Value,
    pub origin: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    pub path: StepPath,
    pub title: String,
    pub needs: Vec<StepPath>,
    /// Input name to Rhai expression.
    pub with: BTreeMap<String, Expression>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Expression>,
    pub retry: Retry,
    /// One phase's execution.
    pub timeout_ms: u64,
    /// All `not_yet` of one stage together.
    pub deadline_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    pub script: Script,
    /// The phases the script defines; filled in when the scripts are compiled.
    #[serde(default)]
    pub phases: BTreeSet<Phase>,
    /// The steps whose outputs `with` and `when` read.
    #[serde(default)]
    pub uses: BTreeSet<StepPath>,
    /// The shared functions of its time, where a re-pin kept the step as it was and the workflow's are others now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lib: Option<BTreeMap<String, Script>>,
    /// Gone from the workflow, and kept by a re-pin because something it did still stands: only its undo is ever run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

/// A Rhai expression and where it stands, so that an error can point at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expression {
    pub text: String,
    pub file: String,
    pub line: usize,
    pub column: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Script {
    /// As shown in errors: relative to its layer, for example `workflows/sfb-online/steps/upload_auth_cert.rhai`.
    pub file: String,
    /// The layer it came from: `shipped`, or the folder.
    pub origin: String,
    pub source: String,
}

/// One function of a step's script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Probe,
    Plan,
    Apply,
    Verify,
    Outputs,
    Undo,
}

impl Phase {
    pub const ALL: [Phase; 6] =
        [Phase::Probe, Phase::Plan, Phase::Apply, Phase::Verify, Phase::Outputs, Phase::Undo];

    pub fn name(self) -> &'static str {
        match self {
            Phase::Probe => "probe",
            Phase::Plan => "plan",
            Phase::Apply => "apply",
            Phase::Verify => "verify",
            Phase::Outputs => "outputs",
            Phase::Undo => "undo",
        }
    }

    /// How many arguments the function takes, `ctx` included.
    pub fn arity(self) -> usize {
        match self {
            Phase::Probe => 1,
            Phase::Plan | Phase::Apply | Phase::Verify | Phase::Outputs => 2,
            Phase::Undo => 3,
        }
    }

    /// Whether the phase may reach functions with the effect *write*.
    pub fn may_write(self) -> bool {
        matches!(self, Phase::Apply | Phase::Undo)
    }

    /// Whether the phase may reach the target at all.
    pub fn may_read(self) -> bool {
        !matches!(self, Phase::Plan | Phase::Outputs)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

/// How transient failures are tried again: `attempts` in all, waiting from `wait_ms_min`, doubling up to `wait_ms_max`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retry {
    pub attempts: u32,
    pub wait_ms_min: u64,
    pub wait_ms_max: u64,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry { attempts: 5, wait_ms_min: 2_000, wait_ms_max: 120_000 }
    }
}

/// What holds a step before it looks at the target. All that is given must pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Questions only a person can answer. They hold the step only when `required`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub form: Vec<Question>,
    /// Wait this long from the moment the step could start, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// An expression giving RFC 3339 text: not before that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Expression>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    /// Who may approve, in the organisation's own words; shown and recorded.
    pub role: String,
    /// Whoever asked for the run may not approve it.
    pub not_requester: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    pub id: String,
    /// What to do and look for.
    pub ask: String,
    /// Which feature a yes proves.
    pub proves: String,
    pub required: bool,
}

impl Workflow {
    /// Names what would run: everything but the phases, which follow from the scripts, and the folders of own modules,
    /// which lie elsewhere on another machine.
    pub fn digest(&self) -> Digest {
        let mut bare = self.clone();
        for step in &mut bare.steps {
            step.phases.clear();
        }
        for module in bare.own.values_mut() {
            module.folder.clear();
        }
        Digest::of(&bare)
    }

    /// Whether each step has a path of its own and stands after every step that it needs: what whoever runs it relies on.
    /// What is wrong, else.
    pub fn in_order(&self) -> Result<(), String> {
        let mut before = BTreeSet::new();
        for step in &self.steps {
            if let Some(need) = step.needs.iter().find(|need| !before.contains(need)) {
                return Err(format!(
                    "step '{}' needs '{need}', and no such step stands before it",
                    step.path
                ));
            }
            if !before.insert(&step.path) {
                return Err(format!("there are two steps '{}'", step.path));
            }
        }
        Ok(())
    }

    /// The shared functions that a step's script sees.
    pub fn lib_of<'a>(&'a self, step: &'a Step) -> &'a BTreeMap<String, Script> {
        step.lib.as_ref().unwrap_or(&self.lib)
    }

    pub fn step(&self, path: &StepPath) -> Option<&Step> {
        self.steps.iter().find(|step| &step.path == path)
    }
}

impl Step {
    pub fn has(&self, phase: Phase) -> bool {
        self.phases.contains(&phase)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_stand_once_and_after_those_that_they_need() {
        let in_order = |steps: &[(&str, &[&str])]| {
            let steps = steps.iter().map(|(path, needs)| {
                json!({ "path": path, "title": "", "needs": needs, "with": {}, "timeout_ms": 1, "deadline_ms": 1,
                    "retry": { "attempts": 1, "wait_ms_min": 1, "wait_ms_max": 1 },
                    "script": { "file": "", "origin": "", "source": "" } })
            });
            let workflow = json!({ "id": "w", "version": "1", "title": "", "params": [], "lib": {}, "layers": [],
                "steps": steps.collect::<Vec<_>>() });
            serde_json::from_value::<Workflow>(workflow).expect("a workflow").in_order()
        };
        assert_eq!(in_order(&[("a", &[]), ("b", &["a"]), ("c", &["a", "b"])]), Ok(()));
        for (steps, why) in [
            (&[("a", &["b"][..]), ("b", &[])][..], "step 'a' needs 'b'"),
            (&[("a", &["a"])], "step 'a' needs 'a'"),
            (&[("a", &[]), ("b", &["gone"])], "step 'b' needs 'gone'"),
            (&[("a", &[]), ("a", &[])], "two steps 'a'"),
        ] {
            let told = in_order(steps).expect_err("out of order");
            assert!(told.contains(why), "{told}");
        }
    }
}
