//! Steps without scripts: what is left is the executor alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use contracts::{Finding, Gateway, PhaseCall, PhaseEnd, StepRunner};
use model::value::Map;
use model::workflow::{Expression, Phase};
use model::{Failure, FunctionSpec, Step, Value, Workflow};

pub(crate) struct NoScripts;

#[async_trait]
impl StepRunner for NoScripts {
    fn check(&self, _workflow: &Workflow, _functions: &[FunctionSpec]) -> Vec<Finding> {
        Vec::new()
    }

    fn phases(&self, _workflow: &Workflow, _step: &Step) -> Result<BTreeSet<Phase>, Failure> {
        Ok(BTreeSet::new())
    }

    async fn run(&self, call: PhaseCall, _gateway: Arc<dyn Gateway>) -> PhaseEnd {
        PhaseEnd::Failed(Failure::bug(format!("no step has the phase {}", call.phase)))
    }

    fn evaluate(&self, _expression: &Expression, _scope: &Map) -> PhaseEnd {
        PhaseEnd::Returned(Value::Null)
    }
}
