//! The laboratory of `footbridge test`: simulated worlds in memory. An adapter of the simulator to the trait.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::Targets;
use model::{Class, Code, Failure};
use prove::{Fate, Fault, LabEffect, LabWorld, Laboratory, Way};
use serde_json::Value as Json;
use sim::{Act, By, Faults, Injection, World, WorldError, WorldSpec};

use crate::sim::SimTargets;

/// As every case sees it.
const TARGET: &str = "sim:case";
/// What a throttled call asks to wait, in seconds.
const RETRY_AFTER_S: u32 = 5;

pub(crate) struct SimLaboratory;

struct SimWorld {
    world: World,
    targets: Arc<SimTargets>,
}

impl SimWorld {
    async fn around(world: World) -> Result<Arc<dyn LabWorld>, Failure> {
        let targets = SimTargets::around(TARGET, world.clone()).await?;
        Ok(Arc::new(SimWorld { world, targets: Arc::new(targets) }))
    }
}

#[async_trait]
impl Laboratory for SimLaboratory {
    async fn world(&self, spec: &Json) -> Result<Arc<dyn LabWorld>, Failure> {
        let spec: WorldSpec = serde_json::from_value(spec.clone())
            .map_err(|error| Failure::invalid(Code::Case, format!("the world of the case: {error}")))?;
        SimWorld::around(World::new(&spec).map_err(|error| refused(&error))?).await
    }
}

#[async_trait]
impl LabWorld for SimWorld {
    fn targets(&self) -> Arc<dyn Targets> {
        Arc::clone(&self.targets) as _
    }

    fn target(&self) -> &str {
        TARGET
    }

    fn snapshot(&self) -> Json {
        self.world.snapshot()
    }

    fn effects(&self) -> Vec<LabEffect> {
        let ours = self.world.ledger().into_iter().filter(|entry| entry.by == By::Us);
        ours.map(|entry| LabEffect { operation: entry.what, target: entry.target }).collect()
    }

    fn act(&self, action: &Json) -> Result<(), Failure> {
        let action = serde_json::from_value(action.clone())
            .map_err(|error| Failure::invalid(Code::Case, format!("an act of somebody else: {error}")))?;
        self.world.as_other_admin(&action).map_err(|error| refused(&error))
    }

    fn fate(&self, _operation: &str, way: Way) -> Fate {
        match way {
            Way::Throttled => Fate::Refused,
            // Neither a status nor an error that passes says how far the work had come.
            Way::ErrorBefore | Way::TimeoutBefore | Way::CutBefore => Fate::LostUndone,
            Way::ErrorAfter | Way::TimeoutAfter | Way::CutAfter => Fate::LostDone,
        }
    }

    fn fail(&self, faults: &[Fault]) -> Result<(), Failure> {
        let injections = faults
            .iter()
            .map(|fault| Injection {
                on: fault.operation.clone(),
                nth: fault.nth,
                times: 1,
                act: act(fault.way),
            })
            .collect();
        self.world.faults(Faults { injections, ..Faults::default() }).map_err(|error| refused(&error))
    }

    fn fail_by_seed(&self, seed: u64, rate: f64) -> Result<(), Failure> {
        self.world
            .faults(Faults { seed: Some(seed), rate, ..Faults::default() })
            .map_err(|error| refused(&error))
    }

    async fn fork(&self) -> Result<Arc<dyn LabWorld>, Failure> {
        SimWorld::around(self.world.fork()).await
    }
}

fn act(way: Way) -> Act {
    match way {
        Way::Throttled => Act::Throttle { retry_after: RETRY_AFTER_S },
        Way::ErrorBefore => Act::ServerError { status: 500, after_effect: false },
        Way::ErrorAfter => Act::ServerError { status: 500, after_effect: true },
        Way::TimeoutBefore => Act::TimeoutBefore,
        Way::TimeoutAfter => Act::TimeoutAfter,
        Way::CutBefore => Act::Cut { after_effect: false },
        Way::CutAfter => Act::Cut { after_effect: true },
    }
}

fn refused(error: &WorldError) -> Failure {
    Failure::new(Code::Simulator, Class::Invalid, error.to_string()).evidence("code", error.code())
}
