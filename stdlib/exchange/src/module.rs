//! The host module `exchange`.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{CallContext, Check, HostCall, HostModule, HostReply, WireRequest};
use model::{Code, Failure, FunctionSpec, Value};

use crate::arguments::Arguments;
use crate::caller::{Caller, Pinning, at};
use crate::command_line::wire_request;
use crate::domain_controller::Absences;
use crate::function::{Answer, Function};
use crate::metadata_document::MetadataSource;
use crate::shell::{Command, ExchangeShell};
use crate::{
    account, auth_config, auth_server, certificate, domain_controller, examine, generic, mail_user,
    management_role, management_role_assignment, management_role_entry, metadata_document, organization,
    partner_application,
};

/// The namespace in scripts.
pub(crate) const MODULE: &str = "exchange";

pub struct ExchangeModule {
    shell: Arc<dyn ExchangeShell>,
    metadata: Option<MetadataSource>,
    absences: Absences,
    table: Vec<Function>,
    specs: Vec<FunctionSpec>,
}

impl ExchangeModule {
    pub fn new(shell: Arc<dyn ExchangeShell>, metadata: Option<MetadataSource>) -> ExchangeModule {
        ExchangeModule { shell, metadata, absences: Absences::default(), table: table(), specs: functions() }
    }

    fn find(&self, name: &str) -> Result<&Function, Failure> {
        self.table.iter().find(|function| function.spec.name == name).ok_or_else(|| {
            Failure::invalid(Code::FunctionUnknown, format!("there is no host function '{MODULE}::{name}'"))
        })
    }

    fn metadata(&self) -> Result<&MetadataSource, Failure> {
        self.metadata.as_ref().ok_or_else(metadata_document::unknown)
    }
}

/// Every host function of this module.
pub fn functions() -> Vec<FunctionSpec> {
    let mut specs: Vec<FunctionSpec> = table().into_iter().map(|function| function.spec).collect();
    specs.push(metadata_document::spec());
    specs
}

fn table() -> Vec<Function> {
    [
        mail_user::functions(),
        management_role::functions(),
        management_role_entry::functions(),
        management_role_assignment::functions(),
        partner_application::functions(),
        auth_config::functions(),
        certificate::functions(),
        auth_server::functions(),
        account::functions(),
        organization::functions(),
        generic::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[async_trait]
impl HostModule for ExchangeModule {
    fn name(&self) -> &str {
        MODULE
    }

    fn functions(&self) -> &[FunctionSpec] {
        &self.specs
    }

    async fn call(&self, call: HostCall) -> Result<HostReply, Failure> {
        if call.function == metadata_document::FUNCTION {
            return metadata_document::read(self.metadata()?, call.context.as_ref()).await;
        }
        let function = self.find(&call.function)?;
        let arguments = Arguments::new(call.arguments);
        let command = (function.command)(&arguments)?;
        let caller = Caller::new(
            self.shell.as_ref(),
            call.context.as_ref(),
            function.spec.effect,
            pinning(&arguments),
            &self.absences,
            self.metadata.as_ref(),
        );
        match perform(&caller, function, &arguments, command).await {
            Ok(value) => Ok(HostReply { value, evidence: caller.into_evidence() }),
            Err(mut failure) => {
                failure.evidence.extend(caller.into_evidence());
                Err(failure)
            }
        }
    }

    async fn describe(&self, call: HostCall) -> Result<Vec<WireRequest>, Failure> {
        if call.function == metadata_document::FUNCTION {
            return Ok(vec![metadata_document::described(self.metadata()?)]);
        }
        let function = self.find(&call.function)?;
        let arguments = Arguments::described(call.arguments);
        let command = (function.command)(&arguments)?;
        let controller = match call.context.pin(domain_controller::PIN) {
            Some(Value::Text(name)) => name,
            _ => "<the run's domain controller>".to_owned(),
        };
        Ok(vec![wire_request(&at(command, &controller, pinning(&arguments)))])
    }

    async fn examine(&self, context: Arc<dyn CallContext>) -> Vec<Check> {
        examine::examine(self.shell.as_ref(), self.metadata.as_ref(), context.as_ref()).await
    }

    async fn close(&self) {
        self.shell.close().await;
    }
}

fn pinning(arguments: &Arguments) -> Pinning {
    if generic::is_unpinned(arguments) { Pinning::Unpinned } else { Pinning::Pinned }
}

async fn perform(
    caller: &Caller<'_>,
    function: &Function,
    arguments: &Arguments,
    command: Command,
) -> Result<Value, Failure> {
    let rows = caller.run_or_none(command).await?;
    match function.answer {
        Answer::Rows(read) => read(arguments, rows),
        Answer::More(read) => read(caller, arguments, rows).await,
    }
}
