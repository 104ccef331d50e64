//! What an exception's type says, whatever the language of its message.

/// What an error means, before anybody asks whether it was a read or a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Exists,
    NotFound,
    Ambiguous,
    /// The cmdlet is not in this session.
    NoCmdlet,
    /// The parameter is not in this session.
    NoParameter,
    /// A parameter's value, or their combination, cannot be bound.
    Binding,
    /// Exchange asked a question that nobody can answer.
    Prompt,
    /// The domain controller that was named does not serve.
    ControllerAway,
    /// The session has used up what it may; nothing ran.
    Throttled,
    /// May work later.
    Transient,
    Denied,
    Refused,
}

/// By the types of the exception, most derived first, then by what the error id says the failure was, then by the
/// reason, and last by the number of the category.
pub(crate) fn meaning(types: &[String], error_id: &str, reason: &str, category: i32) -> Meaning {
    types
        .iter()
        .map(String::as_str)
        .chain(failure_category(error_id))
        .chain([reason])
        .find_map(|name| by_type(short(name), error_id))
        .unwrap_or_else(|| by_category(category))
}

/// Whether the record comes from PowerShell's own work before a cmdlet runs: finding it and binding its parameters.
pub(crate) fn is_before_it_ran(meaning: Meaning) -> bool {
    match meaning {
        Meaning::NoCmdlet
        | Meaning::NoParameter
        | Meaning::Binding
        | Meaning::Prompt
        | Meaning::Throttled => true,
        Meaning::Exists
        | Meaning::NotFound
        | Meaning::Ambiguous
        | Meaning::ControllerAway
        | Meaning::Transient
        | Meaning::Denied
        | Meaning::Refused => false,
    }
}

/// A fact that Exchange writes into the error id: `[Server=EX1,RequestId=…,TimeStamp=…] [FailureCategory=Cmdlet-X] …`.
pub(crate) fn fact_of_id<'a>(error_id: &'a str, name: &str) -> Option<&'a str> {
    error_id.split(['[', ']', ',']).find_map(|part| {
        let (key, value) = part.trim().split_once('=')?;
        (key == name).then_some(value.trim())
    })
}

fn failure_category(error_id: &str) -> Option<&str> {
    fact_of_id(error_id, "FailureCategory")?.split_once('-').map(|(_, exception)| exception)
}

fn short(name: &str) -> &str {
    name.rsplit(['.', '+']).next().unwrap_or_default()
}

/// Bases that say nothing (`LocalizedException`, `ADOperationException`) are passed over.
fn by_type(name: &str, error_id: &str) -> Option<Meaning> {
    let id = error_id.split(',').next().unwrap_or_default();
    Some(match name {
        // unconfirmed: the type for a second partner application with the same application id and realm.
        "ADObjectAlreadyExistsException"
        | "ADObjectEntryAlreadyExistsException"
        | "ManagementObjectAlreadyExistsException"
        | "ProxyAddressExistsException"
        | "DuplicatePartnerApplicationException" => Meaning::Exists,
        "ManagementObjectNotFoundException" | "ADNoSuchObjectException" => Meaning::NotFound,
        "ManagementObjectAmbiguousException" => Meaning::Ambiguous,
        "CommandNotFoundException" => Meaning::NoCmdlet,
        "ParameterBindingException" if id == "NamedParameterNotFound" => Meaning::NoParameter,
        "ParameterBindingException" | "ParseException" => Meaning::Binding,
        // unconfirmed: how a prompt fails in Exchange's own session; these are what hosts without a person raise.
        "HostException" | "PromptingException" => Meaning::Prompt,
        "PSInvalidOperationException" if id == "InvalidOperation" => Meaning::Prompt,
        // unconfirmed: the types for a domain controller that is gone or not fit for service.
        "ActiveDirectoryServerDownException"
        | "ADServerNotFoundException"
        | "NoSuitableServerFoundException"
        | "ServerInMMException"
        | "ServerUnavailableException"
        | "SuitabilityDirectoryException"
        | "SuitabilityException" => Meaning::ControllerAway,
        // unconfirmed: the types of a throttled session and of a write outside the account's scope.
        "OverBudgetException" => Meaning::Throttled,
        "ADTransientException"
        | "DataSourceTransientException"
        | "DCOverloadedException"
        | "StorageTransientException"
        | "TransientException"
        | "TimeoutException" => Meaning::Transient,
        "ADScopeException" | "CmdletAccessDeniedException" | "UnauthorizedAccessException" => Meaning::Denied,
        _ => return None,
    })
}

/// PowerShell's `ErrorCategory`, and the numbers that Exchange adds to it.
/// unconfirmed: Exchange's numbers; only these two decide anything, and only where no type is known.
fn by_category(category: i32) -> Meaning {
    match category {
        // OpenError, DeadlockDetected, OperationTimeout, ResourceBusy, ResourceUnavailable, ConnectionError,
        // LimitsExceeded, QuotaExceeded.
        1 | 4 | 15 | 19 | 21 | 27 | 29 | 30 => Meaning::Transient,
        // PermissionDenied, SecurityError, AuthenticationError.
        18 | 25 | 28 => Meaning::Denied,
        SERVER_TRANSIENT => Meaning::Transient,
        AUTHORIZATION => Meaning::Denied,
        _ => Meaning::Refused,
    }
}

