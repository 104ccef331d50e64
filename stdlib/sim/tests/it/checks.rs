//! What the read-only checks of the first step read, in an organisation that passes them and in ones that do not.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, EXCHANGE, SKYPE, names, refused, run, spec, world};

#[test]
fn a_fresh_organisation_passes_every_check() {
    let world = world("");
    let tenant = world.spec().tenant;

    let connectors = run(&world, "Get-IntraOrganizationConnector", json!({}));
    assert_eq!(connectors[0]["Enabled"], true);
    assert_eq!(connectors[0]["TargetAddressDomains"], json!(["contoso.mail.onmicrosoft.com"]));
    assert!(connectors[0]["DiscoveryEndpoint"].as_str().unwrap().contains("autodiscover-s.outlook.com"));

    let servers = run(&world, "Get-AuthServer", json!({}));
    let of = |kind: &str| servers.iter().find(|server| server["Type"] == kind).unwrap();
    let acs = of("MicrosoftACS");
    assert_eq!(acs["IssuerIdentifier"], "00000001-0000-0000-c000-000000000000");
    assert_eq!((&acs["Realm"], &acs["Enabled"]), (&json!(tenant), &json!(true)));
    assert_eq!(of("AzureAD")["IssuerIdentifier"], format!("https://sts.windows.net/{tenant}/"));

    let applications = run(&world, "Get-PartnerApplication", json!({}));
    let exchange = applications.iter().find(|one| one["ApplicationIdentifier"] == EXCHANGE).unwrap();
    for (property, expected) in [
        ("Enabled", json!(true)),
        ("Realm", json!("")),
        ("AuthMetadataUrl", json!("")),
        ("CertificateStrings", json!([])),
        ("UseAuthServer", json!(true)),
        ("AcceptSecurityIdentifierInformation", json!(false)),
        ("IssuerIdentifier", json!("")),
    ] {
        assert_eq!(exchange[property], expected, "{property}");
    }
    assert_eq!(exchange["LinkedAccount"]["ToString"], "contoso.lab/Users/Exchange Online-ApplicationAccount");

    let given = json!({ "Identity": exchange["LinkedAccount"]["ObjectGuid"] });
    let account = run(&world, "Get-User", given).remove(0);
    assert_eq!(account["RecipientTypeDetails"], "LinkedUser");
    assert_eq!(account["UserAccountControl"], "AccountDisabled, PasswordNotRequired, NormalAccount");

    let given = json!({ "RoleAssignee": account["Guid"], "RoleAssigneeType": "User" });
    let assignments = run(&world, "Get-ManagementRoleAssignment", given);
    let mut roles: Vec<&str> = assignments.iter().map(|one| one["Role"].as_str().unwrap()).collect();
    roles.sort_unstable();
    assert_eq!(
        roles,
        [
            "ArchiveApplication",
            "LegalHoldApplication",
            "Mailbox Search",
            "MailboxSearchApplication",
            "MeetingGraphApplication",
            "TeamMailboxLifecycleApplication",
            "UserApplication",
        ]
    );

    let config = run(&world, "Get-AuthConfig", json!({})).remove(0);
    assert_eq!((&config["ServiceName"], &config["Realm"]), (&json!(EXCHANGE), &json!("")));
    assert_eq!(config["Name"], "Auth Configuration");
    for server in run(&world, "Get-ExchangeServer", json!({})) {
        let given = json!({ "Server": server["Fqdn"], "Thumbprint": config["CurrentCertificateThumbprint"] });
        assert_eq!(run(&world, "Get-ExchangeCertificate", given).len(), 1);
    }
    for cmdlet in ["Get-WebServicesVirtualDirectory", "Get-AutodiscoverVirtualDirectory"] {
        let directories = run(&world, cmdlet, json!({}));
        assert_eq!(directories.len(), 2);
        for directory in directories {
            assert_eq!(directory["OAuthAuthentication"], true);
            assert_eq!(directory["WSSecurityAuthentication"], true);
            assert!(directory["ExternalAuthenticationMethods"].as_array().unwrap().contains(&json!("OAuth")));
        }
    }
    let given = json!({ "Server": "ex2.contoso.lab" });
    assert_eq!(
        run(&world, "Get-WebServicesVirtualDirectory", given)[0]["Identity"],
        "EX2\\EWS (Default Web Site)"
    );

    let configuration = run(&world, "Get-IntraOrganizationConfiguration", json!({})).remove(0);
    assert!(
        configuration["OnPremiseDiscoveryEndpoint"].as_str().unwrap().contains("autodiscover.contoso.com")
    );
    assert_eq!(names(&run(&world, "Get-OrganizationConfig", json!({}))), ["Contoso"]);
    assert_eq!(
        names(&run(&world, "Get-AcceptedDomain", json!({}))),
        ["contoso.com", "contoso.onmicrosoft.com"]
    );
    let controllers = run(&world, "Get-DomainController", json!({}));
    assert_eq!(
        (&controllers[0]["Name"], &controllers[0]["DnsHostName"]),
        (&json!("DC1"), &json!("dc1.contoso.lab"))
    );
}

fn connectivity(world: &sim::World) -> Value {
    let given = json!({
        "Service": "EWS", "TargetUri": "https://outlook.office365.com/ews/exchange.asmx", "Mailbox": "a@contoso.com",
    });
    run(world, "Test-OAuthConnectivity", given).remove(0)
}

