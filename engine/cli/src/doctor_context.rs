//! What host modules get while `doctor` examines them: time, secrets, and pins that nobody keeps.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use contracts::{CallContext, Clock as _, SecretSource, SecretText};
use model::value::Map;
use model::{Failure, Redactor, RunId, Timestamp, Value};
use runtime::SystemClock;

use crate::context::now;
use crate::settings::EnvironmentSecrets;

/// One module's checks: longer than any single time-out of a connection.
const TIME_MAX: Duration = Duration::from_mins(2);

pub(crate) struct DoctorContext {
    secrets: Option<Arc<dyn SecretSource>>,
    until: Duration,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    pins: BTreeMap<String, Value>,
    redactor: Redactor,
}

impl DoctorContext {
    pub(crate) fn new(secrets: Option<Arc<dyn SecretSource>>) -> DoctorContext {
        DoctorContext { secrets, until: SystemClock.steady() + TIME_MAX, inner: Mutex::default() }
    }

    /// Without the values of the secrets that were asked for so far.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.inner().redactor.text(text)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CallContext for DoctorContext {
    fn run(&self) -> Option<RunId> {
        None
    }

    fn now(&self) -> Timestamp {
        now()
    }

    fn time_left(&self) -> Duration {
        self.until.saturating_sub(SystemClock.steady())
    }

    fn pin(&self, name: &str) -> Option<Value> {
        self.inner().pins.get(name).cloned()
    }

    fn set_pin(&self, name: &str, value: Value) -> Result<(), Failure> {
        self.inner().pins.insert(name.to_owned(), value);
        Ok(())
    }

    fn secret(&self, name: &str) -> Result<SecretText, Failure> {
        let secret = match &self.secrets {
            Some(secrets) => secrets.find(name)?,
            None => EnvironmentSecrets.find(name)?,
        };
        self.inner().redactor.add(name, secret.spend());
        Ok(secret)
    }

    async fn sending(&self, request: &str, _facts: Map) -> Result<(), Failure> {
        Err(Failure::bug(format!("{request} would write, and an examination never does")))
    }

    fn cancelled(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One;

    impl SecretSource for One {
        fn find(&self, _name: &str) -> Result<SecretText, Failure> {
            Ok(SecretText::new("hunter2-hunter2".to_owned()))
        }
    }

    #[tokio::test]
    async fn a_spent_secret_is_shown_nowhere_and_nothing_is_written() {
        let context = DoctorContext::new(Some(Arc::new(One)));
        assert_eq!(context.secret("graph.secret").expect("it is there").spend(), "hunter2-hunter2");
        let told = context.redacted("401 for hunter2-hunter2");
        assert!(told.contains("[secret graph.secret]") && !told.contains("hunter2"), "{told}");
        context.sending("PATCH /x", Map::new()).await.expect_err("a write is refused");
        context.set_pin("controller", "dc01".into()).expect("kept for as long as this lasts");
        assert_eq!(context.pin("controller"), Some("dc01".into()));
    }
}
