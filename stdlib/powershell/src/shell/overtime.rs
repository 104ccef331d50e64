//! A call's context with a little time left, whatever the call has: for stopping and clearing up after it.

use std::time::Duration;

use async_trait::async_trait;
use contracts::{CallContext, SecretText};
use model::value::Map;
use model::{Failure, RunId, Timestamp, Value};

pub(super) struct Overtime<'a> {
    pub(super) context: &'a dyn CallContext,
    pub(super) time: Duration,
}

#[async_trait]
impl CallContext for Overtime<'_> {
    fn run(&self) -> Option<RunId> {
        self.context.run()
    }

    fn now(&self) -> Timestamp {
        self.context.now()
    }

    fn time_left(&self) -> Duration {
        self.time
    }

    fn pin(&self, name: &str) -> Option<Value> {
        self.context.pin(name)
    }

    fn set_pin(&self, name: &str, value: Value) -> Result<(), Failure> {
        self.context.set_pin(name, value)
    }

    fn secret(&self, name: &str) -> Result<SecretText, Failure> {
        self.context.secret(name)
    }

    async fn sending(&self, request: &str, facts: Map) -> Result<(), Failure> {
        self.context.sending(request, facts).await
    }

    /// Whoever cancelled the call wants it to end, not to be left as it stands.
    fn cancelled(&self) -> bool {
        false
    }
}
