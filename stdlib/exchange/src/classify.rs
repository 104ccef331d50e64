//! From an error of the shell to a failure with a code and a class: by types, ids and numbers, never by text.

use std::time::Duration;

use model::{Class, Code, Effect, Failure, Value};
use powershell::RefusalKind;

use crate::exception::{Meaning, fact_of_id, meaning};
use crate::role_group::granting;
use crate::shell::{Command, ShellError, ShellErrorKind};

/// How long to leave an account alone that has too many shells open: they end by themselves.
const QUOTA_WAIT: Duration = Duration::from_mins(1);

/// What an error means for the engine.
pub(crate) fn classify(error: &ShellError, command: &Command, effect: Effect) -> Failure {
    let mut failure = match error.kind {
        ShellErrorKind::NoSession(kind) => without_session(kind),
        ShellErrorKind::OutcomeUnknown => unknown(effect),
        ShellErrorKind::RefusedBeforeItRan | ShellErrorKind::Failed | ShellErrorKind::FailedWithOutput => {
            recorded(error, command, effect)
        }
    };
    let text = one_line(&error.message);
    failure.message = if text.is_empty() {
        format!("{}: {}", command.cmdlet, named(error))
    } else {
        format!("{}: {text}", command.cmdlet)
    };
    if let Some(advice) = &error.advice {
        failure.hint = Some(advice.clone());
    }
    failure.evidence.extend(error.evidence.clone());
    note(failure, error, command)
}

/// What finds the call in the server's own logs.
fn note(failure: Failure, error: &ShellError, command: &Command) -> Failure {
    let type_name = error.exception_types.first().map_or("", String::as_str);
    let facts = [
        ("exception_type", type_name),
        ("error_id", error.error_id.as_str()),
        ("exchange_server", fact_of_id(&error.error_id, "Server").unwrap_or_default()),
        ("exchange_request_id", fact_of_id(&error.error_id, "RequestId").unwrap_or_default()),
    ];
    let failure = failure.evidence("cmdlet", command.cmdlet.as_str());
    let failure = if error.category == 0 {
        failure
    } else {
        failure.evidence("error_category", Value::Int(error.category.into()))
    };
    facts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .fold(failure, |failure, (name, value)| failure.evidence(name, value))
}

fn without_session(kind: RefusalKind) -> Failure {
    let (code, class) = match kind {
        RefusalKind::Unreachable => (Code::ExchangeConnection, Class::Transient),
        // Waiting mends none of these.
        RefusalKind::Tls | RefusalKind::NotPowerShell => (Code::ExchangeConnection, Class::Denied),
        RefusalKind::SignIn => (Code::ExchangeSignIn, Class::Denied),
        RefusalKind::Denied => (Code::ExchangeDenied, Class::Denied),
        RefusalKind::Quota | RefusalKind::Busy => (Code::ExchangeTransient, Class::Transient),
        RefusalKind::Protocol => (Code::ExchangeProtocol, Class::Denied),
        RefusalKind::Settings => (Code::Settings, Class::Invalid),
        RefusalKind::Cancelled => (Code::Cancelled, Class::Denied),
    };
    let mut failure = Failure::new(code, class, String::new());
    failure.hint = without_session_hint(kind).map(str::to_owned);
    if kind == RefusalKind::Quota { failure.retry_after(QUOTA_WAIT) } else { failure }
}

/// Where the shell itself has no better advice.
fn without_session_hint(kind: RefusalKind) -> Option<&'static str> {
    match kind {
        RefusalKind::Unreachable
        | RefusalKind::Tls
        | RefusalKind::NotPowerShell
        | RefusalKind::SignIn
        | RefusalKind::Protocol => Some(
            "run `footbridge doctor` for this target: it looks at name, TLS, path, sign-in and session one by one",
        ),
        RefusalKind::Denied => Some(
            "the account must be allowed to use remote PowerShell (Set-User -RemotePowerShellEnabled $true) and hold an \
             Exchange role",
        ),
        RefusalKind::Quota => {
            Some("close other PowerShell sessions of this account; idle ones end by themselves")
        }
        RefusalKind::Busy | RefusalKind::Settings | RefusalKind::Cancelled => None,
    }
}

