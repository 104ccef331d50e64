//! The domain controller that all calls of a run name: chosen once, pinned, and replaced only when it is gone.
//!
//! A write is visible at once only where it was made; a read somewhere else could show the state before it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::value::Map;
use model::{Class, Code, Failure, Value};

use crate::answer;
use crate::caller::{Caller, Pinning, at};
use crate::function::command;

/// Name of the pin.
pub(crate) const PIN: &str = "domain_controller";

/// After so many calls in a row that a controller did not serve, it counts as gone although the directory still lists
/// it. A restart is over sooner than the engine tries so often.
const ABSENCES_MAX: u32 = 3;

/// How often in a row each controller did not serve.
#[derive(Debug, Default)]
pub(crate) struct Absences(Mutex<BTreeMap<String, u32>>);

impl Absences {
    pub(crate) fn forget(&self, controller: &str) {
        self.lock().remove(&controller.to_lowercase());
    }

    fn count(&self, controller: &str) -> u32 {
        let mut counts = self.lock();
        let count = counts.entry(controller.to_lowercase()).or_default();
        *count += 1;
        *count
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        // Nothing that holds it can stop half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The run's controller; the first call of a run chooses it.
pub(crate) async fn pinned(caller: &Caller<'_>) -> Result<String, Failure> {
    let name = match caller.context.pin(PIN) {
        Some(Value::Text(name)) if !name.is_empty() => name,
        _ => {
            let listed = listed(caller).await?;
            let count = listed.len();
            let name = first_that_serves(caller, listed.into_iter()).await?.ok_or_else(|| {
                let why = match count {
                    0 => "Get-DomainController lists no domain controller".to_owned(),
                    count => format!("none of the {count} domain controllers that are listed serves"),
                };
                Failure::new(Code::ExchangeDomainController, Class::Transient, why)
            })?;
            caller.context.set_pin(PIN, Value::text(name.as_str()))?;
            name
        }
    };
    caller.note(Map::from([(PIN.to_owned(), Value::text(name.as_str()))]));
    Ok(name)
}

/// After a call failed for now: is it because the controller is gone? Then another one is pinned, and the failure says so.
/// Its class stays: the phase starts again from its top, or the write is settled by looking, through the new controller.
pub(crate) async fn blamed(caller: &Caller<'_>, controller: &str, failure: Failure) -> Failure {
    // Another call of the run may have found out first.
    if let Some(Value::Text(next)) = caller.context.pin(PIN)
        && !answer::same(&next, controller)
    {
        return replaced(failure, controller, &next);
    }
    let Ok(listed) = listed(caller).await else { return failure };
    let is_listed = listed.iter().any(|name| answer::same(name, controller));
    if is_listed && failure.code != Code::ExchangeDomainController {
        return failure;
    }
    if is_listed {
        let count = caller.absences.count(controller);
        if count < ABSENCES_MAX {
            return failure.hint(format!(
                "the domain controller '{controller}' did not serve {count} times in a row; after {ABSENCES_MAX} times \
                 another one is chosen"
            ));
        }
    }
    let others = listed.into_iter().filter(|name| !answer::same(name, controller));
    let next = match first_that_serves(caller, others).await {
        Ok(Some(next)) => next,
        Ok(None) => {
            return Failure { code: Code::ExchangeDomainController, ..failure }
                .hint(format!("'{controller}' does not serve, and no other domain controller does either"));
        }
        Err(_) => return failure,
    };
    if let Err(refused) = caller.context.set_pin(PIN, Value::text(next.as_str())) {
        return refused;
    }
    caller.absences.forget(controller);
    caller.note(Map::from([(PIN.to_owned(), Value::text(next.as_str()))]));
    replaced(failure, controller, &next)
}

fn replaced(failure: Failure, controller: &str, next: &str) -> Failure {
    Failure {
        code: Code::ExchangeDomainController,
        message: format!("the domain controller '{controller}' is gone; '{next}' is used from here on"),
        hint: Some("what was written to the old one shows on the new one once it has replicated".into()),
        ..failure
    }
}

/// The directory lists controllers that are switched off, too: each is asked for something small.
async fn first_that_serves(
    caller: &Caller<'_>,
    candidates: impl Iterator<Item = String>,
) -> Result<Option<String>, Failure> {
    for name in candidates {
        let look = at(command("Get-AuthConfig", []), &name, Pinning::Pinned);
        match caller.send(look).await {
            Ok(_) => return Ok(Some(name)),
            Err(failure) if may_be_the_controllers(&failure) => {}
            // It serves, and shows nothing to this account.
            Err(failure) if failure.code == Code::ExchangeDenied => return Ok(Some(name)),
            Err(failure) => return Err(failure),
        }
    }
    Ok(None)
}

/// A session that could not be had says nothing about a controller: only an error record does.
pub(crate) fn may_be_the_controllers(failure: &Failure) -> bool {
    failure.code == Code::ExchangeDomainController
        || (failure.code == Code::ExchangeTransient && failure.evidence.contains_key("exception_type"))
}

async fn listed(caller: &Caller<'_>) -> Result<Vec<String>, Failure> {
    let rows = caller.send(command("Get-DomainController", [])).await?;
    Ok(rows.iter().map(controller_name).filter(|name| !name.is_empty()).collect())
}

/// The host name of a controller, as `-DomainController` takes it.
pub(crate) fn controller_name(row: &serde_json::Value) -> String {
    match answer::text(row, "DnsHostName") {
        empty if empty.is_empty() => answer::text(row, "Name"),
        name => name,
    }
}
