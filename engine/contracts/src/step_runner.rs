//! Runs one phase of one step, and judges scripts and expressions without running them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::value::Map;
use model::workflow::{Expression, Phase};
use model::{Failure, Finding, FunctionSpec, Step, Value, Workflow};
use std::collections::BTreeSet;

use crate::Gateway;

#[async_trait]
pub trait StepRunner: Send + Sync {
    /// Every mistake that can be found without running: syntax, rules of the step contract, unknown host functions,
    /// wrong argument names, expressions that do not parse.
    fn check(&self, workflow: &Workflow, functions: &[FunctionSpec]) -> Vec<Finding>;

    /// The phases that a step's script defines.
    fn phases(&self, workflow: &Workflow, step: &Step) -> Result<BTreeSet<Phase>, Failure>;

    /// Runs one phase on a thread of its own pool; answers when the script has ended.
    async fn run(&self, call: PhaseCall, gateway: Arc<dyn Gateway>) -> PhaseEnd;

    /// Evaluates a manifest expression over `params` and `steps`.
    fn evaluate(&self, expression: &Expression, scope: &Map) -> PhaseEnd;
}

#[derive(Clone)]
pub struct PhaseCall {
    pub workflow: Arc<Workflow>,
    pub step: usize,
    pub phase: Phase,
    /// `ctx` first, then what the phase takes.
    pub arguments: Vec<Value>,
    pub timeout: Duration,
    /// The host functions of the target.
    pub functions: Arc<Vec<FunctionSpec>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PhaseEnd {
    Returned(Value),
    NotYet {
        why: String,
        after_ms: u64,
    },
    /// A value that is not known while planning was used: `step.output`.
    Needs {
        origin: String,
    },
    Recorded,
    Cancelled,
    Failed(Failure),
}