fn unknown(effect: Effect) -> Failure {
    match effect {
        Effect::Read => Failure::new(Code::ExchangeTransient, Class::Transient, String::new()),
        Effect::Write => Failure::new(Code::ExchangeInDoubt, Class::InDoubt, String::new()),
    }
}

fn recorded(error: &ShellError, command: &Command, effect: Effect) -> Failure {
    let meaning = meaning(&error.exception_types, &error.error_id, &error.reason, error.category);
    let ran = error.kind != ShellErrorKind::RefusedBeforeItRan;
    let made_something = error.kind == ShellErrorKind::FailedWithOutput;
    let (code, class, hint) = judged(meaning, error, command);
    // A cmdlet writes in several places. One that began and was stopped by a passing trouble, or that answered with an
    // object and an error, may have written: looking tells.
    let in_doubt = effect == Effect::Write && ((ran && class == Class::Transient) || made_something);
    let (code, class) = match (in_doubt, code) {
        (true, Code::ExchangeDomainController) => (code, Class::InDoubt),
        (true, _) => (Code::ExchangeInDoubt, Class::InDoubt),
        (false, _) => (code, class),
    };
    let mut failure = Failure::new(code, class, String::new());
    failure.hint = hint;
    match meaning {
        Meaning::NoCmdlet => failure.evidence("missing", command.cmdlet.as_str()),
        Meaning::NoParameter => failure.evidence("missing", hidden_parameter(error, command)),
        _ => failure,
    }
}

fn judged(meaning: Meaning, error: &ShellError, command: &Command) -> (Code, Class, Option<String>) {
    let fixed = |code, class, hint: &str| (code, class, Some(hint.to_owned()));
    match meaning {
        Meaning::Exists => fixed(
            Code::ExchangeExists,
            Class::Conflict,
            "something of that name, address or application id is there; look at it, then plan again",
        ),
        Meaning::NotFound => fixed(
            Code::ExchangeNotFound,
            Class::Conflict,
            "it was removed since the plan was made, or this domain controller does not show it yet",
        ),
        Meaning::Ambiguous => {
            fixed(Code::ExchangeInvalid, Class::Conflict, "several objects answer to that name")
        }
        Meaning::NoCmdlet => (
            Code::ExchangeDenied,
            Class::Denied,
            Some(format!(
                "Exchange hides cmdlets that the account's roles do not grant, and says that they are unknown: the \
                 cmdlet {} is granted by {}; check the account's role groups, then the server's version",
                command.cmdlet,
                granting(&command.cmdlet)
            )),
        ),
        Meaning::NoParameter => (
            Code::ExchangeDenied,
            Class::Denied,
            Some(format!(
                "Exchange hides parameters that the account's roles do not grant, and says that they cannot be found: \
                 {} is granted by {}; check the account's role groups, then whether this version of Exchange has it",
                hidden_parameter(error, command),
                granting(&command.cmdlet)
            )),
        ),
        Meaning::Binding | Meaning::Refused => (Code::ExchangeInvalid, Class::Invalid, None),
        Meaning::Prompt => fixed(
            Code::ExchangeInvalid,
            Class::Invalid,
            "Exchange asked a question and nobody is there to answer it; nothing was done. What it asks is answered by \
             a parameter of the cmdlet, Force most often: read its page before you give it",
        ),
        Meaning::ControllerAway => (Code::ExchangeDomainController, Class::Transient, None),
        Meaning::Throttled | Meaning::Transient => (Code::ExchangeTransient, Class::Transient, None),
        Meaning::Denied => (
            Code::ExchangeDenied,
            Class::Denied,
            Some(format!(
                "the account may run the cmdlet, but not on this object or not now: {} is granted by {}; check the \
                 scopes of its role assignments",
                command.cmdlet,
                granting(&command.cmdlet)
            )),
        ),
    }
}

/// `New-MailUser -SamAccountName`, or all parameters that were sent where the record does not say which one it was.
fn hidden_parameter(error: &ShellError, command: &Command) -> String {
    let told = error.target.trim_start_matches('-');
    let sent = command.parameters.keys().find(|name| name.eq_ignore_ascii_case(told));
    if let Some(name) = sent {
        return format!("{} -{name}", command.cmdlet);
    }
    let names: Vec<String> = command.parameters.keys().map(|name| format!("-{name}")).collect();
    format!("one parameter of {} {}", command.cmdlet, names.join(" "))
}