/// Exchange's `ServerTransient`. Its neighbours (1000 client, 1001 server operation, 1003 context) are final.
const SERVER_TRANSIENT: i32 = 1002;
const AUTHORIZATION: i32 = 1004;

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATION: &str = "Microsoft.Exchange.Data.Directory.ADOperationException";

    fn chain(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_most_derived_type_that_is_known_decides() {
        let directory = |name: &str| format!("Microsoft.Exchange.Data.Directory.{name}");
        for (types, expected) in [
            (vec![directory("ADObjectAlreadyExistsException"), OPERATION.to_owned()], Meaning::Exists),
            // A type that nobody here knows, of a base that is known.
            (
                vec![
                    directory("ADPossibleOperationException"),
                    directory("ADTransientException"),
                    "Microsoft.Exchange.Data.DataSourceTransientException".to_owned(),
                ],
                Meaning::Transient,
            ),
            (
                vec![
                    directory("OverBudgetException"),
                    "Microsoft.Exchange.Data.Common.TransientException".to_owned(),
                ],
                Meaning::Throttled,
            ),
            (
                vec![directory("SuitabilityDirectoryException"), directory("SuitabilityException")],
                Meaning::ControllerAway,
            ),
            (vec![directory("ADScopeException"), OPERATION.to_owned()], Meaning::Denied),
            (vec![OPERATION.to_owned(), "System.Exception".to_owned()], Meaning::Refused),
            (chain(&["Outer+ManagementObjectNotFoundException"]), Meaning::NotFound),
            (chain(&["Deserialized.X", "System.Exception"]), Meaning::Refused),
            (Vec::new(), Meaning::Refused),
        ] {
            assert_eq!(meaning(&types, "", "", 0), expected, "{types:?}");
        }
    }

    #[test]
    fn the_id_then_the_reason_then_the_number() {
        let id = "[Server=EX1,RequestId=7b8c7470-ddd0-4528-a01e-5e20ecc9bd54,TimeStamp=9/19/2026 7:38:34 PM] \
                  [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 882BD051,Microsoft.Exchange.X";
        let unknown = chain(&["System.Management.Automation.RemoteException"]);
        for (id, reason, category, expected) in [
            (id, "ADObjectAlreadyExistsException", 1002, Meaning::NotFound),
            ("X,Y", "ADObjectAlreadyExistsException", 1002, Meaning::Exists),
            ("X,Y", "LocalizedException", 1002, Meaning::Transient),
            ("X,Y", "", 1000, Meaning::Refused),
            ("X,Y", "", 1001, Meaning::Refused),
            ("X,Y", "", 1003, Meaning::Refused),
            ("X,Y", "", 1004, Meaning::Denied),
            ("X,Y", "", 1012, Meaning::Refused),
            ("X,Y", "", 18, Meaning::Denied),
            ("X,Y", "", 27, Meaning::Transient),
            ("X,Y", "", 25, Meaning::Denied),
            ("X,Y", "", 29, Meaning::Transient),
            ("[FailureCategory=]", "", -1, Meaning::Refused),
        ] {
            assert_eq!(meaning(&unknown, id, reason, category), expected, "{id} {reason} {category}");
        }
        assert_eq!(fact_of_id(id, "Server"), Some("EX1"));
        assert_eq!(fact_of_id(id, "RequestId"), Some("7b8c7470-ddd0-4528-a01e-5e20ecc9bd54"));
        assert_eq!(fact_of_id("NamedParameterNotFound,New-MailUser", "Server"), None);
    }

    #[test]
    fn binding_and_prompts_come_before_the_cmdlet() {
        let automation = |name: &str| vec![format!("System.Management.Automation.{name}")];
        for (types, id, expected) in [
            (automation("CommandNotFoundException"), "CommandNotFoundException", Meaning::NoCmdlet),
            (
                automation("ParameterBindingException"),
                "NamedParameterNotFound,New-MailUser",
                Meaning::NoParameter,
            ),
            (
                automation("ParameterBindingException"),
                "MissingMandatoryParameter,New-MailUser",
                Meaning::Binding,
            ),
            (
                chain(&[
                    "System.Management.Automation.ParameterBindingArgumentTransformationException",
                    "System.Management.Automation.ParameterBindingException",
                ]),
                "ParameterArgumentTransformationError,New-MailUser",
                Meaning::Binding,
            ),
            (automation("Host.HostException"), "X", Meaning::Prompt),
            (automation("PSInvalidOperationException"), "InvalidOperation,Remove-MailUser", Meaning::Prompt),
            (automation("ParseException"), "ScriptsNotAllowed", Meaning::Binding),
        ] {
            let found = meaning(&types, id, "", 0);
            assert_eq!(found, expected, "{types:?}");
            assert!(is_before_it_ran(found));
        }
        assert!(!is_before_it_ran(Meaning::Transient) && !is_before_it_ran(Meaning::Exists));
    }
}
