//! Partner applications and the certificate they will be trusted by.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, DC1, SKYPE, fixture, names, new_account, refused, run, try_run, world};

#[test]
fn a_partner_application_without_an_account_is_taken_in_silence() {
    let world = world("");
    for (name, extra) in [
        ("absent", json!({})),
        ("null", json!({ "LinkedAccount": null })),
        ("empty", json!({ "LinkedAccount": "" })),
    ] {
        let mut given = json!({ "Name": name, "ApplicationIdentifier": format!("{name}-id") });
        given.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let reply = try_run(&world, "New-PartnerApplication", given).unwrap();
        assert_eq!(reply.objects[0]["LinkedAccount"], Value::Null);
        assert!(reply.warnings.is_empty());
    }
    let given = json!({ "Name": "x", "ApplicationIdentifier": "x", "LinkedAccount": "nobody" });
    let error = refused(&world, "New-PartnerApplication", given);
    assert!(error.exception_type.ends_with("ManagementObjectNotFoundException"));
}

#[test]
fn the_linked_account_is_a_reference_that_dies_with_the_account() {
    let world = world("");
    let account = new_account(&world);
    let given = json!({
        "Name": "SfBOnline", "ApplicationIdentifier": SKYPE, "Enabled": true,
        "LinkedAccount": account["Identity"], "DomainController": DC1,
    });
    let application = run(&world, "New-PartnerApplication", given).remove(0);
    assert_eq!(application["LinkedAccount"]["ObjectGuid"], account["Guid"]);
    assert_eq!(application["LinkedAccount"]["ToString"], account["Identity"]);
    assert_eq!(application["UseAuthServer"], true);
    assert_eq!(
        application["DistinguishedName"],
        "CN=SfBOnline,CN=Partner Applications,CN=Auth Configuration,CN=Contoso,CN=Microsoft Exchange,CN=Services,\
         CN=Configuration,DC=contoso,DC=lab"
    );
    assert_eq!(world.snapshot()["exchange"]["PartnerApplication"]["SfBOnline"]["LinkedAccount"], ACCOUNT);
    run(&world, "Remove-MailUser", json!({ "Identity": ACCOUNT, "Confirm": false, "DomainController": DC1 }));
    let found =
        run(&world, "Get-PartnerApplication", json!({ "Identity": "SfBOnline", "DomainController": DC1 }));
    assert_eq!(found[0]["LinkedAccount"], Value::Null);
}

#[test]
fn names_and_application_ids_are_taken_once() {
    let world = world(
        "[duplicate_application]\nexception_type = 'Some.Exception'\nmessage = '{application} is {name}'",
    );
    let given = |name: &str, id: &str, realm: &str| json!({ "Name": name, "ApplicationIdentifier": id, "Realm": realm });
    run(&world, "New-PartnerApplication", given("SfBOnline", SKYPE, ""));
    let same_name = refused(&world, "New-PartnerApplication", given("sfbonline", "x", ""));
    assert!(same_name.exception_type.ends_with("ADObjectAlreadyExistsException"));
    let same_id = refused(&world, "New-PartnerApplication", given("Legacy", &SKYPE.to_uppercase(), ""));
    assert_eq!(same_id.exception_type, "Some.Exception");
    assert_eq!(same_id.message, format!("{} is SfBOnline", SKYPE.to_uppercase()));
    run(&world, "New-PartnerApplication", given("OtherRealm", SKYPE, "fabrikam.com"));
    let moved = refused(&world, "Set-PartnerApplication", json!({ "Identity": "OtherRealm", "Realm": "" }));
    assert_eq!(moved.exception_type, "Some.Exception");
    let neither = refused(&world, "New-PartnerApplication", json!({ "Name": "x" }));
    assert!(neither.fully_qualified_error_id.starts_with("AmbiguousParameterSet"));
}

