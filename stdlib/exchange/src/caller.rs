//! Sends the commands of one host call: adds the pinned domain controller, classifies errors, gathers evidence.

use std::sync::{Mutex, PoisonError};

use contracts::CallContext;
use model::value::Map;
use model::{Class, Code, Effect, Failure, Value};
use serde_json::{Value as Json, json};

use crate::cmdlet::{effect_of, takes_controller};
use crate::domain_controller::Absences;
use crate::metadata_document::MetadataSource;
use crate::shell::{Command, ExchangeShell};
use crate::{classify::classify, domain_controller};

pub(crate) struct Caller<'a> {
    pub(crate) shell: &'a dyn ExchangeShell,
    pub(crate) context: &'a dyn CallContext,
    pub(crate) effect: Effect,
    pub(crate) pinning: Pinning,
    pub(crate) absences: &'a Absences,
    /// The second source of certificates.
    pub(crate) metadata: Option<&'a MetadataSource>,
    evidence: Mutex<Map>,
}

/// Whether commands name the run's domain controller where their cmdlet takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pinning {
    Pinned,
    Unpinned,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(
        shell: &'a dyn ExchangeShell,
        context: &'a dyn CallContext,
        effect: Effect,
        pinning: Pinning,
        absences: &'a Absences,
        metadata: Option<&'a MetadataSource>,
    ) -> Caller<'a> {
        Caller { shell, context, effect, pinning, absences, metadata, evidence: Mutex::new(Map::new()) }
    }

    /// Runs a command at the run's domain controller; its output objects.
    pub(crate) async fn run(&self, command: Command) -> Result<Vec<Json>, Failure> {
        if self.pinning == Pinning::Unpinned || !takes_controller(&command.cmdlet) {
            return self.send(command).await;
        }
        let controller = domain_controller::pinned(self).await?;
        match self.send(at(command, &controller, self.pinning)).await {
            Ok(rows) => {
                self.absences.forget(&controller);
                Ok(rows)
            }
            // The controller may be what failed; asking costs a read or two and only after a failure.
            Err(failure) if domain_controller::may_be_the_controllers(&failure) => {
                Err(domain_controller::blamed(self, &controller, failure).await)
            }
            Err(failure) => Err(failure),
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
        // Only the main command of a write writes; what it looks up on the way reads.
        let effect = effect_of(&command.cmdlet).unwrap_or(self.effect);
        let reply = self
            .shell
            .invoke(command.clone(), self.context)
            .await
            .map_err(|error| classify(&error, &command, effect))?;
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

/// The command with the controller named, where it can be.
pub(crate) fn at(mut command: Command, controller: &str, pinning: Pinning) -> Command {
    if pinning == Pinning::Pinned && takes_controller(&command.cmdlet) {
        command.parameters.insert("DomainController".into(), json!(controller));
    }
    command
}
