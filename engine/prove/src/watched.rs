//! Targets that a proof watches: what became of each write is known, and a process that died reaches them no more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contracts::{
    CallContext, Check, HostCall, HostModule, HostReply, Session, TargetFacts, Targets, WireRequest,
};
use model::value::Map;
use model::{Class, Code, Effect, Failure, FunctionSpec, OwnModule, RunId};
use tokio::sync::watch;

use crate::laboratory::LabWorld;

/// The writes of all processes of one lab since its run or undo began, whatever was answered.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Vec<Sent>>);

#[derive(Debug)]
struct Sent {
    /// `module::function`.
    function: String,
    arguments: Map,
    took_effect: bool,
}

impl Ledger {
    /// A new run or undo begins: whatever was sent before is settled, and the same call may come again.
    pub(crate) fn begin(&self) {
        self.0.lock().expect("no holder of this lock panics").clear();
    }

    /// Whether the newest such call changed the world; one that never got there did not.
    pub(crate) fn took_effect(&self, function: &str, arguments: &Map) -> bool {
        let sent = self.0.lock().expect("no holder of this lock panics");
        let newest = sent.iter().rev().find(|one| one.function == function && one.arguments == *arguments);
        newest.is_some_and(|one| one.took_effect)
    }
}

/// A process's life as the world sees it: what it sent before its death goes on to its end, nothing is sent afterwards.
#[derive(Debug)]
pub(crate) struct Mortality {
    dead: AtomicBool,
    under_way: watch::Sender<usize>,
}

impl Default for Mortality {
    fn default() -> Mortality {
        Mortality { dead: AtomicBool::new(false), under_way: watch::channel(0).0 }
    }
}

impl Mortality {
    pub(crate) fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Resolves when nothing of a dead process is under way any more.
    pub(crate) async fn quiet(&self) {
        let mut under_way = self.under_way.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = under_way.wait_for(|count| *count == 0).await;
    }

    /// Counted first, looked at second: whoever sees it dead and then waits for quiet misses no call.
    fn begin(&self) -> Option<UnderWay<'_>> {
        self.under_way.send_modify(|count| *count += 1);
        let call = UnderWay(self);
        (!self.is_dead()).then_some(call)
    }
}

struct UnderWay<'m>(&'m Mortality);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.send_modify(|count| *count -= 1);
    }
}

/// What one process of a lab reaches.
pub(crate) struct WatchedTargets {
    pub(crate) world: Arc<dyn LabWorld>,
    pub(crate) targets: Arc<dyn Targets>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) mortality: Arc<Mortality>,
}

impl WatchedTargets {
    fn watched(&self, module: Arc<dyn HostModule>) -> Arc<dyn HostModule> {
        Arc::new(Watched {
            module,
            world: Arc::clone(&self.world),
            ledger: Arc::clone(&self.ledger),
            mortality: Arc::clone(&self.mortality),
        })
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
    mortality: Arc<Mortality>,
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
        let Some(_under_way) = self.mortality.begin() else {
            return Err(Failure::new(Code::Interrupted, Class::Transient, "the process died here"));
        };
        let writes = |spec: &&FunctionSpec| spec.name == call.function && spec.effect == Effect::Write;
        let Some(spec) = self.functions().iter().find(writes) else {
            return self.module.call(call).await;
        };
        let (function, arguments) = (spec.path(), call.arguments.clone());
        // Writes to one target take turns, so whatever comes to the world meanwhile came by this one.
        let before = self.world.effects().len();
        let answer = self.module.call(call).await;
        let took_effect = self.world.effects().len() > before;
        let sent = Sent { function, arguments, took_effect };
        self.ledger.0.lock().expect("no holder of this lock panics").push(sent);
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

    #[tokio::test]
    async fn the_dead_send_nothing_and_what_they_sent_is_waited_for() {
        let mortality = Mortality::default();
        let call = mortality.begin().expect("alive");
        mortality.die();
        assert!(mortality.begin().is_none());
        let quiet = mortality.quiet();
        tokio::pin!(quiet);
        let waits = tokio::select! {
            biased;
            () = &mut quiet => false,
            () = std::future::ready(()) => true,
        };
        assert!(waits, "a call is still under way");
        drop(call);
        quiet.await;
        assert_eq!(*mortality.under_way.borrow(), 0);
    }
}
