//! The simulated tenant: its directory of service principals, and the HTTP server that speaks for it.

mod batch;
mod challenge;
mod device_code;
mod discovery;
mod http;
mod key_credential;
mod managed_identity;
mod metadata;
mod route;
mod server;
mod service_principal;
mod token;

pub use server::{Tenant, serve};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    certificate::CertificateFacts,
    error::WorldError,
    identifier::{base64, guid},
    ledger::By,
    profile::fixture,
    spec::{ApplicationSpec, KeyForm, KeySpec},
    state::State,
};

/// The tenant that owns Microsoft's own applications.
const MICROSOFT_SERVICES: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

/// Microsoft's own applications that this simulator knows: id and display name (the names of the last two differ
/// between tenants).
const FIRST_PARTY: &[(&str, &str)] = &[
    ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"),
    ("00000004-0000-0ff1-ce00-000000000000", "Skype for Business Online"),
    ("7557eb47-c689-4224-abcf-aef9bd7573df", "Teams Calendar"),
    ("db7de2b5-2149-435e-8043-e080dd50afae", "Cloud Voicemail"),
];

/// One key credential as the service keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeyCredential {
    pub(crate) key_id: String,
    pub(crate) custom_key_identifier: Option<String>,
    pub(crate) display_name: Option<String>,
    /// Seconds since 1970.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Standard base64 of the DER.
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) usage: String,
}

impl KeyCredential {
    pub(crate) fn der(&self) -> Vec<u8> {
        STANDARD.decode(&self.key).unwrap_or_default()
    }
}

/// One service principal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServicePrincipal {
    pub(crate) id: String,
    pub(crate) app_id: String,
    pub(crate) display_name: String,
    pub(crate) owner: String,
    pub(crate) enabled: bool,
    pub(crate) names: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) notes: Option<String>,
    pub(crate) keys: Vec<KeyCredential>,
    pub(crate) stale: Option<Stale>,
}

impl ServicePrincipal {
    pub(crate) fn first_party(&self) -> bool {
        self.owner == MICROSOFT_SERVICES
    }
}

/// What readers see for some reads after a change; `was` is absent where the object was not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stale {
    left: u32,
    was: Option<Box<ServicePrincipal>>,
}

/// A tenant's directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TenantState {
    principals: Vec<ServicePrincipal>,
    /// Applications that a service principal can be made for.
    applications: Vec<ApplicationSpec>,
    /// Reads that selected keyCredentials since the last 429.
    key_reads: u32,
    /// Device codes that wait for their person.
    #[serde(default)]
    devices: Vec<device_code::Device>,
    /// Refresh tokens that were given out.
    #[serde(default)]
    refresh_tokens: Vec<String>,
}

impl TenantState {
    pub(crate) fn principals(&self) -> &[ServicePrincipal] {
        &self.principals
    }

    /// The service principal with this object id or application id.
    fn principal_mut(&mut self, id: &str) -> Option<&mut ServicePrincipal> {
        self.principals
            .iter_mut()
            .find(|one| one.id.eq_ignore_ascii_case(id) || one.app_id.eq_ignore_ascii_case(id))
    }

    /// What a reader sees of the one at `index` now; a stale look is used up by it.
    fn look(&mut self, index: usize) -> Option<ServicePrincipal> {
        let principal = &mut self.principals[index];
        match &mut principal.stale {
            Some(stale) if stale.left > 0 => {
                stale.left -= 1;
                stale.was.as_deref().cloned()
            }
            _ => Some(principal.clone()),
        }
    }

    pub(crate) fn let_reads_pass(&mut self, reads: u32) {
        for principal in &mut self.principals {
            if let Some(stale) = &mut principal.stale {
                stale.left = stale.left.saturating_sub(reads);
            }
        }
    }
}

/// A tenant with Microsoft's own service principals and the given further ones.
pub(crate) fn first_party(tenant: &str, further: &[ApplicationSpec]) -> TenantState {
    let own = FIRST_PARTY.iter().map(|(app_id, display_name)| ApplicationSpec {
        app_id: (*app_id).to_owned(),
        display_name: (*display_name).to_owned(),
        first_party: true,
        registered_only: false,
    });
    let applications: Vec<ApplicationSpec> = own.chain(further.iter().cloned()).collect();
    let principals = applications
        .iter()
        .filter(|application| !application.registered_only)
        .map(|application| new_principal(tenant, application, "0"))
        .collect();
    TenantState { principals, applications, key_reads: 0, devices: Vec::new(), refresh_tokens: Vec::new() }
}

fn new_principal(tenant: &str, application: &ApplicationSpec, salt: &str) -> ServicePrincipal {
    let owner = if application.first_party { MICROSOFT_SERVICES } else { tenant };
    ServicePrincipal {
        id: guid(&["service principal", tenant, &application.app_id, salt]),
        app_id: application.app_id.clone(),
        display_name: application.display_name.clone(),
        owner: owner.to_owned(),
        enabled: true,
        names: vec![application.app_id.clone()],
        tags: Vec::new(),
        notes: None,
        keys: Vec::new(),
        stale: None,
    }
}

