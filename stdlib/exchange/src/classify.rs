//! From an error record to a failure with a code and a class: by exception type, error id and category, never by text.

use model::{Class, Code, Effect, Failure};

use crate::shell::{ShellError, ShellErrorKind};

const RBAC_HINT: &str = "Exchange hides cmdlets and parameters that the account's roles do not grant: check its role \
                         groups (Organization Management holds all that is needed), then the server's version";

/// What an error record means for the engine.
pub(crate) fn classify(error: &ShellError, cmdlet: &str, effect: Effect) -> Failure {
    let (code, class, hint) = judged(error, effect);
    let message = format!("{cmdlet}: {}", one_line(&error.message));
    let mut failure = Failure::new(code, class, message)
        .evidence("cmdlet", cmdlet)
        .evidence("exception_type", error.exception_type.as_str())
        .evidence("error_id", error.error_id.as_str());
    failure.hint = hint.map(str::to_owned);
    failure
}

fn judged(error: &ShellError, effect: Effect) -> (Code, Class, Option<&'static str>) {
    if error.kind == ShellErrorKind::OutcomeUnknown {
        return match effect {
            Effect::Read => (Code::ExchangeTransient, Class::Transient, None),
            Effect::Write => (Code::ExchangeInDoubt, Class::InDoubt, None),
        };
    }
    let exception = error.exception_type.rsplit('.').next().unwrap_or_default();
    let id = error.error_id.split(',').next().unwrap_or_default();
    match exception {
        // unconfirmed: the type for a second partner application with the same application id and realm.
        "ADObjectAlreadyExistsException"
        | "ProxyAddressExistsException"
        | "DuplicatePartnerApplicationException" => (
            Code::ExchangeExists,
            Class::Conflict,
            Some("something of that name, address or application id is there; look at it, then plan again"),
        ),
        "ManagementObjectNotFoundException" | "ADNoSuchObjectException" => (
            Code::ExchangeNotFound,
            Class::Conflict,
            Some("it was removed since the plan was made, or this domain controller does not show it yet"),
        ),
        "ManagementObjectAmbiguousException" => {
            (Code::ExchangeInvalid, Class::Conflict, Some("several objects answer to that name"))
        }
        "CommandNotFoundException" => (Code::ExchangeDenied, Class::Denied, Some(RBAC_HINT)),
        "ParameterBindingException" | "ParameterBindingValidationException"
            if id.starts_with("ParameterArgument") || id == "MissingMandatoryParameter" =>
        {
            (Code::ExchangeInvalid, Class::Invalid, None)
        }
        "ParameterBindingException" => (Code::ExchangeDenied, Class::Denied, Some(RBAC_HINT)),
        // unconfirmed: the types of a throttled session and of a write outside the account's scope.
        "OverBudgetException" | "ADTransientException" => (Code::ExchangeTransient, Class::Transient, None),
        "ADScopeException" | "CmdletAccessDeniedException" => {
            (Code::ExchangeDenied, Class::Denied, Some(RBAC_HINT))
        }
        _ => match error.category.as_str() {
            "LimitsExceeded"
            | "QuotaExceeded"
            | "ResourceUnavailable"
            | "ResourceBusy"
            | "ConnectionError"
            | "OpenError" => (Code::ExchangeTransient, Class::Transient, None),
            "PermissionDenied" | "SecurityError" | "AuthenticationError" => {
                (Code::ExchangeDenied, Class::Denied, None)
            }
            _ => (Code::ExchangeInvalid, Class::Invalid, None),
        },
    }
}

/// Messages come with line breaks and control characters that would spoil a log line.
fn one_line(text: &str) -> String {
    let printable: String = text.chars().map(|other| if other.is_control() { ' ' } else { other }).collect();
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ShellErrorKind, exception: &str, id: &str, category: &str) -> ShellError {
        ShellError {
            exception_type: exception.into(),
            error_id: format!("{id},New-MailUser"),
            category: category.into(),
            message: "What\r\n happened".into(),
            kind,
        }
    }

    #[test]
    fn by_type_id_and_category() {
        use ShellErrorKind::{Failed, OutcomeUnknown, RefusedBeforeItRan};
        let exchange = "Microsoft.Exchange.Data.Directory.";
        for (kind, exception, id, category, effect, code, class) in [
            (OutcomeUnknown, "X", "", "", Effect::Write, Code::ExchangeInDoubt, Class::InDoubt),
            (OutcomeUnknown, "X", "", "", Effect::Read, Code::ExchangeTransient, Class::Transient),
            (
                Failed,
                "ADObjectAlreadyExistsException",
                "",
                "",
                Effect::Write,
                Code::ExchangeExists,
                Class::Conflict,
            ),
            (
                Failed,
                "ProxyAddressExistsException",
                "",
                "",
                Effect::Write,
                Code::ExchangeExists,
                Class::Conflict,
            ),
            (
                Failed,
                "ManagementObjectNotFoundException",
                "",
                "",
                Effect::Write,
                Code::ExchangeNotFound,
                Class::Conflict,
            ),
            (
                Failed,
                "ManagementObjectAmbiguousException",
                "",
                "",
                Effect::Write,
                Code::ExchangeInvalid,
                Class::Conflict,
            ),
            (
                RefusedBeforeItRan,
                "ParameterBindingException",
                "NamedParameterNotFound",
                "InvalidArgument",
                Effect::Write,
                Code::ExchangeDenied,
                Class::Denied,
            ),
            (
                RefusedBeforeItRan,
                "ParameterBindingException",
                "ParameterArgumentTransformationError",
                "InvalidArgument",
                Effect::Write,
                Code::ExchangeInvalid,
                Class::Invalid,
            ),
            (
                RefusedBeforeItRan,
                "CommandNotFoundException",
                "",
                "",
                Effect::Read,
                Code::ExchangeDenied,
                Class::Denied,
            ),
            (
                RefusedBeforeItRan,
                "OverBudgetException",
                "",
                "",
                Effect::Write,
                Code::ExchangeTransient,
                Class::Transient,
            ),
            (
                RefusedBeforeItRan,
                "New",
                "",
                "ConnectionError",
                Effect::Write,
                Code::ExchangeTransient,
                Class::Transient,
            ),
            (Failed, "New", "", "PermissionDenied", Effect::Write, Code::ExchangeDenied, Class::Denied),
            (Failed, "New", "", "NotSpecified", Effect::Write, Code::ExchangeInvalid, Class::Invalid),
        ] {
            let failure = classify(
                &error(kind, &format!("{exchange}{exception}"), id, category),
                "New-MailUser",
                effect,
            );
            assert_eq!((failure.code, failure.class), (code, class), "{exception} {id} {category}");
            assert_eq!(failure.message, "New-MailUser: What happened");
        }
    }

    #[test]
    fn a_hidden_parameter_points_at_roles() {
        let record = error(
            ShellErrorKind::RefusedBeforeItRan,
            "System.Management.Automation.ParameterBindingException",
            "NamedParameterNotFound",
            "InvalidArgument",
        );
        assert!(
            classify(&record, "New-MailUser", Effect::Write).hint.is_some_and(|hint| hint.contains("roles"))
        );
    }
}
