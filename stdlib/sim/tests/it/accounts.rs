//! Mail users: creation and its limits, change, removal, and when which controller sees what.

use serde_json::json;
use sim::{Advance, ErrorKind};

use crate::support::{ACCOUNT, DC1, DC2, names, new_account, refused, run, try_run, world};

#[test]
fn a_new_mail_user_has_the_documented_shape() {
    let world = world("");
    let account = new_account(&world);
    assert_eq!(account["Identity"], format!("contoso.lab/Users/{ACCOUNT}"));
    assert_eq!(account["DistinguishedName"], format!("CN={ACCOUNT},CN=Users,DC=contoso,DC=lab"));
    assert_eq!(account["ExternalEmailAddress"], format!("SMTP:{ACCOUNT}@contoso.com"));
    assert_eq!(account["RecipientTypeDetails"], "MailUser");
    assert_eq!(account["RemotePowerShellEnabled"], true);
    assert_eq!(account["HiddenFromAddressListsEnabled"], false);
    assert_eq!(account["WhenCreatedUTC"], "2026-06-01T08:00:00Z");
    assert_eq!(account["OriginatingServer"], DC1);
    let sam = account["SamAccountName"].as_str().unwrap();
    assert!(sam.len() <= 20 && sam.starts_with('$'), "{sam}");
    for key in ["Guid", "ExchangeGuid"] {
        assert_eq!(account[key].as_str().unwrap().len(), 36);
    }
    for identity in
        ["Guid", "DistinguishedName", "Identity", "UserPrincipalName", "SamAccountName", "PrimarySmtpAddress"]
    {
        let given = json!({ "Identity": account[identity], "DomainController": DC1 });
        assert_eq!(names(&run(&world, "Get-MailUser", given)), [ACCOUNT], "{identity}");
    }
}

#[test]
fn names_and_addresses_that_are_taken_or_too_long() {
    let world = world("");
    new_account(&world);
    let long = "x".repeat(65);
    for (given, exception) in [
        (
            json!({ "Name": ACCOUNT.to_uppercase(), "ExternalEmailAddress": "other@contoso.com" }),
            "ADObjectAlreadyExistsException",
        ),
        (
            json!({ "Name": "Other", "ExternalEmailAddress": format!("{}@CONTOSO.com", ACCOUNT.to_lowercase()) }),
            "ProxyAddressExistsException",
        ),
        (
            json!({ "Name": ACCOUNT, "ExternalEmailAddress": format!("{ACCOUNT}@contoso.com") }),
            "ADObjectAlreadyExistsException",
        ),
        (
            json!({ "Name": long, "ExternalEmailAddress": "l@contoso.com", "Alias": "l" }),
            "DataValidationException",
        ),
        (
            json!({ "Name": "l", "ExternalEmailAddress": "l@contoso.com", "Alias": long }),
            "DataValidationException",
        ),
        (
            json!({ "Name": "l", "ExternalEmailAddress": "l@contoso.com", "SamAccountName": "x".repeat(21) }),
            "DataValidationException",
        ),
    ] {
        let error = refused(&world, "New-MailUser", given.clone());
        assert!(error.exception_type.ends_with(exception), "{given}: {error:?}");
        assert!(error.fully_qualified_error_id.contains(exception), "{given}");
        assert_eq!(error.kind, ErrorKind::Failed);
    }
    assert_eq!(world.ledger().len(), 1);
}

#[test]
fn the_address_may_be_what_is_complained_about_first() {
    let world = world("proxy_address_first = true");
    new_account(&world);
    let given = json!({ "Name": ACCOUNT, "ExternalEmailAddress": format!("{ACCOUNT}@contoso.com") });
    let error = refused(&world, "New-MailUser", given);
    assert!(error.exception_type.ends_with("ProxyAddressExistsException"), "{error:?}");
}

#[test]
fn a_set_that_changes_nothing_warns_and_is_no_effect() {
    let world = world("");
    let account = new_account(&world);
    let given = json!({ "Identity": account["Guid"], "HiddenFromAddressListsEnabled": true, "DomainController": DC1 });
    assert!(try_run(&world, "Set-MailUser", given.clone()).unwrap().warnings.is_empty());
    let again = try_run(&world, "Set-MailUser", given).unwrap();
    assert!(again.warnings[0].contains("no settings of"), "{again:?}");
    assert_eq!(world.ledger().len(), 2);
    assert_eq!(world.ledger()[1].summary, "HiddenFromAddressListsEnabled: false -> true");
    let error = refused(
        &world,
        "Set-MailUser",
        json!({ "Identity": "nobody", "HiddenFromAddressListsEnabled": true }),
    );
    assert!(error.exception_type.ends_with("ManagementObjectNotFoundException"));
}

#[test]
fn remote_powershell_is_switched_off_by_set_user() {
    let world = world("");
    new_account(&world);
    run(
        &world,
        "Set-User",
        json!({ "Identity": ACCOUNT, "RemotePowerShellEnabled": false, "DomainController": DC1 }),
    );
    let user = run(&world, "Get-User", json!({ "Identity": ACCOUNT, "DomainController": DC1 })).remove(0);
    assert_eq!(user["RemotePowerShellEnabled"], false);
}

