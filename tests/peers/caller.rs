//! The caller of host functions: real time, secrets by name, and nothing of a run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use contracts::{CallContext, Clock, HostCall, HostModule, HostReply, SecretText};
use model::value::Map;
use model::{Code, Failure, RunId, Timestamp, Value};
use runtime::SystemClock;

/// Settable where a test is about it.
pub(crate) struct Caller {
    /// The machine's time where there is none: peers judge by theirs.
    pub(crate) now: Option<Timestamp>,
    pub(crate) time_left: Duration,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) stop: AtomicBool,
}

impl Default for Caller {
    fn default() -> Caller {
        Caller {
            now: None,
            time_left: Duration::from_mins(1),
            secrets: BTreeMap::new(),
            stop: AtomicBool::new(false),
        }
    }
}

impl Caller {
    pub(crate) fn secret(mut self, name: &str, value: &str) -> Caller {
        self.secrets.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// Calls one function of a module.
pub(crate) async fn call<const N: usize>(
    module: &dyn HostModule,
    caller: &Arc<Caller>,
    function: &str,
    arguments: [(&str, Value); N],
) -> Result<HostReply, Failure> {
    let arguments = arguments.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let context = Arc::clone(caller) as Arc<dyn CallContext>;
    module.call(HostCall { function: function.to_owned(), arguments, context }).await
}

#[async_trait]
impl CallContext for Caller {
    fn run(&self) -> Option<RunId> {
        None
    }

    fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(|| SystemClock.now())
    }

    fn time_left(&self) -> Duration {
        self.time_left
    }

    fn pin(&self, _: &str) -> Option<Value> {
        None
    }

    fn set_pin(&self, _: &str, _: Value) -> Result<(), Failure> {
        Ok(())
    }

    fn secret(&self, name: &str) -> Result<SecretText, Failure> {
        let value = self.secrets.get(name).cloned();
        value
            .map(SecretText::new)
            .ok_or_else(|| Failure::invalid(Code::Settings, format!("no secret '{name}'")))
    }

    async fn sending(&self, _: &str, _: Map) -> Result<(), Failure> {
        Ok(())
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}
