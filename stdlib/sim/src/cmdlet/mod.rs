//! The cmdlets: one table of what exists with which parameters, and the way a call goes through the binder.

mod auth_config;
mod auth_server;
mod call;
mod command;
mod directory_reads;
mod exchange_certificate;
mod intra_organization;
mod mail_user;
mod management_role;
mod management_role_assignment;
mod management_role_entry;
mod oauth_connectivity;
mod organization;
mod partner_application;
mod recipient;
mod role_group;
mod user;
mod virtual_directory;

pub(crate) use auth_config::publish;
pub(crate) use auth_server::{acs, evo_sts, properties};
pub(crate) use call::Call;
pub(crate) use exchange_certificate::stored;
pub(crate) use management_role_assignment::assignment;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    error::{Category, CmdletError, ErrorKind},
    ledger::By,
    state::State,
    world::Reply,
};

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Bool,
    List,
    Number,
}

/// One parameter of a cmdlet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    name: &'static str,
    kind: Kind,
    required: bool,
}

pub(crate) const fn text(name: &'static str) -> Parameter {
    Parameter { name, kind: Kind::Text, required: false }
}
pub(crate) const fn required(name: &'static str) -> Parameter {
    Parameter { name, kind: Kind::Text, required: true }
}
pub(crate) const fn flag(name: &'static str) -> Parameter {
    Parameter { name, kind: Kind::Bool, required: false }
}
pub(crate) const fn list(name: &'static str) -> Parameter {
    Parameter { name, kind: Kind::List, required: false }
}
pub(crate) const fn number(name: &'static str) -> Parameter {
    Parameter { name, kind: Kind::Number, required: false }
}

/// Parameters that every cmdlet takes.
const COMMON: &[Parameter] = &[
    flag("Verbose"),
    flag("Debug"),
    text("ErrorAction"),
    text("WarningAction"),
    text("InformationAction"),
    flag("WhatIf"),
    flag("Confirm"),
];

/// One cmdlet.
#[derive(Debug)]
pub(crate) struct Cmdlet {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    /// Asks before it acts, unless `Confirm` is false.
    pub(crate) prompts: bool,
    /// Writes; a write without a named controller goes to the first one.
    pub(crate) writes: bool,
    pub(crate) run: fn(&mut Call<'_>) -> Result<Vec<Value>, CmdletError>,
}

/// All cmdlets.
fn all() -> impl Iterator<Item = &'static Cmdlet> {
    [
        auth_config::CMDLETS,
        auth_server::CMDLETS,
        command::CMDLETS,
        directory_reads::CMDLETS,
        exchange_certificate::CMDLETS,
        intra_organization::CMDLETS,
        mail_user::CMDLETS,
        management_role::CMDLETS,
        management_role_assignment::CMDLETS,
        management_role_entry::CMDLETS,
        oauth_connectivity::CMDLETS,
        organization::CMDLETS,
        partner_application::CMDLETS,
        recipient::CMDLETS,
        role_group::CMDLETS,
        user::CMDLETS,
        virtual_directory::CMDLETS,
    ]
    .into_iter()
    .flatten()
}

/// Finds a cmdlet by name, without regard to case.
pub(crate) fn find(name: &str) -> Result<&'static Cmdlet, CmdletError> {
    all().find(|cmdlet| cmdlet.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let message = format!(
            "The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program. \
             Check the spelling of the name, or if a path was included, verify that the path is correct and try again."
        );
        CmdletError::new(
            ErrorKind::RefusedBeforeItRan,
            Category::ObjectNotFound,
            "System.Management.Automation.CommandNotFoundException",
            "CommandNotFoundException".into(),
            message,
        )
        .about(name)
    })
}

/// Binds the parameters and runs the cmdlet. `extra_delay` is added to the replication of what it writes.
pub(crate) fn run(
    state: &mut State,
    by: By,
    cmdlet: &'static Cmdlet,
    parameters: &Map<String, Value>,
    extra_delay: u64,
) -> Result<Reply, CmdletError> {
    state.directory.tick();
    let bound = bind(cmdlet, parameters)?;
    if cmdlet.prompts
        && bound.get("Confirm") != Some(&Value::Bool(false))
        && bound.get("WhatIf") != Some(&Value::Bool(true))
    {
        // unconfirmed: the exact id; the exception is what a non-interactive host raises when asked to prompt.
        return Err(CmdletError::new(
            ErrorKind::RefusedBeforeItRan,
            Category::InvalidOperation,
            "System.Management.Automation.PSInvalidOperationException",
            format!("InvalidOperation,{}", cmdlet.name),
            format!(
                "{} asks for confirmation. Windows PowerShell is in NonInteractive mode. \
                 Read and Prompt functionality is not available.",
                cmdlet.name
            ),
        ));
    }
    let controller = controller(state, cmdlet, &bound)?;
    let dry = bound.get("WhatIf") == Some(&Value::Bool(true));
    let before = dry.then(|| state.clone());
    let mut call = Call::new(state, cmdlet, bound, controller, by, extra_delay);
    let objects = (cmdlet.run)(&mut call)?;
    let warnings = call.into_warnings();
    if let Some(before) = before {
        *state = before;
        return Ok(Reply { objects: Vec::new(), warnings });
    }
    Ok(Reply { objects, warnings })
}

