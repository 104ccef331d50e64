//! What a world is made from: a profile and deviations from it. Case files and `footbridge simulate` write these.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::Faults;

/// The description of a world. Everything has a default; unknown fields are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorldSpec {
    pub profile: Profile,
    /// The world's logical now, RFC 3339 in UTC. Nothing but `World::advance` moves it.
    pub now: String,
    /// Tenant id.
    pub tenant: String,
    /// Verified domain: accepted in the organisation and in the tenant.
    pub domain: String,
    /// The tenant's initial domain.
    pub initial_domain: String,
    /// DNS name of the Active Directory forest.
    pub forest: String,
    /// Name of the Exchange organisation.
    pub organization: String,
    /// Who we are in error messages, `domain\user`.
    pub administrator: String,
    /// Domain controllers, fully qualified; a write without `-DomainController` goes to the first.
    pub controllers: Vec<String>,
    /// Exchange servers, fully qualified.
    pub servers: Vec<String>,
    /// Fixture of the current authorisation certificate.
    pub certificate: String,
    /// Fixture of the staged next one.
    pub next_certificate: Option<String>,

    /// Calls that must pass before another controller sees a write.
    pub replication_delay_calls: u64,
    pub unknown_identity: UnknownIdentity,
    pub enabled_cmdlets: EnabledCmdlets,
    /// Where name and address are both taken: complain about the address first.
    pub proxy_address_first: bool,
    /// How a second partner application with the same application id and realm is refused.
    pub duplicate_application: Wording,

    /// GETs of a service principal after a PATCH that still show the old one.
    pub stale_reads: u32,
    /// What an entry that stays must look like in a PATCH; by default only key, type and usage on Microsoft's own
    /// service principals, and by `keyId` on others.
    pub keep_style: Option<KeepStyle>,
    /// Whether a list read with `$select` carries `key` (the documents disagree).
    pub list_returns_key: bool,
    /// Rows per page of a list; 0 means 100.
    pub page_size: usize,
    /// After so many reads that select keyCredentials: one 429. Off when absent.
    pub key_reads_per_minute: Option<u32>,
    /// The tenant's policy: new certificates may live so many days at most. Off when absent.
    pub key_lifetime_days_max: Option<i64>,
    /// Application ids of service principals that refuse every change with 403.
    pub protected: Vec<String>,
    /// The tenant that issued tokens name, where it is not the right one.
    pub token_tenant: Option<String>,
    /// Application permissions in issued tokens.
    pub token_roles: Vec<String>,
    /// `exp` of issued tokens, RFC 3339; far away by default because clients compare it with a real clock.
    pub token_expires: String,
    /// Accepted client id and secret; any when absent.
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    /// What a person does who is shown a device code.
    pub device_code: DeviceCodeSpec,
    /// The header that an app in App Service proves itself with when it asks for its managed identity's token.
    pub identity_header: String,
    /// Further service principals and registered applications.
    pub applications: Vec<ApplicationSpec>,
    pub metadata_document: MetadataDocument,

    /// Cmdlets to run on the profile before the world starts (without faults, ledger or replication delay).
    pub invoke: Vec<Invocation>,
    /// Key credentials to add, without the service's checks.
    pub keys: Vec<KeySpec>,
    /// What to take away.
    pub remove: Vec<Removal>,
    /// Properties to overwrite, without the cmdlets' checks.
    pub set: Vec<Setting>,
    pub faults: Faults,
}

impl Default for WorldSpec {
    fn default() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Self {
            profile: Profile::Fresh,
            now: "2026-06-01T08:00:00Z".into(),
            tenant: "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17".into(),
            domain: "contoso.com".into(),
            initial_domain: "contoso.onmicrosoft.com".into(),
            forest: "contoso.lab".into(),
            organization: "Contoso".into(),
            administrator: "CONTOSO\\exchange-admin".into(),
            controllers: texts(&["dc1.contoso.lab", "dc2.contoso.lab"]),
            servers: texts(&["ex1.contoso.lab", "ex2.contoso.lab"]),
            certificate: "current".into(),
            next_certificate: None,
            replication_delay_calls: 2,
            unknown_identity: UnknownIdentity::default(),
            enabled_cmdlets: EnabledCmdlets::default(),
            proxy_address_first: false,
            duplicate_application: Wording::default(),
            stale_reads: 0,
            keep_style: None,
            list_returns_key: false,
            page_size: 0,
            key_reads_per_minute: None,
            key_lifetime_days_max: None,
            protected: Vec::new(),
            token_tenant: None,
            token_roles: texts(&["Application.ReadWrite.All"]),
            token_expires: "2049-12-31T00:00:00Z".into(),
            client_id: None,
            client_secret: None,
            device_code: DeviceCodeSpec::default(),
            identity_header: "identity-header".into(),
            applications: Vec::new(),
            metadata_document: MetadataDocument::default(),
            invoke: Vec::new(),
            keys: Vec::new(),
            remove: Vec::new(),
            set: Vec::new(),
            faults: Faults::default(),
        }
    }
}

