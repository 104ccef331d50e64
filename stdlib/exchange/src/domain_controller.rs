//! The domain controller that all calls of a run name: chosen once, pinned, and replaced only when it is gone.
//!
//! A write is visible at once only where it was made; a read somewhere else could show the state before it.

use model::value::Map;
use model::{Class, Code, Failure, Value};

use crate::answer;
use crate::caller::Caller;
use crate::function::command;

/// Name of the pin.
pub(crate) const PIN: &str = "domain_controller";

/// The run's controller; the first call of a run chooses it.
pub(crate) async fn pinned(caller: &Caller<'_>) -> Result<String, Failure> {
    let name = match caller.context.pin(PIN) {
        Some(Value::Text(name)) if !name.is_empty() => name,
        _ => {
            let name = available(caller).await?.into_iter().next().ok_or_else(|| {
                Failure::new(
                    Code::ExchangeDomainController,
                    Class::Transient,
                    "Get-DomainController lists no domain controller",
                )
            })?;
            caller.context.set_pin(PIN, Value::text(name.as_str()))?;
            name
        }
    };
    caller.note(Map::from([(PIN.to_owned(), Value::text(name.as_str()))]));
    Ok(name)
}

/// After a call failed for now: is it because the controller is gone? Then another one is pinned, and the failure says so.
/// It stays *transient*: the phase starts again from its top and looks at everything through the new controller.
pub(crate) async fn blamed(caller: &Caller<'_>, controller: &str, failure: Failure) -> Failure {
    let Ok(available) = available(caller).await else { return failure };
    if available.iter().any(|name| answer::same(name, controller)) {
        return failure;
    }
    let Some(next) = available.into_iter().next() else { return failure };
    if let Err(refused) = caller.context.set_pin(PIN, Value::text(next.as_str())) {
        return refused;
    }
    Failure {
        code: Code::ExchangeDomainController,
        message: format!("the domain controller '{controller}' is gone; '{next}' is used from here on"),
        hint: Some("what was written to the old one shows on the new one once it has replicated".into()),
        ..failure
    }
}

async fn available(caller: &Caller<'_>) -> Result<Vec<String>, Failure> {
    let rows = caller.send(command("Get-DomainController", [])).await?;
    let name = |row: &serde_json::Value| match answer::text(row, "DnsHostName") {
        empty if empty.is_empty() => answer::text(row, "Name"),
        name => name,
    };
    Ok(rows.iter().map(name).filter(|name| !name.is_empty()).collect())
}
