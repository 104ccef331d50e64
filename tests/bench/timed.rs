//! Targets that note how long whoever called them waited: what is not the engine's own time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use contracts::{HostCall, HostModule, HostReply, Session, TargetFacts, Targets, WireRequest};
use model::{Failure, FunctionSpec, RunId};

use crate::stopwatch::Stopwatch;

pub(crate) struct Timed<T> {
    inner: T,
    waited: Waited,
}

/// Nanoseconds.
type Waited = Arc<AtomicU64>;

struct TimedModule {
    inner: Arc<dyn HostModule>,
    waited: Waited,
}

impl<T> Timed<T> {
    pub(crate) fn new(inner: T) -> Timed<T> {
        Timed { inner, waited: Waited::default() }
    }

    pub(crate) fn milliseconds(&self) -> f64 {
        self.waited.load(Ordering::SeqCst) as f64 / 1e6
    }
}

async fn noting<T>(waited: &Waited, work: impl Future<Output = T>) -> T {
    let watch = Stopwatch::start();
    let result = work.await;
    waited.fetch_add((watch.seconds() * 1e9) as u64, Ordering::SeqCst);
    result
}

#[async_trait]
impl<T: Targets> Targets for Timed<T> {
    async fn open(&self, name: &str, run: Option<RunId>) -> Result<Session, Failure> {
        let mut session = noting(&self.waited, self.inner.open(name, run)).await?;
        for module in &mut session.modules {
            let (inner, waited) = (Arc::clone(module), Arc::clone(&self.waited));
            *module = Arc::new(TimedModule { inner, waited });
        }
        Ok(session)
    }

    fn functions(&self) -> Vec<FunctionSpec> {
        self.inner.functions()
    }

    async fn facts(&self, name: &str) -> Result<TargetFacts, Failure> {
        self.inner.facts(name).await
    }
}

#[async_trait]
impl HostModule for TimedModule {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn functions(&self) -> &[FunctionSpec] {
        self.inner.functions()
    }

    async fn call(&self, call: HostCall) -> Result<HostReply, Failure> {
        noting(&self.waited, self.inner.call(call)).await
    }

    async fn describe(&self, call: HostCall) -> Result<Vec<WireRequest>, Failure> {
        noting(&self.waited, self.inner.describe(call)).await
    }

    async fn close(&self) {
        noting(&self.waited, self.inner.close()).await;
    }
}
