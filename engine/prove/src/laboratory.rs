//! What a laboratory must offer: worlds that can be looked at from outside, disturbed, and thrown away.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::Targets;
use model::Failure;
use serde_json::Value as Json;

use crate::disturbance::Way;

/// Makes worlds. A simulator implements it; the engine under proof never sees it.
#[async_trait]
pub trait Laboratory: Send + Sync {
    /// A fresh world, as the `[world]` table of a case describes it.
    async fn world(&self, spec: &Json) -> Result<Arc<dyn LabWorld>, Failure>;
}

#[async_trait]
pub trait LabWorld: Send + Sync {
    /// Opens this world, and only it, under [`LabWorld::target`].
    fn targets(&self) -> Arc<dyn Targets>;

    fn target(&self) -> &str;

    /// Everything there is, in a form that can be compared; nothing that differs from run to run but ids of runs.
    fn snapshot(&self) -> Result<Json, Failure>;

    /// What our side changed, in order.
    fn effects(&self) -> Vec<LabEffect>;

    /// Somebody else acts, as a case's `act` says.
    fn act(&self, action: &Json) -> Result<(), Failure>;

    /// The ways in which such a call can fail that are worth telling apart.
    fn ways(&self, _operation: &str) -> &'static [Way] {
        Way::ALL
    }

    /// What a failure of such a call means: whether the work was done, and whether whoever called can know.
    fn fate(&self, operation: &str, way: Way) -> Fate;

    /// From now on these calls fail, and no others.
    fn fail(&self, faults: &[Fault]) -> Result<(), Failure>;

    /// From now on calls fail by a seed, at this share of all calls.
    fn fail_by_seed(&self, seed: u64, rate: f64) -> Result<(), Failure>;

    /// A world of its own in exactly this state.
    async fn fork(&self) -> Result<Arc<dyn LabWorld>, Failure>;
}

/// One change that our side made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabEffect {
    /// As the world names the operation: a cmdlet, or method and path.
    pub operation: String,
    pub target: String,
}

/// What became of a write that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Refused, and the answer says so: it is simply sent again.
    Refused,
    /// No answer, and nothing happened: found undone by looking, then sent again.
    LostUndone,
    /// No answer, and the work was done: found done by looking, never sent again.
    LostDone,
}

/// One call that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub operation: String,
    /// At which call of that operation from now on, from 1.
    pub nth: u32,
    pub way: Way,
}
