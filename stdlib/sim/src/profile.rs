//! Builds a world from its description: the profile first, then the deviations.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    certificate::{CertificateFacts, FIXTURES, fixture_der},
    cmdlet::{self, acs, assignment, evo_sts, properties, publish},
    error::WorldError,
    fault::FaultState,
    identifier::{base64, guid},
    keep::FORMAT,
    ledger::By,
    object::{Class, DirectoryObject},
    replication::{Directory, Edit},
    spec::{Profile, Removal, WorldSpec},
    state::{State, seconds_of},
    tenant,
};

/// Application id of the service principal that the shipped workflow connects.
const SKYPE_ONLINE: &str = "00000004-0000-0ff1-ce00-000000000000";
const EXCHANGE_ONLINE: &str = "00000002-0000-0ff1-ce00-000000000000";

/// Builds the state.
pub(crate) fn build(spec: &WorldSpec) -> Result<State, WorldError> {
    let now = seconds_of(&spec.now).ok_or_else(|| invalid("now", &spec.now, "an RFC 3339 time in UTC"))?;
    if seconds_of(&spec.token_expires).is_none() {
        return Err(invalid("token_expires", &spec.token_expires, "an RFC 3339 time in UTC"));
    }
    if spec.controllers.is_empty() || spec.servers.is_empty() {
        return Err(WorldError::Spec("a world needs at least one controller and one server".into()));
    }
    if !(0.0..=1.0).contains(&spec.faults.rate) {
        return Err(invalid("faults.rate", &spec.faults.rate.to_string(), "a number from 0 to 1"));
    }
    let mut state = State {
        format: FORMAT,
        spec: spec.clone(),
        now,
        directory: Directory::new(&spec.controllers, spec.replication_delay_calls),
        certificates: BTreeMap::new(),
        tenants: BTreeMap::new(),
        ledger: Vec::new(),
        faults: FaultState::default(),
        numbers: 0,
    };
    let current = fixture(&spec.certificate)?;
    let next = spec.next_certificate.as_deref().map(fixture).transpose()?;
    for server in &spec.servers {
        let ders = std::iter::once(current).chain(next).map(base64).collect();
        state.certificates.insert(server.clone(), ders);
    }
    organisation(&mut state, &thumbprint(current), &next.map(thumbprint).unwrap_or_default());
    state.directory.settle();
    let tenant = tenant::first_party(&spec.tenant, &spec.applications);
    state.tenants.insert(spec.tenant.clone(), tenant);
    if spec.profile != Profile::NoOauth {
        tenant::add_key_unchecked(&mut state, EXCHANGE_ONLINE, current);
    }
    for (cmdlet, parameters) in by_hand(spec) {
        run(&mut state, cmdlet, &parameters)?;
    }
    if spec.profile == Profile::Done {
        tenant::add_key_unchecked(&mut state, SKYPE_ONLINE, current);
    }
    deviate(&mut state, spec)?;
    state.ledger.clear();
    state.faults = FaultState::new(spec.faults.clone());
    Ok(state)
}

fn deviate(state: &mut State, spec: &WorldSpec) -> Result<(), WorldError> {
    for invocation in &spec.invoke {
        run(state, &invocation.cmdlet, &invocation.parameters)?;
    }
    for key in &spec.keys {
        tenant::add_key_of_spec(state, key)?;
    }
    for setting in &spec.set {
        let found = named(state, &setting.class, setting.name.as_deref())?;
        for object in found {
            let edit = Edit::Update { guid: object.guid, properties: setting.properties.clone() };
            state.directory.write(0, 0, edit);
        }
    }
    for removal in &spec.remove {
        match removal {
            Removal::ServicePrincipal(app_id) => tenant::remove_principal(state, app_id)?,
            Removal::Object { class, name } => {
                for object in named(state, class, Some(name))? {
                    state.directory.write(0, 0, Edit::Delete { guid: object.guid });
                }
            }
            Removal::CertificateOn(server) => {
                let Some(ders) = state.certificates.get_mut(server) else {
                    return Err(WorldError::Spec(format!("remove: there is no server '{server}'")));
                };
                ders.clear();
            }
        }
    }
    state.directory.settle();
    Ok(())
}

