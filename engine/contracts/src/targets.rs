//! Opens targets: a name to the host modules that reach an Exchange organisation and a tenant.

use std::sync::Arc;

use async_trait::async_trait;
use model::{Binding, Class, Code, Failure, FunctionSpec, OwnModule, RunId};

use crate::{HostModule, SecretSource};

#[async_trait]
pub trait Targets: Send + Sync {
    /// Opens `name` for a run, or for planning without one. Sessions of the same target may share connections.
    async fn open(&self, name: &str, run: Option<RunId>) -> Result<Session, Failure>;

    /// Every host function there is, whatever the target.
    fn functions(&self) -> Vec<FunctionSpec>;

    /// A host module of the customer's own, as a workflow pins it, for use with `name`: the program itself, or what stands
    /// in for it where the target is simulated. Starts nothing yet.
    fn own(
        &self,
        _name: &str,
        _run: Option<RunId>,
        module: &OwnModule,
    ) -> Result<Arc<dyn HostModule>, Failure> {
        let message = format!("module '{}' is a program, and no programs are run here", module.name);
        Err(Failure::new(Code::OwnProgram, Class::Denied, message))
    }

    /// What is known of `name` without asking it anything: what a trace of its traffic is compared with.
    async fn facts(&self, name: &str) -> Result<TargetFacts, Failure>;
}

/// What a target's description says about it. Empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetFacts {
    /// The tenant's id.
    pub tenant: String,
    /// Domains of the organisation that tokens may name instead of the tenant's id.
    pub domains: Vec<String>,
    /// Host names under which Exchange is published.
    pub hosts: Vec<String>,
}

/// An open target.
#[derive(Clone)]
pub struct Session {
    /// Its name, as runs show it.
    pub target: String,
    /// What that name stands for, where it could stand for something else another time: a run stays bound to it.
    pub binding: Option<Binding>,
    pub modules: Vec<Arc<dyn HostModule>>,
    /// A target that approves plans by itself says why: the throw-away simulator.
    pub approves_itself: Option<String>,
    /// The target's own secrets, by the names its modules ask for; asked before the engine's.
    pub secrets: Option<Arc<dyn SecretSource>>,
}

impl Session {
    /// Closes every module's connection, so that nothing is left open at the target.
    pub async fn close(&self) {
        for module in &self.modules {
            module.close().await;
        }
    }
}
