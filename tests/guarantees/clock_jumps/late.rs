//! Between the engine and the simulator: answers of writes are lost, and their effects come late, never, or were there at
//! once. An effect comes later than it was sent by less than its settle time, whoever has died meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use contracts::{Clock as _, HostCall, HostModule, HostReply, Session, TargetFacts, Targets, WireRequest};
use model::{Class, Code, Effect, Failure, FunctionSpec, RunId};

use crate::clock::JumpingClock;

/// The settle time of every write: longer than any effect here is late.
const SETTLE_MS: u64 = 20_000;
/// One answer of a write in so many is lost.
const LOST_ONE_IN: u64 = 5;

pub(super) struct LateTargets {
    inner: Arc<dyn Targets>,
    wire: Arc<Wire>,
}

/// What is under way between the engine and the world.
struct Wire {
    clock: Arc<JumpingClock>,
    late: tokio::sync::Mutex<Vec<Late>>,
    lost: AtomicU64,
}

struct Late {
    due: Duration,
    module: Arc<dyn HostModule>,
    call: HostCall,
}

impl LateTargets {
    pub(super) fn new(inner: Arc<dyn Targets>, clock: Arc<JumpingClock>) -> LateTargets {
        let wire = Wire { clock, late: tokio::sync::Mutex::default(), lost: AtomicU64::new(0) };
        LateTargets { inner, wire: Arc::new(wire) }
    }

    /// How many answers were lost.
    pub(super) fn lost(&self) -> u64 {
        self.wire.lost.load(Ordering::SeqCst)
    }

    /// However long it takes, everything that was sent arrives.
    pub(super) async fn land_all(&self) {
        self.wire.land(Duration::MAX).await;
    }
}

#[async_trait]
impl Targets for LateTargets {
    async fn open(&self, name: &str, run: Option<RunId>) -> Result<Session, Failure> {
        let mut session = self.inner.open(name, run).await?;
        for module in &mut session.modules {
            *module = Arc::new(Lossy::new(Arc::clone(module), Arc::clone(&self.wire)));
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

impl Wire {
    async fn land(&self, now: Duration) {
        let mut late = self.late.lock().await;
        let (due, rest) = std::mem::take(&mut *late).into_iter().partition(|one: &Late| one.due <= now);
        *late = rest;
        for one in due {
            let function = one.call.function.clone();
            let landed = one.module.call(one.call).await;
            assert!(landed.is_ok(), "{function} came late and was refused: {landed:?}");
        }
    }
}

struct Lossy {
    inner: Arc<dyn HostModule>,
    functions: Vec<FunctionSpec>,
    wire: Arc<Wire>,
}

impl Lossy {
    fn new(inner: Arc<dyn HostModule>, wire: Arc<Wire>) -> Lossy {
        let functions = inner.functions().iter().map(|spec| FunctionSpec {
            settle_ms: if spec.effect == Effect::Write { SETTLE_MS } else { 0 },
            ..spec.clone()
        });
        Lossy { functions: functions.collect(), inner, wire }
    }

    fn writes(&self, function: &str) -> bool {
        self.functions.iter().any(|spec| spec.name == function && spec.effect == Effect::Write)
    }
}

#[async_trait]
impl HostModule for Lossy {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn functions(&self) -> &[FunctionSpec] {
        &self.functions
    }

    async fn call(&self, call: HostCall) -> Result<HostReply, Failure> {
        self.wire.land(self.wire.clock.steady()).await;
        // Graph's writes journal their requests as they are sent: they cannot be sent for somebody who is gone.
        let lossy = self.name() == "exchange" && self.writes(&call.function);
        if !lossy || !self.wire.clock.draw().is_multiple_of(LOST_ONE_IN) {
            return self.inner.call(call).await;
        }
        self.wire.lost.fetch_add(1, Ordering::SeqCst);
        match self.wire.clock.draw() % 3 {
            0 => {}
            1 => drop(self.inner.call(call).await?),
            _ => {
                let after = Duration::from_millis(self.wire.clock.draw() % (SETTLE_MS - 1_000));
                let due = self.wire.clock.steady() + after;
                let module = Arc::clone(&self.inner);
                self.wire.late.lock().await.push(Late { due, module, call });
            }
        }
        Err(Failure::new(Code::ExchangeInDoubt, Class::InDoubt, "nobody heard the answer"))
    }

    async fn describe(&self, call: HostCall) -> Result<Vec<WireRequest>, Failure> {
        self.inner.describe(call).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