#[test]
fn removing_deletes_the_account_and_disabling_leaves_it() {
    let world = world("");
    let account = new_account(&world);
    let given = json!({ "Identity": account["Guid"], "Confirm": false, "DomainController": DC1 });
    run(&world, "Disable-MailUser", given);
    assert!(run(&world, "Get-MailUser", json!({ "DomainController": DC1 })).is_empty());
    let user = run(&world, "Get-User", json!({ "Identity": ACCOUNT, "DomainController": DC1 })).remove(0);
    assert_eq!(user["RecipientTypeDetails"], "User");
    assert_eq!(user["Guid"], account["Guid"]);

    let other = self::world("");
    let account = new_account(&other);
    run(
        &other,
        "Remove-MailUser",
        json!({ "Identity": account["Guid"], "Confirm": false, "DomainController": DC1 }),
    );
    let users = run(&other, "Get-User", json!({ "DomainController": DC1 }));
    assert!(!names(&users).contains(&ACCOUNT));
    let again = new_account(&other);
    assert_ne!(again["Guid"], account["Guid"], "a new object is a new object");
}

#[test]
fn another_controller_sees_a_new_account_two_calls_later() {
    let world = world("");
    new_account(&world);
    let seen =
        |controller: &str| run(&world, "Get-MailUser", json!({ "DomainController": controller })).len();
    assert_eq!([seen(DC2), seen(DC2), seen(DC2), seen(DC1)], [0, 0, 1, 1]);
    let error = refused(&world, "Get-MailUser", json!({ "DomainController": "dc9" }));
    assert!(error.exception_type.ends_with("SuitabilityDirectoryException"));
}

#[test]
fn reads_without_a_controller_go_round_and_may_miss_a_write() {
    let world = world("replication_delay_calls = 50");
    new_account(&world);
    let seen: Vec<usize> = (0..4).map(|_| run(&world, "Get-MailUser", json!({})).len()).collect();
    assert_eq!(
        seen.iter().sum::<usize>(),
        2,
        "every other read asks the controller that has not seen it: {seen:?}"
    );
    world.advance(Advance { calls: 50, ..Advance::default() }).unwrap();
    assert_eq!(run(&world, "Get-MailUser", json!({ "DomainController": DC2 })).len(), 1);
}

#[test]
fn one_identity_for_two_objects_is_ambiguous() {
    let world = world("replication_delay_calls = 3");
    for (controller, address) in [(DC1, "one@contoso.com"), (DC2, "two@contoso.com")] {
        let given =
            json!({ "Name": "Twin", "ExternalEmailAddress": address, "DomainController": controller });
        run(&world, "New-MailUser", given);
    }
    world.advance(Advance { calls: 9, ..Advance::default() }).unwrap();
    let error =
        refused(&world, "Set-MailUser", json!({ "Identity": "Twin", "HiddenFromAddressListsEnabled": true }));
    assert!(error.exception_type.ends_with("ManagementObjectAmbiguousException"));
}

#[test]
fn recipients_are_found_by_address_and_filter() {
    let world = world("");
    new_account(&world);
    for given in [
        json!({ "Identity": format!("{ACCOUNT}@contoso.com"), "DomainController": DC1 }),
        json!({ "Identity": format!("smtp:{ACCOUNT}@contoso.com"), "DomainController": DC1 }),
        json!({ "Filter": format!("Name -eq '{ACCOUNT}'"), "DomainController": DC1 }),
        json!({ "Filter": "EmailAddresses -like 'smtp:sfbonline*'", "DomainController": DC1 }),
    ] {
        assert_eq!(names(&run(&world, "Get-Recipient", given.clone())), [ACCOUNT], "{given}");
    }
    assert!(
        run(&world, "Get-Recipient", json!({ "Filter": "Name -eq 'x'", "DomainController": DC1 })).is_empty()
    );
    let error = refused(&world, "Get-Recipient", json!({ "Filter": "Name -gt 'x'" }));
    assert!(error.exception_type.ends_with("ParsingException"));
}

#[test]
fn an_account_is_renamed_to_a_free_name_only() {
    let world = world("");
    let account = new_account(&world);
    run(&world, "New-MailUser", json!({ "Name": "Other", "ExternalEmailAddress": "other@contoso.com" }));
    let given = |name: &str| json!({ "Identity": account["Guid"], "Name": name, "DomainController": DC1 });
    let taken = refused(&world, "Set-MailUser", given("OTHER"));
    assert!(taken.exception_type.ends_with("ADObjectAlreadyExistsException"));
    run(&world, "Set-MailUser", given("Renamed"));
    let found = run(&world, "Get-MailUser", json!({ "Identity": account["Guid"], "DomainController": DC1 }))
        .remove(0);
    assert_eq!(found["DistinguishedName"], "CN=Renamed,CN=Users,DC=contoso,DC=lab");
    assert_eq!(found["Identity"], "contoso.lab/Users/Renamed");
}