/// Adds a key credential to the world's own tenant as the service would have made it; nothing happens where the
/// service principal is missing.
pub(crate) fn add_key_unchecked(state: &mut State, app_id: &str, der: &[u8]) {
    let key_id = state.new_guid("key");
    let tenant = state.spec.tenant.clone();
    let principal = state.tenants.get_mut(&tenant).and_then(|tenant| tenant.principal_mut(app_id));
    if let (Some(principal), Some(facts)) = (principal, CertificateFacts::read(der)) {
        principal.keys.push(made(key_id, &facts, der));
    }
}

fn made(key_id: String, facts: &CertificateFacts, der: &[u8]) -> KeyCredential {
    KeyCredential {
        key_id,
        custom_key_identifier: Some(facts.thumbprint_hex()),
        display_name: Some(facts.subject.clone()),
        start: facts.not_before.unix_timestamp(),
        end: facts.not_after.unix_timestamp(),
        key: base64(der),
        kind: "AsymmetricX509Cert".into(),
        usage: "Verify".into(),
    }
}

/// Adds a key credential exactly as a description says, expired ones included.
pub(crate) fn add_key_of_spec(state: &mut State, spec: &KeySpec) -> Result<(), WorldError> {
    let der = fixture(&spec.certificate)?;
    let facts = CertificateFacts::read(der)
        .ok_or_else(|| WorldError::Spec(format!("keys: fixture '{}' is broken", spec.certificate)))?;
    let mut key = made(state.new_guid("key"), &facts, der);
    key.custom_key_identifier = match spec.form {
        KeyForm::Hex => Some(facts.thumbprint_hex()),
        KeyForm::Base64 => Some(base64(&facts.thumbprint)),
        KeyForm::Null => None,
    };
    if let Some(name) = &spec.display_name {
        key.display_name = Some(name.clone());
    }
    if let Some(key_id) = &spec.key_id {
        key.key_id.clone_from(key_id);
    }
    if let Some(usage) = &spec.usage {
        key.usage.clone_from(usage);
    }
    if let Some(kind) = &spec.kind {
        key.kind.clone_from(kind);
    }
    let tenant = state.spec.tenant.clone();
    let principal =
        state.tenants.get_mut(&tenant).and_then(|tenant| tenant.principal_mut(&spec.app_id)).ok_or_else(
            || WorldError::Spec(format!("keys: there is no service principal {}", spec.app_id)),
        )?;
    principal.keys.push(key);
    Ok(())
}

/// Takes a service principal out of the world's own tenant.
pub(crate) fn remove_principal(state: &mut State, app_id: &str) -> Result<(), WorldError> {
    let id = state.spec.tenant.clone();
    let tenant = state.tenants.get_mut(&id);
    let known = tenant.is_some_and(|tenant| {
        let before = tenant.principals.len();
        tenant.principals.retain(|one| !one.app_id.eq_ignore_ascii_case(app_id));
        tenant.principals.len() < before
    });
    if known {
        Ok(())
    } else {
        Err(WorldError::Spec(format!("remove: there is no service principal {app_id}")))
    }
}

/// What a second administrator does to a service principal of the world's own tenant.
pub(crate) fn act_as_other(
    state: &mut State,
    app_id: &str,
    add_key: Option<&str>,
    remove_key: Option<&str>,
    delete: bool,
) -> Result<(), WorldError> {
    let missing = || WorldError::Action(format!("there is no service principal {app_id}"));
    let key_id = state.new_guid("key");
    let id = state.spec.tenant.clone();
    let tenant = state.tenants.get_mut(&id).ok_or_else(missing)?;
    let target = format!("servicePrincipals/{app_id}");
    if delete {
        tenant.principal_mut(app_id).ok_or_else(missing)?;
        tenant.principals.retain(|one| !one.app_id.eq_ignore_ascii_case(app_id));
        state.record(By::Other, "DELETE /servicePrincipals", target, "deleted".into());
        return Ok(());
    }
    let principal = tenant.principal_mut(app_id).ok_or_else(missing)?;
    let mut summary = Vec::new();
    if let Some(name) = remove_key {
        let der = base64(fixture(name)?);
        let before = principal.keys.len();
        principal.keys.retain(|key| key.key != der);
        if principal.keys.len() == before {
            return Err(WorldError::Action(format!("{app_id} has no key '{name}'")));
        }
        summary.push(format!("removed {name}"));
    }
    if let Some(name) = add_key {
        let der = fixture(name)?;
        let facts = CertificateFacts::read(der)
            .ok_or_else(|| WorldError::Action(format!("fixture '{name}' is broken")))?;
        principal.keys.push(made(key_id, &facts, der));
        summary.push(format!("added {name}"));
    }
    if summary.is_empty() {
        return Err(WorldError::Action("graph: neither add_key nor remove_key nor delete".into()));
    }
    state.record(By::Other, "PATCH /servicePrincipals", target, summary.join(", "));
    Ok(())
}
