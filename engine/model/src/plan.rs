//! The ordered changes of a run and the digest that an approval binds to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::Map;
use crate::{Change, Digest, Failure, StepPath, Value};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    pub workflow: String,
    pub version: String,
    pub workflow_digest: Digest,
    pub target: String,
    /// What the target's name stood for, where that could change: [`crate::Binding::identity`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_to: Option<String>,
    /// The parameters, secrets as handles.
    pub inputs: Map,
    pub steps: Vec<PlannedStep>,
    pub digest: Digest,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStep {
    pub step: StepPath,
    pub title: String,
    pub outlook: StepOutlook,
    /// What would be written, in order.
    pub changes: Vec<Change>,
    /// Objects that are already as they should be, by target.
    pub already: Map,
    /// The script's file and the layer it came from.
    pub script: String,
    pub origin: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "outlook")]
pub enum StepOutlook {
    /// There is something to write.
    Changes,
    /// Nothing to write.
    AlreadySo,
    /// Done before this plan was made: the plan is of what remains.
    Done,
    /// `when` is false.
    Skipped,
    /// The plan of this step needs a value that only a later moment knows: `step.output`.
    KnownAfter { origin: String },
    /// An object cannot be taken to where it should be; the reasons stand in the changes of kind *conflict*.
    Conflict,
    /// The step could not look, or what it looked at is not ready.
    CannotTell { why: String },
    /// A phase failed while planning.
    Failed { failure: Failure },
}

impl Plan {
    pub fn new(workflow: &crate::Workflow, target: &str, inputs: Map, steps: Vec<PlannedStep>) -> Plan {
        let mut plan = Plan {
            workflow: workflow.id.clone(),
            version: workflow.version.clone(),
            workflow_digest: workflow.digest(),
            target: target.to_owned(),
            bound_to: None,
            inputs,
            steps,
            digest: Digest::default(),
        };
        plan.digest = plan.compute_digest();
        plan
    }

    /// The same plan for what the target's name stands for now: an approval holds for no other.
    pub fn bound_to(mut self, identity: Option<String>) -> Plan {
        self.bound_to = identity;
        self.digest = self.compute_digest();
        self
    }

    /// SHA-256 over canonical JSON of workflow digest, target and what it stands for, inputs, the changes, and the steps known later.
    fn compute_digest(&self) -> Digest {
        let mut changes = Vec::new();
        let mut known_after = Vec::new();
        for step in &self.steps {
            for change in step.changes.iter().filter(|change| change.writes()) {
                let mut entry = change.digestible();
                entry.insert("step".into(), Value::text(step.step.as_str()));
                changes.push(Value::Map(entry));
            }
            if let StepOutlook::KnownAfter { origin } = &step.outlook {
                known_after.push(Value::from([
                    ("step", Value::text(step.step.as_str())),
                    ("unknown_until", Value::text(origin)),
                ]));
            }
        }
        let mut whole = vec![
            ("workflow", Value::text(self.workflow_digest.to_string())),
            ("target", Value::text(&self.target)),
            ("inputs", Value::Map(self.inputs.clone())),
            ("changes", Value::List(changes)),
            ("known_after", Value::List(known_after)),
        ];
        whole.extend(self.bound_to.as_ref().map(|identity| ("bound_to", Value::text(identity))));
        Digest::of(&Value::Map(whole.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
    }

    pub fn step(&self, path: &StepPath) -> Option<&PlannedStep> {
        self.steps.iter().find(|step| &step.step == path)
    }

    /// Whether running it would write anything, or might.
    pub fn has_changes(&self) -> bool {
        self.steps.iter().any(|step| match step.outlook {
            StepOutlook::Changes | StepOutlook::KnownAfter { .. } => true,
            StepOutlook::AlreadySo
            | StepOutlook::Done
            | StepOutlook::Skipped
            | StepOutlook::Conflict
            | StepOutlook::CannotTell { .. }
            | StepOutlook::Failed { .. } => step.changes.iter().any(Change::writes),
        })
    }

    /// The steps that keep the plan from being run, with the reason of each.
    pub fn obstacles(&self) -> Vec<(&StepPath, String)> {
        self.steps
            .iter()
            .filter_map(|step| match &step.outlook {
                StepOutlook::Conflict => {
                    let why: Vec<String> = step
                        .changes
                        .iter()
                        .filter(|change| !change.writes())
                        .map(|change| change.summary.clone().unwrap_or_else(|| change.target.clone()))
                        .collect();
                    Some((&step.step, why.join("; ")))
                }
                StepOutlook::CannotTell { why } => Some((&step.step, format!("cannot tell: {why}"))),
                StepOutlook::Failed { failure } => Some((&step.step, failure.message.clone())),
                StepOutlook::Changes
                | StepOutlook::AlreadySo
                | StepOutlook::Done
                | StepOutlook::Skipped
                | StepOutlook::KnownAfter { .. } => None,
            })
            .collect()
    }
}