#[test]
fn connectivity_tells_what_stands_in_the_way_on_either_side() {
    for (table, expected) in [
        ("", None),
        ("profile = 'no-oauth'", Some("MicrosoftACS")),
        (
            "[[invoke]]\ncmdlet = 'Set-PartnerApplication'\nparameters = { Identity = 'Exchange Online', Enabled = false }",
            Some("partner application"),
        ),
        ("certificate = 'expired'", Some("expired")),
        (
            "remove = [{ certificate_on = 'ex1.contoso.lab' }, { certificate_on = 'ex2.contoso.lab' }]",
            Some("Unable to find"),
        ),
        ("remove = [{ service_principal = '00000002-0000-0ff1-ce00-000000000000' }]", Some("AADSTS50012")),
    ] {
        let result = connectivity(&world(table));
        match expected {
            None => assert_eq!(result["ResultType"], "Success", "{result}"),
            Some(words) => {
                assert_eq!(result["ResultType"], "Error", "{table}");
                assert!(result["Detail"].as_str().unwrap().contains(words), "{table}: {result}");
            }
        }
    }
    let error = refused(&world(""), "Test-OAuthConnectivity", json!({ "Service": "POP", "TargetUri": "x" }));
    assert!(error.fully_qualified_error_id.starts_with("ParameterArgumentTransformationError"));
}

#[test]
fn profiles_differ_as_they_say() {
    let snapshot = |profile: &str| world(&format!("profile = '{profile}'")).snapshot();
    let (fresh, half, done, none) =
        (snapshot("fresh"), snapshot("half-done"), snapshot("done"), snapshot("no-oauth"));
    assert!(fresh["exchange"]["MailUser"].is_null());
    assert_eq!(half["exchange"]["MailUser"][ACCOUNT]["HiddenFromAddressListsEnabled"], false);
    assert!(half["exchange"]["ManagementRole"]["TeamsApp"]["RoleEntries"].as_array().unwrap().len() > 12);
    assert_eq!(done["exchange"]["ManagementRole"]["TeamsApp"]["RoleEntries"], json!(["GetDelegate"]));
    assert_eq!(done["exchange"]["PartnerApplication"]["SfBOnline"]["LinkedAccount"], ACCOUNT);
    assert_eq!(done["exchange"]["MailUser"][ACCOUNT]["HiddenFromAddressListsEnabled"], true);
    let tenant = &world("").spec().tenant;
    assert_eq!(done["tenants"][tenant][SKYPE]["keys"].as_array().unwrap().len(), 1);
    assert_eq!(fresh["tenants"][tenant][SKYPE]["keys"], json!([]));
    assert!(none["exchange"]["AuthServer"].is_null());
    assert!(none["exchange"]["IntraOrganizationConnector"].is_null());
    assert_eq!(none["exchange"]["PartnerApplication"]["Exchange Online"]["Enabled"], false);
    assert!(world("profile = 'done'").ledger().is_empty(), "what was there before is nobody's effect");
}

#[test]
fn settings_and_removals_reach_the_objects_they_name() {
    let world = world(
        "remove = [{ object = { class = 'AuthServer', name = 'EvoSts*' } }]\n\
         [[set]]\nclass = 'WebServicesVirtualDirectory'\nproperties = { OAuthAuthentication = false }\n\
         [[set]]\nclass = 'AuthConfig'\nname = 'Auth Configuration'\nproperties = { CurrentCertificateThumbprint = '' }",
    );
    assert_eq!(run(&world, "Get-AuthServer", json!({})).len(), 1);
    assert_eq!(run(&world, "Get-WebServicesVirtualDirectory", json!({}))[1]["OAuthAuthentication"], false);
    assert_eq!(run(&world, "Get-AuthConfig", json!({}))[0]["CurrentCertificateThumbprint"], "");
}

#[test]
fn a_description_that_makes_no_sense_is_refused_in_words() {
    for (table, words) in [
        ("now = 'yesterday'", "RFC 3339"),
        ("certificate = 'unheard-of'", "one of current"),
        ("controllers = []", "at least one controller"),
        ("[faults]\nrate = 2.0", "from 0 to 1"),
        ("[[faults.injections]]\non = 'New-MailUsers'\nact = 'timeout_after'", "not recognized"),
        ("[[faults.injections]]\non = 'New-MailUser'\nact = { dc_gone = { name = 'dc9' } }", "one of dc1"),
        (
            "[[faults.injections]]\non = 'PATCH /x'\nact = { other = { graph = { app_id = 'x', add_key = 'y' } } }",
            "one of current",
        ),
        ("[[invoke]]\ncmdlet = 'Get-Nothing'", "not recognized"),
        ("[[keys]]\napp_id = 'x'\ncertificate = 'next'", "no service principal"),
        ("remove = [{ service_principal = 'x' }]", "no service principal"),
        ("remove = [{ certificate_on = 'ex9' }]", "no server"),
        ("[[set]]\nclass = 'Nonsense'\nproperties = {}", "there is no Nonsense"),
    ] {
        let error = sim::World::new(&spec(table)).unwrap_err();
        assert!(error.to_string().contains(words), "{table}: {error}");
        assert_eq!(error.code(), "sim-spec-invalid");
    }
    assert!(toml::from_str::<sim::WorldSpec>("profil = 'fresh'").is_err());
}
