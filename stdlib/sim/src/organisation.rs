//! The Exchange organisation of a new world: what Setup and the Hybrid Configuration Wizard leave in the directory.

use serde_json::{Map, Value, json};

use crate::{
    cmdlet::{acs, assignment, evo_sts, properties},
    identifier::guid,
    object::Class,
    replication::Edit,
    spec::{Profile, WorldSpec},
    state::{State, seconds_of},
};

/// Application id of Exchange Online.
pub(crate) const EXCHANGE_ONLINE: &str = "00000002-0000-0ff1-ce00-000000000000";

/// EWS operations that the built-in role UserApplication holds here. unconfirmed: the full list; `GetDelegate` is in it.
pub(crate) const USER_APPLICATION: &[&str] = &[
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
pub(crate) fn build(state: &mut State, current: &str, next: &str) {
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

fn state_now(spec: &WorldSpec) -> i64 {
    seconds_of(&spec.now).unwrap_or_default()
}
