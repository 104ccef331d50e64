//! Targets that a proof watches: what became of each write is known, whatever was answered.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use contracts::{
    CallContext, Check, HostCall, HostModule, HostReply, Session, TargetFacts, Targets, WireRequest,
};
use model::value::Map;
use model::{Effect, Failure, FunctionSpec, OwnModule, RunId};

use crate::laboratory::LabWorld;

/// The writes of all processes of one lab since its run or undo began, whatever was answered.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Vec<Sent>>);

/// Writes to one target take turns, so what came to the world during a write came by it.
#[derive(Clone, Debug)]
struct Sent {
    /// `module::function`.
    function: String,
    arguments: Map,
    /// How many effects the world had when it was sent, and when it was over.
    before: usize,
    after: Option<usize>,
}

impl Ledger {
    /// A new run or undo begins: whatever was sent before is settled, and the same call may come again.
    pub(crate) fn begin(&self) {
        self.sent().clear();
    }

    /// A ledger that goes on with a copy of the world which has so many effects: writes under way are over there.
    pub(crate) fn fork(&self, effects: usize) -> Ledger {
        let over = |sent: &Sent| Sent {
            after: Some(sent.after.unwrap_or(effects).min(effects).max(sent.before)),
            ..sent.clone()
        };
        Ledger(Mutex::new(self.sent().iter().map(over).collect()))
    }

    /// Whether the newest such call changed the world; one that never got there did not.
    pub(crate) fn took_effect(&self, function: &str, arguments: &Map) -> bool {
        let sent = self.sent();
        let newest = sent.iter().rev().find(|one| one.function == function && one.arguments == *arguments);
        newest.is_some_and(|one| one.after.is_some_and(|after| after > one.before))
    }

    /// The place of a write that is sent now.
    fn send(&self, function: String, arguments: Map, before: usize) -> usize {
        let mut sent = self.sent();
        sent.push(Sent { function, arguments, before, after: None });
        sent.len() - 1
    }

    fn over(&self, place: usize, effects: usize) {
        if let Some(sent) = self.sent().get_mut(place) {
            sent.after = Some(effects);
        }
    }

    fn sent(&self) -> MutexGuard<'_, Vec<Sent>> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

/// What one process of a lab reaches.
pub(crate) struct WatchedTargets {
    pub(crate) world: Arc<dyn LabWorld>,
    pub(crate) targets: Arc<dyn Targets>,
    pub(crate) ledger: Arc<Ledger>,
}

impl WatchedTargets {
    fn watched(&self, module: Arc<dyn HostModule>) -> Arc<dyn HostModule> {
        Arc::new(Watched { module, world: Arc::clone(&self.world), ledger: Arc::clone(&self.ledger) })
    }
}

#[async_trait]
impl Targets for WatchedTargets {
    async fn open(&self, name: &str, run: Option<RunId>) -> Result<Session, Failure> {
        let mut session = self.targets.open(name, run).await?;
        session.modules = session.modules.into_iter().map(|module| self.watched(module)).collect();
        Ok(session)
    }

    fn functions(&self) -> Vec<FunctionSpec> {
        self.targets.functions()
    }

    fn own(
        &self,
        name: &str,
        run: Option<RunId>,
        module: &OwnModule,
    ) -> Result<Arc<dyn HostModule>, Failure> {
        Ok(self.watched(self.targets.own(name, run, module)?))
    }

    async fn facts(&self, name: &str) -> Result<TargetFacts, Failure> {
        self.targets.facts(name).await
    }
}

struct Watched {
    module: Arc<dyn HostModule>,
    world: Arc<dyn LabWorld>,
    ledger: Arc<Ledger>,
}

#[async_trait]
impl HostModule for Watched {
    fn name(&self) -> &str {
        self.module.name()
    }

    fn functions(&self) -> &[FunctionSpec] {
        self.module.functions()
    }

    async fn call(&self, call: HostCall) -> Result<HostReply, Failure> {
        let writes = |spec: &&FunctionSpec| spec.name == call.function && spec.effect == Effect::Write;
        let Some(spec) = self.functions().iter().find(writes) else {
            return self.module.call(call).await;
        };
        let place = self.ledger.send(spec.path(), call.arguments.clone(), self.world.effects().len());
        let answer = self.module.call(call).await;
        self.ledger.over(place, self.world.effects().len());
        answer
    }

    async fn describe(&self, call: HostCall) -> Result<Vec<WireRequest>, Failure> {
        self.module.describe(call).await
    }

    async fn examine(&self, context: Arc<dyn CallContext>) -> Vec<Check> {
        self.module.examine(context).await
    }

    async fn close(&self) {
        self.module.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_knows_what_took_effect_until_it_was_made() {
        let ledger = Ledger::default();
        let send = |function: &str, before| ledger.send(function.to_owned(), Map::new(), before);
        let (done, vain) = (send("m::done", 0), send("m::vain", 1));
        ledger.over(done, 1);
        ledger.over(vain, 1);
        send("m::under_way", 1);
        let told = |ledger: &Ledger| {
            ["m::done", "m::vain", "m::under_way", "m::never"]
                .map(|function| ledger.took_effect(function, &Map::new()))
        };
        assert_eq!(told(&ledger), [true, false, false, false]);
        assert_eq!(told(&ledger.fork(1)), [true, false, false, false]);
        assert_eq!(told(&ledger.fork(2)), [true, false, true, false]);
        assert_eq!(told(&ledger.fork(0)), [false, false, false, false], "a copy from before any of it");
    }
}
