//! The binder: names without case, what is refused before it runs.

use serde_json::json;
use sim::ErrorKind;

use crate::support::{names, new_account, refused, run, try_run, world};

#[test]
fn names_of_cmdlets_and_parameters_have_no_case() {
    let world = world("");
    run(&world, "new-mailuser", json!({ "name": "a", "EXTERNALEMAILADDRESS": "a@contoso.com" }));
    assert_eq!(names(&run(&world, "GET-MAILUSER", json!({ "identity": "A" }))), ["a"]);
}

#[test]
fn what_the_binder_refuses_before_anything_runs() {
    let world = world("");
    new_account(&world);
    let account = "SfBOnline-ApplicationAccount";
    for (cmdlet, given, exception, id) in [
        ("Get-Mailboxes", json!({}), "CommandNotFoundException", "CommandNotFoundException"),
        (
            "New-MailUser",
            json!({ "Name": "b", "ExternalEmailAddress": "b@contoso.com", "ApplicationAccount": true }),
            "ParameterBindingException",
            "NamedParameterNotFound,New-MailUser",
        ),
        (
            "New-MailUser",
            json!({ "Name": "b" }),
            "ParameterBindingException",
            "MissingMandatoryParameter,New-MailUser",
        ),
        (
            "Set-MailUser",
            json!({ "Identity": null, "HiddenFromAddressListsEnabled": true }),
            "ParameterBindingException",
            "ParameterArgumentValidationErrorNullNotAllowed,Set-MailUser",
        ),
        (
            "Set-MailUser",
            json!({ "Identity": "", "HiddenFromAddressListsEnabled": true }),
            "ParameterBindingException",
            "ParameterArgumentValidationErrorEmptyStringNotAllowed,Set-MailUser",
        ),
        (
            "Set-MailUser",
            json!({ "Identity": account, "HiddenFromAddressListsEnabled": "true" }),
            "ParameterBindingException",
            "ParameterArgumentTransformationError,Set-MailUser",
        ),
        (
            "New-MailUser",
            json!({ "Name": "b", "ExternalEmailAddress": "not an address" }),
            "ParameterBindingException",
            "ParameterArgumentTransformationError,New-MailUser",
        ),
        (
            "Get-MailUser",
            json!({ "Filter": { "ScriptBlock": "$_.Name" } }),
            "ParseException",
            "ScriptsNotAllowed",
        ),
    ] {
        let error = refused(&world, cmdlet, given);
        assert!(error.exception_type.ends_with(exception), "{cmdlet}: {error:?}");
        assert_eq!(error.fully_qualified_error_id, id, "{cmdlet}");
        assert_eq!(error.kind, ErrorKind::RefusedBeforeItRan, "{cmdlet}");
    }
    assert_eq!(world.ledger().len(), 1, "only the account was made");
}

#[test]
fn destructive_cmdlets_ask_unless_confirm_is_false() {
    let world = world("profile = 'done'");
    for (cmdlet, identity) in [
        ("Remove-MailUser", "SfBOnline-ApplicationAccount"),
        ("Disable-MailUser", "SfBOnline-ApplicationAccount"),
        ("Remove-ManagementRole", "TeamsApp"),
        ("Remove-ManagementRoleEntry", "TeamsApp\\GetDelegate"),
        ("Remove-ManagementRoleAssignment", "TeamsApp-SfBOnline-ApplicationAccount"),
        ("Remove-PartnerApplication", "SfBOnline"),
        ("Remove-AuthServer", "Acs*"),
        ("Remove-IntraOrganizationConnector", "HybridIOC*"),
    ] {
        for given in [json!({ "Identity": identity }), json!({ "Identity": identity, "Confirm": true })] {
            let error = refused(&world, cmdlet, given);
            assert!(error.exception_type.ends_with("PSInvalidOperationException"), "{cmdlet}: {error:?}");
            assert_eq!(error.kind, ErrorKind::RefusedBeforeItRan);
        }
    }
    assert!(world.ledger().is_empty());
    run(&world, "Remove-PartnerApplication", json!({ "Identity": "SfBOnline", "Confirm": false }));
    assert_eq!(world.ledger().len(), 1);
}