fn bind(
    cmdlet: &'static Cmdlet,
    parameters: &Map<String, Value>,
) -> Result<BTreeMap<&'static str, Value>, CmdletError> {
    let mut bound = BTreeMap::new();
    for (given, value) in parameters {
        let known = cmdlet.parameters.iter().chain(COMMON);
        let Some(parameter) = known.into_iter().find(|known| known.name.eq_ignore_ascii_case(given)) else {
            return Err(CmdletError::binding(
                cmdlet.name,
                "NamedParameterNotFound",
                given,
                format!("A parameter cannot be found that matches parameter name '{given}'."),
            ));
        };
        fits(cmdlet, parameter, value)?;
        if bound.insert(parameter.name, value.clone()).is_some() {
            return Err(CmdletError::binding(
                cmdlet.name,
                "ParameterAlreadyBound",
                given,
                format!("Cannot bind parameter because parameter '{given}' is specified more than once."),
            ));
        }
    }
    for parameter in cmdlet.parameters.iter().filter(|parameter| parameter.required) {
        match bound.get(parameter.name) {
            None => {
                return Err(CmdletError::binding(
                    cmdlet.name,
                    "MissingMandatoryParameter",
                    parameter.name,
                    format!(
                        "Cannot process command because of one or more missing mandatory parameters: {}.",
                        parameter.name
                    ),
                ));
            }
            Some(Value::Null) => {
                return Err(refused_value(cmdlet, parameter, "NullNotAllowed", "it is null"));
            }
            Some(Value::String(value)) if value.is_empty() => {
                return Err(refused_value(
                    cmdlet,
                    parameter,
                    "EmptyStringNotAllowed",
                    "it is an empty string",
                ));
            }
            Some(_) => {}
        }
    }
    Ok(bound)
}

fn refused_value(cmdlet: &Cmdlet, parameter: &Parameter, id: &str, why: &str) -> CmdletError {
    CmdletError::binding(
        cmdlet.name,
        &format!("ParameterArgumentValidationError{id}"),
        parameter.name,
        format!("Cannot bind argument to parameter '{}' because {why}.", parameter.name),
    )
}

fn fits(cmdlet: &Cmdlet, parameter: &Parameter, value: &Value) -> Result<(), CmdletError> {
    if has_script(value) {
        return Err(CmdletError::new(
            ErrorKind::RefusedBeforeItRan,
            Category::ParserError,
            "System.Management.Automation.ParseException",
            "ScriptsNotAllowed".into(),
            "The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode."
                .into(),
        ));
    }
    let scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    let fits = match (parameter.kind, value) {
        (_, Value::Null) => true,
        (Kind::Bool, value) => value.is_boolean(),
        (Kind::List, Value::Array(items)) => items.iter().all(scalar),
        (Kind::Text | Kind::List, value) => scalar(value),
        (Kind::Number, Value::String(text)) => {
            text.eq_ignore_ascii_case("unlimited") || text.parse::<u64>().is_ok()
        }
        (Kind::Number, value) => value.is_u64(),
    };
    if fits {
        return Ok(());
    }
    Err(CmdletError::binding(
        cmdlet.name,
        "ParameterArgumentTransformationError",
        parameter.name,
        format!(
            "Cannot process argument transformation on parameter '{}'. Cannot convert the value to the parameter's type.",
            parameter.name
        ),
    ))
}

/// Whether a value is an object (or holds one) that stands for a script block or an expression.
fn has_script(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.keys().any(|key| {
            let key = key.to_lowercase();
            ["script", "expression", "command", "scriptblock", "$"].iter().any(|word| key.contains(word))
        }),
        Value::Array(items) => items.iter().any(has_script),
        _ => false,
    }
}

fn controller(
    state: &mut State,
    cmdlet: &Cmdlet,
    bound: &BTreeMap<&'static str, Value>,
) -> Result<usize, CmdletError> {
    // unconfirmed: the exception for a controller that is unknown or cannot be reached.
    let away = |name: &str| {
        CmdletError::exchange(
            cmdlet.name,
            "Microsoft.Exchange.Data.Directory.SuitabilityDirectoryException",
            format!("The domain controller '{name}' is not available. Make sure it is running and its name is correct."),
        )
        .about(name)
    };
    if let Some(name) = bound.get("DomainController").and_then(Value::as_str) {
        return state
            .directory
            .controller(name)
            .filter(|index| !state.directory.controllers[*index].gone)
            .ok_or_else(|| away(name));
    }
    let found = if cmdlet.writes { state.directory.writer() } else { state.directory.reader() };
    found.ok_or_else(|| away("(any)"))
}