/// How far the organisation is when the world starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// OAuth between the organisation and Exchange Online is there, nothing else.
    #[default]
    Fresh,
    /// Somebody began by hand: mail user and role are there, the role untrimmed, nothing assigned.
    HalfDone,
    /// All of it is there already.
    Done,
    /// The Hybrid Configuration Wizard was never run.
    NoOauth,
}

/// What `Get-*` answers for an identity that names nothing. The reference pages warn that it is everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownIdentity {
    #[default]
    All,
    NotFound,
}

/// What `New-ManagementRole -EnabledCmdlets` does with entries that are application permissions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnabledCmdlets {
    /// Refused. unconfirmed: no example of it was found, so the cautious answer is the default.
    #[default]
    Refused,
    Accepted,
    /// The server is too old to know the parameter (Exchange 2013).
    UnknownParameter,
}

/// unconfirmed: exception and wording for a duplicate partner application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wording {
    pub exception_type: String,
    /// `{application}` and `{name}` are replaced.
    pub message: String,
}

impl Default for Wording {
    fn default() -> Self {
        Self {
            exception_type: "Microsoft.Exchange.Management.Tasks.DuplicatePartnerApplicationException".into(),
            message:
                "The partner application \"{name}\" already uses the application identifier {application} \
                      with the same realm."
                    .into(),
        }
    }
}

/// A sign-in by device code: the person answers after so many questions of the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceCodeSpec {
    /// Questions that are answered with "not yet".
    pub pending: u32,
    /// Of these, so many first ones are answered with "slower".
    pub slow_down: u32,
    pub then: DeviceCodeEnd,
    /// Seconds.
    pub interval: u64,
    pub expires_in: u64,
    /// Whether refresh tokens are revoked.
    pub revoked: bool,
}

impl Default for DeviceCodeSpec {
    fn default() -> Self {
        Self {
            pending: 1,
            slow_down: 0,
            then: DeviceCodeEnd::default(),
            interval: 5,
            expires_in: 900,
            revoked: false,
        }
    }
}

/// How a sign-in by device code ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceCodeEnd {
    #[default]
    SignedIn,
    Declined,
    Expired,
    /// The service no longer knows the code.
    Unknown,
}

/// See [`WorldSpec::keep_style`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepStyle {
    KeyOnly,
    ByKeyId,
    Either,
}

/// Which certificates the organisation's metadata document lists. unconfirmed: whether it lists more than the current one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetadataDocument {
    #[default]
    CurrentOnly,
    All,
}

/// One cmdlet with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invocation {
    pub cmdlet: String,
    #[serde(default)]
    pub parameters: Map<String, Value>,
}

/// A registered application; its service principal exists unless `registered_only`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationSpec {
    pub app_id: String,
    pub display_name: String,
    /// Owned by Microsoft's tenant rather than by this one.
    #[serde(default)]
    pub first_party: bool,
    #[serde(default)]
    pub registered_only: bool,
}

/// A key credential that is there from the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySpec {
    pub app_id: String,
    /// Name of a fixture.
    pub certificate: String,
    /// How `customKeyIdentifier` looks.
    #[serde(default)]
    pub form: KeyForm,
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub key_id: Option<String>,
    /// `Verify` when absent.
    #[serde(default)]
    pub usage: Option<String>,
    /// `AsymmetricX509Cert` when absent.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

/// The forms of `customKeyIdentifier` that were met in live tenants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyForm {
    /// 40 upper-case hex digits of the SHA-1.
    #[default]
    Hex,
    /// Base64 of its 20 bytes.
    Base64,
    Null,
}

/// Something of the profile that this world does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Removal {
    /// By application id.
    ServicePrincipal(String),
    /// A directory object by the noun of its cmdlets and its name.
    Object { class: String, name: String },
    /// All authorisation certificates from this server.
    CertificateOn(String),
}

/// Properties to overwrite on directory objects of one class (`AuthConfig`, `WebServicesVirtualDirectory`, …).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    pub class: String,
    /// All of the class when absent.
    #[serde(default)]
    pub name: Option<String>,
    pub properties: Map<String, Value>,
}