fn named(error: &ShellError) -> &str {
    error.exception_types.first().map_or("an error without a message", String::as_str)
}

/// Messages come with line breaks and control characters that would spoil a log line.
fn one_line(text: &str) -> String {
    let printable: String = text.chars().map(|other| if other.is_control() { ' ' } else { other }).collect();
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// In the language of a German server: nothing may depend on it.
    const GERMAN: &str =
        "Active Directory-Vorgang fehlgeschlagen auf dc1.contoso.lab.\r\n Das Objekt ist bereits vorhanden.";

    fn command() -> Command {
        let parameters = json!({ "Name": "x", "SamAccountName": "x" });
        Command { cmdlet: "New-MailUser".into(), parameters: parameters.as_object().unwrap().clone() }
    }

    fn error(kind: ShellErrorKind, types: &[&str], id: &str, category: i32) -> ShellError {
        ShellError {
            exception_types: types.iter().map(|name| (*name).to_owned()).collect(),
            error_id: format!("{id},New-MailUser"),
            category,
            ..ShellError::new(kind, GERMAN)
        }
    }

    #[test]
    fn by_kind_type_and_effect() {
        use Effect::{Read, Write};
        use ShellErrorKind::{Failed, FailedWithOutput, OutcomeUnknown, RefusedBeforeItRan};
        let denied = (Code::ExchangeDenied, Class::Denied);
        let invalid = (Code::ExchangeInvalid, Class::Invalid);
        let transient = (Code::ExchangeTransient, Class::Transient);
        let doubt = (Code::ExchangeInDoubt, Class::InDoubt);
        let exists = (Code::ExchangeExists, Class::Conflict);
        let away = Code::ExchangeDomainController;
        for (kind, exception, id, category, effect, expected) in [
            (OutcomeUnknown, "", "", 0, Write, doubt),
            (OutcomeUnknown, "", "", 0, Read, transient),
            (Failed, "ADObjectAlreadyExistsException", "", 0, Write, exists),
            (Failed, "ProxyAddressExistsException", "", 0, Write, exists),
            (FailedWithOutput, "ProxyAddressExistsException", "", 0, Write, doubt),
            (FailedWithOutput, "X", "", 0, Read, invalid),
            (
                Failed,
                "ManagementObjectNotFoundException",
                "",
                13,
                Write,
                (Code::ExchangeNotFound, Class::Conflict),
            ),
            (
                Failed,
                "ManagementObjectAmbiguousException",
                "",
                0,
                Write,
                (Code::ExchangeInvalid, Class::Conflict),
            ),
            (RefusedBeforeItRan, "ParameterBindingException", "NamedParameterNotFound", 5, Write, denied),
            (
                RefusedBeforeItRan,
                "ParameterBindingException",
                "ParameterArgumentTransformationError",
                5,
                Write,
                invalid,
            ),
            (RefusedBeforeItRan, "CommandNotFoundException", "", 13, Read, denied),
            (RefusedBeforeItRan, "OverBudgetException", "", 29, Write, transient),
            (RefusedBeforeItRan, "New", "", 27, Write, transient),
            (RefusedBeforeItRan, "HostException", "", 0, Write, invalid),
            (Failed, "ADTransientException", "", 0, Read, transient),
            (Failed, "ADTransientException", "", 0, Write, doubt),
            (Failed, "New", "", 1002, Write, doubt),
            (Failed, "New", "", 1002, Read, transient),
            (Failed, "New", "", 1004, Write, denied),
            (Failed, "SuitabilityDirectoryException", "", 0, Read, (away, Class::Transient)),
            (Failed, "SuitabilityDirectoryException", "", 0, Write, (away, Class::InDoubt)),
            (Failed, "New", "", 18, Write, denied),
            (Failed, "New", "", 0, Write, invalid),
        ] {
            let types = [format!("Microsoft.Exchange.{exception}"), "System.Exception".to_owned()];
            let types: Vec<&str> = types.iter().map(String::as_str).collect();
            let failure = classify(&error(kind, &types, id, category), &command(), effect);
            assert_eq!((failure.code, failure.class), expected, "{kind:?} {exception} {id} {category}");
            assert!(
                failure.message.ends_with("auf dc1.contoso.lab. Das Objekt ist bereits vorhanden."),
                "{failure}"
            );
        }
    }

    #[test]
    fn why_there_is_no_session() {
        for (kind, code, class) in [
            (RefusalKind::Unreachable, Code::ExchangeConnection, Class::Transient),
            (RefusalKind::Tls, Code::ExchangeConnection, Class::Denied),
            (RefusalKind::NotPowerShell, Code::ExchangeConnection, Class::Denied),
            (RefusalKind::SignIn, Code::ExchangeSignIn, Class::Denied),
            (RefusalKind::Denied, Code::ExchangeDenied, Class::Denied),
            (RefusalKind::Quota, Code::ExchangeTransient, Class::Transient),
            (RefusalKind::Busy, Code::ExchangeTransient, Class::Transient),
            (RefusalKind::Protocol, Code::ExchangeProtocol, Class::Denied),
            (RefusalKind::Settings, Code::Settings, Class::Invalid),
            (RefusalKind::Cancelled, Code::Cancelled, Class::Denied),
        ] {
            let error = ShellError {
                advice: Some("mend it".into()),
                ..ShellError::new(ShellErrorKind::NoSession(kind), "POST https://ex1/PowerShell/: HTTP 404")
            };
            let failure = classify(&error, &command(), Effect::Write);
            assert_eq!((failure.code, failure.class), (code, class), "{kind:?}");
            assert_eq!(failure.hint.as_deref(), Some("mend it"));
            assert_eq!(failure.retry_after_ms.is_some(), kind == RefusalKind::Quota);
        }
    }

    #[test]
    fn what_is_hidden_is_named_with_who_grants_it() {
        let binding = "System.Management.Automation.ParameterBindingException";
        let mut record = error(ShellErrorKind::RefusedBeforeItRan, &[binding], "NamedParameterNotFound", 5);
        for (target, missing) in [
            ("samaccountname", "New-MailUser -SamAccountName"),
            ("", "one parameter of New-MailUser -Name -SamAccountName"),
            ("System.Object", "one parameter of New-MailUser -Name -SamAccountName"),
        ] {
            target.clone_into(&mut record.target);
            let failure = classify(&record, &command(), Effect::Write);
            assert_eq!(failure.evidence.get("missing"), Some(&Value::text(missing)));
            let hint = failure.hint.unwrap();
            assert!(hint.contains(missing) && hint.contains("Recipient Management"), "{hint}");
        }
        let unknown = "System.Management.Automation.CommandNotFoundException";
        let record = error(ShellErrorKind::RefusedBeforeItRan, &[unknown], "CommandNotFoundException", 13);
        let failure = classify(&record, &command(), Effect::Write);
        assert_eq!(failure.evidence.get("missing"), Some(&Value::text("New-MailUser")));
        assert!(failure.hint.unwrap().contains("the cmdlet New-MailUser is granted by"));
    }

    #[test]
    fn the_servers_own_ids_are_kept() {
        let id = "[Server=EX1,RequestId=7b8c7470-ddd0-4528-a01e-5e20ecc9bd54,TimeStamp=x] [FailureCategory=Cmdlet-Y] Z";
        let failure = classify(&error(ShellErrorKind::Failed, &["A.Y"], id, 1001), &command(), Effect::Read);
        for (name, value) in [
            ("exchange_server", Value::text("EX1")),
            ("exchange_request_id", Value::text("7b8c7470-ddd0-4528-a01e-5e20ecc9bd54")),
            ("error_category", Value::Int(1001)),
            ("exception_type", Value::text("A.Y")),
            ("cmdlet", Value::text("New-MailUser")),
        ] {
            assert_eq!(failure.evidence.get(name), Some(&value), "{name}");
        }
        let silent = ShellError { message: " \r\n".into(), ..error(ShellErrorKind::Failed, &["A.Y"], "", 0) };
        assert_eq!(classify(&silent, &command(), Effect::Read).message, "New-MailUser: A.Y");
    }
}