#[test]
fn what_if_changes_nothing() {
    let world = world("profile = 'done'");
    let before = world.snapshot();
    let reply = try_run(
        &world,
        "Remove-MailUser",
        json!({ "Identity": "SfBOnline-ApplicationAccount", "WhatIf": true }),
    );
    assert!(reply.unwrap().objects.is_empty());
    assert_eq!(world.snapshot(), before);
    assert!(world.ledger().is_empty());
}

#[test]
fn a_get_of_nothing_or_of_something_unknown_gives_everything() {
    let world = world("profile = 'done'");
    for cmdlet in [
        "Get-MailUser",
        "Get-Recipient",
        "Get-User",
        "Get-ManagementRole",
        "Get-ManagementRoleEntry",
        "Get-ManagementRoleAssignment",
        "Get-PartnerApplication",
        "Get-AuthServer",
        "Get-ExchangeServer",
        "Get-IntraOrganizationConnector",
        "Get-AcceptedDomain",
        "Get-ExchangeCertificate",
        "Get-WebServicesVirtualDirectory",
        "Get-AutodiscoverVirtualDirectory",
    ] {
        let all = run(&world, cmdlet, json!({ "DomainController": "dc1" }));
        assert!(!all.is_empty(), "{cmdlet}");
        for identity in [json!(null), json!(""), json!("nobody-has-this-name")] {
            let found = run(&world, cmdlet, json!({ "Identity": identity, "DomainController": "dc1" }));
            assert_eq!(found, all, "{cmdlet} {identity}");
        }
    }
}

#[test]
fn a_stricter_server_says_not_found() {
    let world = world("unknown_identity = 'not-found'");
    for cmdlet in ["Get-MailUser", "Get-PartnerApplication", "Get-ManagementRoleEntry"] {
        let error = refused(&world, cmdlet, json!({ "Identity": "nobody\\x" }));
        assert!(error.exception_type.ends_with("ManagementObjectNotFoundException"), "{cmdlet}");
        assert_eq!(error.kind, ErrorKind::Failed);
    }
}

#[test]
fn result_size_cuts_with_a_warning() {
    let world = world("");
    for name in ["a", "b", "c"] {
        run(
            &world,
            "New-MailUser",
            json!({ "Name": name, "ExternalEmailAddress": format!("{name}@contoso.com") }),
        );
    }
    let given = json!({ "ResultSize": 2, "DomainController": "dc1" });
    let reply = try_run(&world, "Get-MailUser", given).unwrap();
    assert_eq!((reply.objects.len(), reply.warnings.len()), (2, 1));
    let given = json!({ "ResultSize": "Unlimited", "DomainController": "dc1" });
    let reply = try_run(&world, "Get-MailUser", given).unwrap();
    assert_eq!((reply.objects.len(), reply.warnings.len()), (3, 0));
}

#[test]
fn many_threads_share_one_world() {
    let world = world("");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let world = world.clone();
            scope.spawn(move || {
                let given = json!({
                    "Name": format!("u{number}"), "ExternalEmailAddress": format!("u{number}@contoso.com"),
                });
                run(&world, "New-MailUser", given);
            });
        }
    });
    let sequences: Vec<u64> = world.ledger().iter().map(|entry| entry.sequence).collect();
    assert_eq!(sequences, (1..=8).collect::<Vec<u64>>());
}

#[test]
fn get_command_tells_what_may_be_run() {
    let world = world("");
    let found = run(&world, "Get-Command", json!({ "Name": "new-partnerapplication" }));
    assert_eq!(names(&found), ["New-PartnerApplication"]);
    assert!(found[0]["Parameters"].get("Confirm").is_some(), "{found:?}");
    assert!(found[0]["Parameters"].get("LinkedAccount").is_some(), "{found:?}");
    let error = refused(&world, "Get-Command", json!({ "Name": "New-Nothing" }));
    assert!(error.fully_qualified_error_id.contains("GetCommandCommand"), "{error:?}");
}