fn run(state: &mut State, name: &str, parameters: &Map<String, Value>) -> Result<(), WorldError> {
    let refused = |error| WorldError::Spec(format!("invoke {name}: {error}"));
    let known = cmdlet::find(name).map_err(refused)?;
    cmdlet::run(state, By::Us, known, parameters, 0).map_err(refused)?;
    state.directory.settle();
    Ok(())
}

/// Objects by the noun of their cmdlets; nothing found is an error, because a deviation that does nothing is a mistake.
fn named(state: &State, class: &str, name: Option<&str>) -> Result<Vec<DirectoryObject>, WorldError> {
    let class_name = if class.eq_ignore_ascii_case("MailUser") { "User" } else { class };
    let found: Vec<DirectoryObject> = state
        .directory
        .view(None)
        .into_iter()
        .filter(|object| format!("{:?}", object.class).eq_ignore_ascii_case(class_name))
        .filter(|object| name.is_none_or(|name| object.is(name)))
        .collect();
    if found.is_empty() {
        return Err(WorldError::Spec(format!("there is no {class} '{}'", name.unwrap_or("*"))));
    }
    Ok(found)
}

/// What a profile adds by cmdlets, as an administrator would have.
fn by_hand(spec: &WorldSpec) -> Vec<(&'static str, Map<String, Value>)> {
    const ACCOUNT: &str = "SfBOnline-ApplicationAccount";
    let begun = vec![
        (
            "New-MailUser",
            properties(&[
                ("Name", json!(ACCOUNT)),
                ("ExternalEmailAddress", json!(format!("{ACCOUNT}@{}", spec.domain))),
            ]),
        ),
        (
            "New-ManagementRole",
            properties(&[("Name", json!("TeamsApp")), ("Parent", json!("UserApplication"))]),
        ),
    ];
    match spec.profile {
        Profile::Fresh | Profile::NoOauth => Vec::new(),
        Profile::HalfDone => begun,
        Profile::Done => {
            let mut done = begun;
            done.push((
                "Set-MailUser",
                properties(&[("Identity", json!(ACCOUNT)), ("HiddenFromAddressListsEnabled", json!(true))]),
            ));
            done.push((
                "Set-User",
                properties(&[("Identity", json!(ACCOUNT)), ("RemotePowerShellEnabled", json!(false))]),
            ));
            for entry in USER_APPLICATION.iter().filter(|entry| **entry != "GetDelegate") {
                done.push((
                    "Remove-ManagementRoleEntry",
                    properties(&[
                        ("Identity", json!(format!("TeamsApp\\{entry}"))),
                        ("Confirm", json!(false)),
                    ]),
                ));
            }
            done.push((
                "New-ManagementRoleAssignment",
                properties(&[("Role", json!("TeamsApp")), ("User", json!(ACCOUNT))]),
            ));
            done.push((
                "New-PartnerApplication",
                properties(&[
                    ("Name", json!("SfBOnline")),
                    ("ApplicationIdentifier", json!(SKYPE_ONLINE)),
                    ("Enabled", json!(true)),
                    ("LinkedAccount", json!(ACCOUNT)),
                ]),
            ));
            done
        }
    }
}

/// EWS operations that the built-in role UserApplication holds here. unconfirmed: the full list; `GetDelegate` is in it.
const USER_APPLICATION: &[&str] = &[
    "ConvertId",
    "CreateAttachment",
    "CreateFolder",
    "CreateItem",
    "DeleteItem",
    "FindFolder",
    "FindItem",
    "GetAttachment",
    "GetDelegate",
    "GetFolder",
    "GetItem",
    "GetUserAvailability",
    "GetUserOofSettings",
    "ResolveNames",
    "SendItem",
    "SetUserOofSettings",
    "SyncFolderItems",
    "UpdateItem",
];