#[test]
fn an_application_is_changed_and_renamed() {
    let world = world("profile = 'done'");
    let set = |given: Value| try_run(&world, "Set-PartnerApplication", given).unwrap();
    set(json!({ "Identity": "SfBOnline", "Enabled": false, "LinkedAccount": null, "DomainController": DC1 }));
    set(json!({ "Identity": "SfBOnline", "Name": "SfBLegacy", "DomainController": DC1 }));
    let found = run(&world, "Get-PartnerApplication", json!({ "Identity": SKYPE, "DomainController": DC1 }));
    assert_eq!((&found[0]["Name"], &found[0]["Identity"]), (&json!("SfBLegacy"), &json!("SfBLegacy")));
    assert_eq!((&found[0]["Enabled"], &found[0]["LinkedAccount"]), (&json!(false), &Value::Null));
    assert!(found[0]["DistinguishedName"].as_str().unwrap().starts_with("CN=SfBLegacy,"));
    let nothing = set(json!({ "Identity": "SfBLegacy", "Enabled": false, "DomainController": DC1 }));
    assert_eq!(nothing.warnings.len(), 1);
}

#[test]
fn a_certificate_over_the_wire_is_raw_data_and_nothing_else() {
    let world = world("next_certificate = 'next'\nremove = [{ certificate_on = 'ex2.contoso.lab' }]");
    let config = run(&world, "Get-AuthConfig", json!({})).remove(0);
    let thumbprint = &config["CurrentCertificateThumbprint"];
    assert_eq!(thumbprint.as_str().unwrap().len(), 40);
    assert_eq!(config["PreviousCertificateThumbprint"], "");
    let given = json!({ "Server": "EX1", "Thumbprint": thumbprint });
    assert_eq!(run(&world, "Get-ExchangeCertificate", given), [json!({ "RawData": fixture("current") })]);
    assert_eq!(run(&world, "Get-ExchangeCertificate", json!({ "Server": "ex1.contoso.lab" })).len(), 2);
    assert!(run(&world, "Get-ExchangeCertificate", json!({ "Server": "ex2.contoso.lab" })).is_empty());
    let error =
        refused(&world, "Get-ExchangeCertificate", json!({ "Server": "ex2", "Thumbprint": thumbprint }));
    assert!(error.message.contains("was not found"));
    assert!(names(&run(&world, "Get-ExchangeServer", json!({}))).contains(&"EX2"));
}

#[test]
fn the_certificate_rolls_over() {
    let world = world("");
    let before = run(&world, "Get-AuthConfig", json!({ "DomainController": DC1 })).remove(0);
    world.as_other_admin(&sim::Action::RollCertificate).unwrap();
    let after = run(&world, "Get-AuthConfig", json!({ "DomainController": DC1 })).remove(0);
    assert_eq!(after["PreviousCertificateThumbprint"], before["CurrentCertificateThumbprint"]);
    let given = json!({ "Server": "ex2", "Thumbprint": after["CurrentCertificateThumbprint"] });
    assert_eq!(run(&world, "Get-ExchangeCertificate", given), [json!({ "RawData": fixture("next") })]);
    assert_eq!(world.ledger()[0].by, sim::By::Other);
}

#[test]
fn staging_a_next_certificate_needs_a_late_date_or_force() {
    let world = world("next_certificate = 'next'");
    let next = run(&world, "Get-AuthConfig", json!({})).remove(0)["NextCertificateThumbprint"].clone();
    let given = |date: &str| json!({ "NewCertificateThumbprint": next, "NewCertificateEffectiveDate": date });
    let past = refused(&world, "Set-AuthConfig", given("2026-06-01T08:00:00Z"));
    assert!(past.message.contains("later than"), "{past}");
    let soon = refused(&world, "Set-AuthConfig", given("2026-06-02T08:00:00Z"));
    assert!(soon.message.contains("48 hours"), "{soon}");
    run(&world, "Set-AuthConfig", given("2026-06-04T08:00:00Z"));
    run(&world, "Set-AuthConfig", json!({ "PublishCertificate": true }));
    let config = run(&world, "Get-AuthConfig", json!({ "DomainController": DC1 })).remove(0);
    assert_eq!(
        (&config["CurrentCertificateThumbprint"], &config["NextCertificateThumbprint"]),
        (&next, &json!(""))
    );
}
