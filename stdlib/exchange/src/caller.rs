//! Sends the commands of one host call: adds the pinned domain controller, classifies errors, gathers evidence.

use std::sync::{Mutex, PoisonError};

use contracts::CallContext;
use model::value::Map;
use model::{Class, Code, Effect, Failure, Value};
use serde_json::{Value as Json, json};

use crate::shell::{Command, ExchangeShell};
use crate::{classify::classify, domain_controller};

pub(crate) struct Caller<'a> {
    pub(crate) shell: &'a dyn ExchangeShell,
    pub(crate) context: &'a dyn CallContext,
    pub(crate) effect: Effect,
    evidence: Mutex<Map>,
}

/// Cmdlets that have no `-DomainController`.
const UNPINNED: &[&str] = &["Get-DomainController", "Get-IntraOrganizationConfiguration"];

impl<'a> Caller<'a> {
    pub(crate) fn new(
        shell: &'a dyn ExchangeShell,
        context: &'a dyn CallContext,
        effect: Effect,
    ) -> Caller<'a> {
        Caller { shell, context, effect, evidence: Mutex::new(Map::new()) }
    }

    /// Runs a command at the run's domain controller; its output objects.
    pub(crate) async fn run(&self, command: Command) -> Result<Vec<Json>, Failure> {
        if UNPINNED.contains(&command.cmdlet.as_str()) {
            return self.send(command).await;
        }
        let controller = domain_controller::pinned(self).await?;
        let outcome = self.send(at(command, &controller)).await;
        match outcome {
            // The controller may be what failed; asking costs one read and only after a failure.
            Err(failure) if failure.code == Code::ExchangeTransient => {
                Err(domain_controller::blamed(self, &controller, failure).await)
            }
            other => other,
        }
    }

    /// Like [`Caller::run`] for a read by an identity, where a stricter server says "not found" instead of "all".
    pub(crate) async fn run_or_none(&self, command: Command) -> Result<Vec<Json>, Failure> {
        match self.run(command).await {
            Err(failure) if self.effect == Effect::Read && failure.code == Code::ExchangeNotFound => {
                Ok(Vec::new())
            }
            other => other,
        }
    }

    /// Runs a command as it is.
    pub(crate) async fn send(&self, command: Command) -> Result<Vec<Json>, Failure> {
        if self.context.cancelled() {
            return Err(Failure::new(
                Code::Cancelled,
                Class::Denied,
                "the run was cancelled before the call was sent",
            ));
        }
        let cmdlet = command.cmdlet.clone();
        // Only the main command of a write writes; what it looks up on the way reads.
        let effect = if cmdlet.starts_with("Get-") { Effect::Read } else { self.effect };
        let reply = self
            .shell
            .invoke(command, self.context)
            .await
            .map_err(|error| classify(&error, &cmdlet, effect))?;
        self.note(reply.evidence);
        if !reply.warnings.is_empty() {
            self.note(Map::from([(
                "warnings".to_owned(),
                Value::List(reply.warnings.into_iter().map(Value::Text).collect()),
            )]));
        }
        Ok(reply.objects)
    }

    pub(crate) fn note(&self, evidence: Map) {
        self.evidence.lock().unwrap_or_else(PoisonError::into_inner).extend(evidence);
    }

    pub(crate) fn into_evidence(self) -> Map {
        self.evidence.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The command with the controller named.
pub(crate) fn at(mut command: Command, controller: &str) -> Command {
    if !UNPINNED.contains(&command.cmdlet.as_str()) {
        command.parameters.insert("DomainController".into(), json!(controller));
    }
    command
}