/// Roles of Exchange Online's application account, besides UserApplication.
const APPLICATION_ROLES: &[(&str, &[&str])] = &[
    ("ArchiveApplication", &["ArchiveItem", "CreateItem", "CreateFolder", "FindFolder"]),
    ("LegalHoldApplication", &["SetHoldOnMailboxes", "GetHoldOnMailboxes"]),
    ("Mailbox Search", &["GetSearchableMailboxes", "SearchMailboxes"]),
    ("TeamMailboxLifecycleApplication", &["SetTeamMailbox", "UnpinTeamMailbox"]),
    (
        "MailboxSearchApplication",
        &["GetSearchableMailboxes", "SearchMailboxes", "GetDiscoverySearchConfiguration"],
    ),
    ("MeetingGraphApplication", &["GetItem", "FindItem"]),
];

/// Everything that Setup and the Hybrid Configuration Wizard leave in the directory.
fn organisation(state: &mut State, current: &str, next: &str) {
    let spec = state.spec.clone();
    let oauth = spec.profile != Profile::NoOauth;
    let mut put = |class: Class, name: &str, pairs: Map<String, Value>| {
        let object = state.object(class, name, pairs);
        state.directory.write(0, 0, Edit::Create(object.clone()));
        object
    };
    let organization_guid = guid(&["organization", &spec.organization]);
    put(
        Class::OrganizationConfig,
        &spec.organization,
        properties(&[
            ("OrganizationId", json!(organization_guid)),
            ("IsMixedMode", json!(false)),
            ("OAuth2ClientProfileEnabled", json!(false)),
            ("EwsApplicationAccessPolicy", Value::Null),
            ("EwsEnabled", Value::Null),
            ("ObjectVersion", json!(16760)),
        ]),
    );
    for (index, domain) in [&spec.domain, &spec.initial_domain].into_iter().enumerate() {
        put(
            Class::AcceptedDomain,
            domain,
            properties(&[
                ("DomainName", json!(domain)),
                ("DomainType", json!("Authoritative")),
                ("Default", json!(index == 0)),
            ]),
        );
    }
    for server in &spec.servers {
        let host = server.split('.').next().unwrap_or_default().to_uppercase();
        put(
            Class::ExchangeServer,
            &host,
            properties(&[
                ("Fqdn", json!(server)),
                ("ServerRole", json!("Mailbox")),
                ("Edition", json!("StandardEvaluation")),
                ("AdminDisplayVersion", json!("Version 15.2 (Build 1748.24)")),
                ("IsEdgeServer", json!(false)),
                ("Site", json!(format!("{}/Configuration/Sites/Default-First-Site-Name", spec.forest))),
            ]),
        );
        for (class, name, path) in [
            (Class::WebServicesVirtualDirectory, "EWS (Default Web Site)", "ews/exchange.asmx"),
            (
                Class::AutodiscoverVirtualDirectory,
                "Autodiscover (Default Web Site)",
                "autodiscover/autodiscover.xml",
            ),
        ] {
            let methods = json!(["Ntlm", "WindowsIntegrated", "WSSecurity", "OAuth"]);
            put(
                class,
                name,
                properties(&[
                    ("Server", json!(host)),
                    ("Identity", json!(format!("{host}\\{name}"))),
                    ("OAuthAuthentication", json!(true)),
                    ("WSSecurityAuthentication", json!(true)),
                    ("BasicAuthentication", json!(false)),
                    ("WindowsAuthentication", json!(true)),
                    ("InternalAuthenticationMethods", methods.clone()),
                    ("ExternalAuthenticationMethods", methods),
                    ("InternalUrl", json!(format!("https://{server}/{path}"))),
                    ("ExternalUrl", json!(format!("https://mail.{}/{path}", spec.domain))),
                ]),
            );
        }
    }
    put(
        Class::AuthConfig,
        "Auth Configuration",
        properties(&[
            ("CurrentCertificateThumbprint", json!(current)),
            ("PreviousCertificateThumbprint", json!("")),
            ("NextCertificateThumbprint", json!(next)),
            (
                "NextCertificateEffectiveDate",
                if next.is_empty() {
                    Value::Null
                } else {
                    json!(crate::state::text_of(state_now(&spec) + 30 * 86_400))
                },
            ),
            ("ServiceName", json!(EXCHANGE_ONLINE)),
            ("Realm", json!("")),
        ]),
    );
    let account_name = "Exchange Online-ApplicationAccount";
    let account = put(
        Class::User,
        account_name,
        properties(&[
            ("DisplayName", json!(account_name)),
            ("SamAccountName", json!("$EXO000-APPACCOUNT01")),
            ("UserPrincipalName", json!(format!("Exchange_Online-ApplicationAccount@{}", spec.forest))),
            ("RecipientType", json!("User")),
            ("RecipientTypeDetails", json!("LinkedUser")),
            ("UserAccountControl", json!("AccountDisabled, PasswordNotRequired, NormalAccount")),
            ("AccountDisabled", json!(true)),
            ("RemotePowerShellEnabled", json!(false)),
            ("EmailAddresses", json!([])),
        ]),
    );
    let administrators =
        put(Class::RoleGroup, "Organization Management", properties(&[("_members", json!([]))]));
    put(Class::RoleGroup, "Recipient Management", properties(&[("_members", json!([]))]));
    for (name, entries) in std::iter::once(&("UserApplication", USER_APPLICATION)).chain(APPLICATION_ROLES) {
        let role = put(Class::ManagementRole, name, root_role(name, entries));
        let regular = assignment(&role, &account, false);
        put(Class::ManagementRoleAssignment, &format!("{name}-{account_name}"), regular);
        let delegating = assignment(&role, &administrators, true);
        put(
            Class::ManagementRoleAssignment,
            &format!("{name}-Organization Management-Delegating"),
            delegating,
        );
    }
    let recipients = put(
        Class::ManagementRole,
        "Mail Recipients",
        root_cmdlets("MailRecipients", &["Get-MailUser", "Get-User", "Set-MailUser", "Set-User"]),
    );
    let regular = assignment(&recipients, &administrators, false);
    put(Class::ManagementRoleAssignment, "Mail Recipients-Organization Management", regular);
    let mut application = properties(&[
        ("Enabled", json!(oauth)),
        ("ApplicationIdentifier", json!(EXCHANGE_ONLINE)),
        ("CertificateStrings", json!([])),
        ("AuthMetadataUrl", json!("")),
        ("Realm", json!("")),
        ("UseAuthServer", json!(true)),
        ("AcceptSecurityIdentifierInformation", json!(false)),
        ("_linked", json!(account.guid)),
        ("DeploymentId", json!("")),
        ("IssuerIdentifier", json!("")),
        ("AccountType", json!("OrganizationalAccount")),
        ("AppOnlyPermissions", Value::Null),
        ("ActAsPermissions", Value::Null),
    ]);
    put(Class::PartnerApplication, "Exchange Online", application.clone());
    application.insert("ApplicationIdentifier".into(), json!("00000003-0000-0000-c000-000000000000"));
    application.insert("_linked".into(), Value::Null);
    application.insert("Enabled".into(), json!(true));
    application
        .insert("ActAsPermissions".into(), json!(["Mail.Read", "Calendars.ReadWrite", "Contacts.Read"]));
    put(Class::PartnerApplication, "Microsoft Graph", application);
    let online =
        format!("{}.mail.onmicrosoft.com", spec.initial_domain.split('.').next().unwrap_or_default());
    put(
        Class::IntraOrganizationConfiguration,
        "Intra-Organization Configuration",
        properties(&[
            ("OnPremiseTargetAddresses", json!([spec.domain])),
            (
                "OnPremiseDiscoveryEndpoint",
                json!(format!("https://autodiscover.{}/autodiscover/autodiscover.svc", spec.domain)),
            ),
            ("OnPremiseWebServiceEndpoint", json!(format!("https://mail.{}/ews/exchange.asmx", spec.domain))),
            ("OnlineTargetAddress", json!(online)),
            (
                "OnlineDiscoveryEndpoint",
                json!("https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc"),
            ),
            ("DeploymentIsCompleteIOCReady", json!(true)),
            ("HasNonIOCReadyExchangeCASServerVersions", json!(false)),
            ("HasNonIOCReadyExchangeMailboxServerVersions", json!(false)),
        ]),
    );
    if oauth {
        put(Class::AuthServer, &format!("ACS - {organization_guid}"), acs(&spec));
        put(Class::AuthServer, &format!("EvoSts - {organization_guid}"), evo_sts(&spec));
        put(
            Class::IntraOrganizationConnector,
            &format!("HybridIOC - {organization_guid}"),
            properties(&[
                ("TargetAddressDomains", json!([online])),
                (
                    "DiscoveryEndpoint",
                    json!("https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc"),
                ),
                ("TargetSharingEpr", Value::Null),
                ("Enabled", json!(true)),
            ]),
        );
    }
}

