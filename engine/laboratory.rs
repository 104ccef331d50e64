//! The laboratory of `footbridge test`: simulated worlds in memory. An adapter of the simulator to the trait.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contracts::{HostModule, Session, TargetFacts, Targets};
use model::{Class, Code, Failure, FunctionSpec, OwnModule, RunId};
use prove::{Fate, Fault, LabEffect, LabWorld, Laboratory, Way};
use serde_json::Value as Json;
use sim::{Act, By, Faults, Injection, World, WorldError, WorldSpec};

use crate::sim::SimTargets;
use own::OwnWorld;

// Named, because tests include this file from elsewhere.
#[path = "laboratory/own.rs"]
mod own;

/// As every case sees it.
const TARGET: &str = "sim:case";
/// What a throttled call asks to wait, in seconds.
const RETRY_AFTER_S: u32 = 5;
/// Where a case and a picture of the world keep what belongs to a customer's own functions.
const OWN: &str = "own";

pub(crate) struct SimLaboratory {
    variable: fn(&str) -> Option<OsString>,
}

/// A world of the simulator, and beside it the worlds of what stands in for a customer's own programs.
struct SimWorld {
    world: World,
    own: Arc<OwnWorld>,
    sim: Arc<SimTargets>,
}

impl SimLaboratory {
    /// `variable` reads the environment that a customer's programs see a part of.
    pub(crate) fn new(variable: fn(&str) -> Option<OsString>) -> SimLaboratory {
        SimLaboratory { variable }
    }
}

impl SimWorld {
    fn around(world: World, own: OwnWorld) -> Arc<dyn LabWorld> {
        let sim = Arc::new(SimTargets::around(TARGET, world.clone()));
        Arc::new(SimWorld { world, own: Arc::new(own), sim })
    }
}

#[async_trait]
impl Laboratory for SimLaboratory {
    async fn world(&self, spec: &Json) -> Result<Arc<dyn LabWorld>, Failure> {
        let mut spec = spec.clone();
        let own = OwnWorld::new(self.variable)?;
        if let Some(files) = spec.as_object_mut().and_then(|spec| spec.remove(OWN)) {
            own.put(&files)?;
        }
        let spec: WorldSpec = serde_json::from_value(spec)
            .map_err(|error| Failure::invalid(Code::Case, format!("the world of the case: {error}")))?;
        let world = World::new(&spec).map_err(|error| refused(&error))?;
        Ok(SimWorld::around(world, own))
    }
}

#[async_trait]
impl LabWorld for SimWorld {
    fn targets(&self) -> Arc<dyn Targets> {
        Arc::new(LabTargets {
            sim: Arc::clone(&self.sim),
            world: self.world.clone(),
            own: Arc::clone(&self.own),
            modules: Mutex::default(),
        })
    }

    fn target(&self) -> &str {
        TARGET
    }

    fn snapshot(&self) -> Result<Json, Failure> {
        let mut picture = self.world.snapshot();
        if let (Some(picture), Some(files)) = (picture.as_object_mut(), self.own.files()?) {
            picture.insert(OWN.to_owned(), files);
        }
        Ok(picture)
    }

    fn effects(&self) -> Vec<LabEffect> {
        self.own.woven_into(ours(&self.world))
    }

    fn act(&self, action: &Json) -> Result<(), Failure> {
        if let Some(files) = action.get(OWN) {
            return self.own.put(files);
        }
        let action = serde_json::from_value(action.clone())
            .map_err(|error| Failure::invalid(Code::Case, format!("an act of somebody else: {error}")))?;
        self.world.as_other_admin(&action).map_err(|error| refused(&error))
    }

    fn ways(&self, operation: &str) -> &'static [Way] {
        // To an own function an error, a time-out and a cut are the same: no answer.
        if own::is_own(operation) { &[Way::Throttled, Way::CutBefore, Way::CutAfter] } else { Way::ALL }
    }

    fn fate(&self, _operation: &str, way: Way) -> Fate {
        fate(way)
    }

    fn fail(&self, faults: &[Fault]) -> Result<(), Failure> {
        let (own, others): (Vec<&Fault>, Vec<&Fault>) =
            faults.iter().partition(|fault| own::is_own(&fault.operation));
        self.own.fail(own.into_iter().cloned().collect());
        let injections = others
            .into_iter()
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
        self.own.fail_by_seed(seed, rate);
        self.world
            .faults(Faults { seed: Some(seed), rate, ..Faults::default() })
            .map_err(|error| refused(&error))
    }

    async fn fork(&self) -> Result<Arc<dyn LabWorld>, Failure> {
        Ok(SimWorld::around(self.world.fork(), self.own.fork().await?))
    }
}

/// What one process of the engine reaches: the simulator's targets, and stand-ins for a customer's own programs. A
/// stand-in lives as long as that process: starting one for each session would be most of what a trial does.
struct LabTargets {
    sim: Arc<SimTargets>,
    world: World,
    own: Arc<OwnWorld>,
    modules: Mutex<BTreeMap<String, Arc<dyn HostModule>>>,
}

#[async_trait]
impl Targets for LabTargets {
    async fn open(&self, name: &str, run: Option<RunId>) -> Result<Session, Failure> {
        self.sim.open(name, run).await
    }

    fn functions(&self) -> Vec<FunctionSpec> {
        self.sim.functions()
    }

    fn own(
        &self,
        _name: &str,
        _run: Option<RunId>,
        module: &OwnModule,
    ) -> Result<Arc<dyn HostModule>, Failure> {
        let mut modules = self.modules.lock().expect("no holder of this lock panics");
        if let Some(known) = modules.get(&module.name) {
            return Ok(Arc::clone(known));
        }
        let world = self.world.clone();
        let stand_in = self.own.module(module, Box::new(move || ours(&world).len()))?;
        modules.insert(module.name.clone(), Arc::clone(&stand_in));
        Ok(stand_in)
    }

    async fn facts(&self, name: &str) -> Result<TargetFacts, Failure> {
        self.sim.facts(name).await
    }
}

fn ours(world: &World) -> Vec<LabEffect> {
    let ours = world.ledger().into_iter().filter(|entry| entry.by == By::Us);
    ours.map(|entry| LabEffect { operation: entry.what, target: entry.target }).collect()
}

fn fate(way: Way) -> Fate {
    match way {
        Way::Throttled => Fate::Refused,
        // Neither a status nor an error that passes says how far the work had come.
        Way::ErrorBefore | Way::TimeoutBefore | Way::CutBefore => Fate::LostUndone,
        Way::ErrorAfter | Way::TimeoutAfter | Way::CutAfter => Fate::LostDone,
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
