//! A call without an engine around it, and with one secret.

use std::time::Duration;

use async_trait::async_trait;
use contracts::{CallContext, SecretText};
use model::value::Map;
use model::{Code, Failure, RunId, Timestamp, Value};

pub(crate) struct Context;

#[async_trait]
impl CallContext for Context {
    fn run(&self) -> Option<RunId> {
        Some(RunId::new(1, 1))
    }

    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn time_left(&self) -> Duration {
        Duration::from_mins(10)
    }

    fn pin(&self, _name: &str) -> Option<Value> {
        None
    }

    fn set_pin(&self, _name: &str, _value: Value) -> Result<(), Failure> {
        Ok(())
    }

    fn secret(&self, name: &str) -> Result<SecretText, Failure> {
        match name {
            "key" => Ok(SecretText::new("hunter2hunter2".to_owned())),
            _ => Err(Failure::invalid(Code::Secret, format!("there is no secret '{name}'"))),
        }
    }

    async fn sending(&self, _request: &str, _facts: Map) -> Result<(), Failure> {
        Ok(())
    }

    fn cancelled(&self) -> bool {
        false
    }
}
