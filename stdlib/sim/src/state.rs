//! Everything that a world is, in one value that goes to disk whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    fault::FaultState,
    identifier::guid,
    ledger::{By, LedgerEntry},
    object::{Class, DirectoryObject},
    replication::Directory,
    spec::WorldSpec,
    tenant::TenantState,
};

/// The world's whole state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) format: u64,
    pub(crate) spec: WorldSpec,
    /// Logical now, seconds since 1970.
    pub(crate) now: i64,
    pub(crate) directory: Directory,
    /// Authorisation certificates in the stores of the servers: server to DER in base64.
    pub(crate) certificates: BTreeMap<String, Vec<String>>,
    /// By tenant id; a token of another tenant reaches that other tenant, as it does in reality.
    pub(crate) tenants: BTreeMap<String, TenantState>,
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) faults: FaultState,
    /// Numbers handed out so far (order of creation, GUIDs, request ids).
    pub(crate) numbers: u64,
}

impl State {
    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// A GUID that no other object has.
    pub(crate) fn new_guid(&mut self, purpose: &str) -> String {
        let number = self.number().to_string();
        guid(&["world", &self.spec.tenant, purpose, &number])
    }

    pub(crate) fn now_text(&self) -> String {
        text_of(self.now)
    }

    pub(crate) fn record(&mut self, by: By, what: &str, target: String, summary: String) {
        let sequence = self.ledger.len() as u64 + 1;
        self.ledger.push(LedgerEntry { sequence, by, what: what.to_owned(), target, summary });
    }

    /// A new directory object with the properties that every one has. `folder` is its place as in a canonical name
    /// (`Users`) for accounts; objects of the configuration say where they are in `container`.
    pub(crate) fn object(
        &mut self,
        class: Class,
        name: &str,
        mut properties: Map<String, Value>,
    ) -> Arc<DirectoryObject> {
        let order = self.number();
        let guid = self.new_guid(name);
        let domain =
            self.spec.forest.split('.').map(|part| format!("DC={part}")).collect::<Vec<_>>().join(",");
        let organization = &self.spec.organization;
        let (distinguished, identity) = match class {
            Class::User => {
                let unit = properties.get("OrganizationalUnit").and_then(Value::as_str).unwrap_or_default();
                let folder = unit.split_once('/').map_or("Users", |(_, folder)| folder);
                let kind = if folder == "Users" { "CN" } else { "OU" };
                (
                    format!("CN={name},{kind}={folder},{domain}"),
                    format!("{}/{folder}/{name}", self.spec.forest),
                )
            }
            Class::RoleGroup => (
                format!("CN={name},OU=Microsoft Exchange Security Groups,{domain}"),
                format!("{}/Microsoft Exchange Security Groups/{name}", self.spec.forest),
            ),
            other => {
                let container = match other {
                    Class::PartnerApplication => "CN=Partner Applications,CN=Auth Configuration,",
                    Class::AuthServer => "CN=Auth Servers,CN=Auth Configuration,",
                    Class::ManagementRole => "CN=Roles,CN=RBAC,",
                    Class::ManagementRoleAssignment => "CN=Role Assignments,CN=RBAC,",
                    _ => "",
                };
                (
                    format!(
                        "CN={name},{container}CN={organization},CN=Microsoft Exchange,CN=Services,CN=Configuration,{domain}"
                    ),
                    properties.get("Identity").and_then(Value::as_str).unwrap_or(name).to_owned(),
                )
            }
        };
        let now = self.now_text();
        let object_class = match class {
            Class::User => json!(["top", "person", "organizationalPerson", "user"]),
            Class::PartnerApplication => json!(["top", "msExchAuthPartnerApplication"]),
            Class::ManagementRole => json!(["top", "msExchRole"]),
            Class::ManagementRoleAssignment => json!(["top", "msExchRoleAssignment"]),
            _ => json!(["top", "container"]),
        };
        for (key, value) in [
            ("Name", json!(name)),
            ("DistinguishedName", json!(distinguished)),
            ("Identity", json!(identity)),
            ("ObjectClass", object_class),
            ("WhenCreatedUTC", json!(now)),
            ("WhenChangedUTC", json!(now)),
        ] {
            properties.insert(key.to_owned(), value);
        }
        Arc::new(DirectoryObject { class, order, guid, properties })
    }
}

/// Seconds since 1970 as RFC 3339 in UTC.
pub(crate) fn text_of(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| "9999-12-31T23:59:59Z".to_owned())
}

/// RFC 3339 to seconds since 1970.
pub(crate) fn seconds_of(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}