fn root_role(name: &str, entries: &[&str]) -> Map<String, Value> {
    let entries: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({ "Name": entry, "Type": "ApplicationPermission", "Parameters": [], "PSSnapinName": Value::Null })
        })
        .collect();
    root(&name.replace(' ', ""), &entries)
}

fn root_cmdlets(role_type: &str, entries: &[&str]) -> Map<String, Value> {
    let entries: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({
                "Name": entry,
                "Type": "Cmdlet",
                "Parameters": ["Identity", "DomainController"],
                "PSSnapinName": "Microsoft.Exchange.Management.PowerShell.E2010",
            })
        })
        .collect();
    root(role_type, &entries)
}

fn root(role_type: &str, entries: &[Value]) -> Map<String, Value> {
    properties(&[
        ("_parent", Value::Null),
        ("_entries", json!(entries)),
        ("RoleType", json!(role_type)),
        ("Description", json!("")),
        ("IsRootRole", json!(true)),
        ("IsEndUserRole", json!(false)),
    ])
}

/// Makes the next certificate current (fixture `next` where none is staged) and puts it on every server.
pub(crate) fn roll_certificate(state: &mut State, by: By) -> Result<(), WorldError> {
    let view = state.directory.view(None);
    let config = view
        .iter()
        .find(|object| object.class == Class::AuthConfig)
        .ok_or_else(|| WorldError::Action("roll the certificate: there is no auth config".into()))?;
    let mut changed = Map::new();
    if config.text("NextCertificateThumbprint").is_empty() {
        let der = fixture("next")?;
        changed.insert("NextCertificateThumbprint".into(), json!(thumbprint(der)));
        let der = base64(der);
        for ders in state.certificates.values_mut() {
            if !ders.contains(&der) {
                ders.push(der.clone());
            }
        }
    }
    publish(config, &mut changed);
    let current = changed.get("CurrentCertificateThumbprint").and_then(Value::as_str).unwrap_or_default();
    let summary =
        format!("CurrentCertificateThumbprint: {} -> {current}", config.text("CurrentCertificateThumbprint"));
    let edit = Edit::Update { guid: config.guid.clone(), properties: changed };
    state.directory.write(0, 0, edit);
    state.record(by, "Set-AuthConfig", "AuthConfig/Auth Configuration".into(), summary);
    Ok(())
}

/// A fixture's DER.
pub(crate) fn fixture(name: &str) -> Result<&'static [u8], WorldError> {
    fixture_der(name).ok_or_else(|| invalid("certificate", name, &format!("one of {FIXTURES}")))
}

fn thumbprint(der: &[u8]) -> String {
    CertificateFacts::read(der).map(|facts| facts.thumbprint_hex()).unwrap_or_default()
}

fn state_now(spec: &WorldSpec) -> i64 {
    seconds_of(&spec.now).unwrap_or_default()
}

fn invalid(field: &str, value: &str, wanted: &str) -> WorldError {
    WorldError::Spec(format!("{field}: '{value}' is not {wanted}"))
}
