//! What Rust offers to scripts: a named set of functions declared as data, with one async `call`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::value::Map;
use model::{Failure, FunctionSpec, RunId, Timestamp, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Check, SecretText};

#[async_trait]
pub trait HostModule: Send + Sync {
    /// The namespace in scripts.
    fn name(&self) -> &str;

    fn functions(&self) -> &[FunctionSpec];

    /// Performs one call. Arguments are checked against the function's spec before they come here.
    /// A write whose answer was lost must fail with class *in doubt*.
    async fn call(&self, call: HostCall) -> Result<HostReply, Failure>;

    /// What `call` would send, exactly, without sending it.
    async fn describe(&self, call: HostCall) -> Result<Vec<WireRequest>, Failure>;

    /// Checks the connection behind this module, from the name to the permission, without writing anything; later checks
    /// are left out where an earlier one makes them pointless.
    async fn examine(&self, _context: Arc<dyn CallContext>) -> Vec<Check> {
        Vec::new()
    }

    /// Lets go of what the module holds at the target, such as an open shell. Called when a run rests and when a plan is
    /// made; a later call opens it again.
    async fn close(&self) {}
}

#[derive(Clone)]
pub struct HostCall {
    pub function: String,
    pub arguments: Map,
    pub context: Arc<dyn CallContext>,
}

/// What a host module may know about the run that calls it.
#[async_trait]
pub trait CallContext: Send + Sync {
    /// `None` while planning without a run.
    fn run(&self) -> Option<RunId>;

    fn now(&self) -> Timestamp;

    /// How long this call may take.
    fn time_left(&self) -> Duration;

    /// A value this module pinned for the run, such as the domain controller.
    fn pin(&self, name: &str) -> Option<Value>;

    /// Pins a value for the rest of the run; journaled.
    fn set_pin(&self, name: &str, value: Value) -> Result<(), Failure>;

    /// The value of a secret, by the name that the target or the caller's settings give it. Whatever is asked for here
    /// is taken out of everything that is journaled afterwards.
    fn secret(&self, name: &str) -> Result<SecretText, Failure>;

    /// Journals one request of a write, durably, before it is sent. For writes that may take more than one request; a
    /// write that sends exactly one is covered by its intent. `facts` is what the request was computed from.
    async fn sending(&self, request: &str, facts: Map) -> Result<(), Failure>;

    fn cancelled(&self) -> bool;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostReply {
    pub value: Value,
    /// Request ids, domain controller and the like: kept in the journal beside the outcome.
    pub evidence: Map,
}

impl From<Value> for HostReply {
    fn from(value: Value) -> HostReply {
        HostReply { value, evidence: Map::new() }
    }
}

/// One request as a person would type or trace it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WireRequest {
    /// `powershell`, `http` or `file`.
    pub channel: String,
    /// The cmdlet with its parameters, or method and URL.
    pub line: String,
    /// The body, pretty JSON; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}
