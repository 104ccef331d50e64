//! A directory object: its class, its stored properties, how it is found by an identity and how a cmdlet shows it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Kinds of objects, by the noun that their cmdlets carry. All accounts are `User`; what an account is, its
/// `RecipientTypeDetails` says (as in the directory: disabling a mail user leaves the account).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Class {
    User,
    RoleGroup,
    ManagementRole,
    ManagementRoleAssignment,
    PartnerApplication,
    AuthConfig,
    AuthServer,
    IntraOrganizationConnector,
    IntraOrganizationConfiguration,
    OrganizationConfig,
    AcceptedDomain,
    ExchangeServer,
    WebServicesVirtualDirectory,
    AutodiscoverVirtualDirectory,
}

/// One object. Properties that begin with `_` are references and never shown as they are: the object they point at
/// is looked up in the view of the controller that answers, so a deleted or not yet replicated one shows as null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DirectoryObject {
    pub(crate) class: Class,
    /// Order of creation; lists come in this order.
    pub(crate) order: u64,
    pub(crate) guid: String,
    pub(crate) properties: Map<String, Value>,
}

impl DirectoryObject {
    pub(crate) fn text(&self, property: &str) -> &str {
        self.properties.get(property).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn flag(&self, property: &str) -> bool {
        self.properties.get(property).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(crate) fn list(&self, property: &str) -> &[Value] {
        self.properties.get(property).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn name(&self) -> &str {
        self.text("Name")
    }

    /// Whether the identity names this object: GUID, distinguished name, canonical name, name, and for an account also
    /// alias, logon names and addresses; without regard to case. `*` in it matches names.
    pub(crate) fn is(&self, identity: &str) -> bool {
        if identity.contains('*') {
            return glob(&identity.to_lowercase(), &self.name().to_lowercase());
        }
        let same =
            |property: &str| !identity.is_empty() && self.text(property).eq_ignore_ascii_case(identity);
        if self.guid.eq_ignore_ascii_case(identity)
            || ["Name", "DistinguishedName", "Identity"].iter().any(|p| same(p))
        {
            return true;
        }
        let account = ["Alias", "SamAccountName", "UserPrincipalName", "PrimarySmtpAddress"];
        match self.class {
            Class::User | Class::RoleGroup => {
                account.iter().any(|property| same(property))
                    || identity.rsplit_once('\\').is_some_and(|(_, sam)| {
                        !sam.is_empty() && self.text("SamAccountName").eq_ignore_ascii_case(sam)
                    })
            }
            Class::AuthServer | Class::ExchangeServer => same("Realm") || same("Fqdn"),
            Class::PartnerApplication => same("ApplicationIdentifier"),
            Class::AcceptedDomain => same("DomainName"),
            _ => false,
        }
    }

    /// The object as a cmdlet's answer: references resolved in `view`, `OriginatingServer` filled in.
    pub(crate) fn shown(&self, view: &[Arc<Self>], controller: &str) -> Value {
        let mut shown = Map::new();
        for (key, value) in &self.properties {
            match key.as_str() {
                "_linked" => {
                    shown.insert(
                        "LinkedAccount".into(),
                        find(view, value).map_or(Value::Null, Self::directory_id),
                    );
                }
                "_role" => {
                    shown.insert(
                        "Role".into(),
                        find(view, value).map_or(Value::Null, |role| json!(role.name())),
                    );
                }
                "_parent" => {
                    let parent = find(view, value).map_or(Value::Null, |role| json!(role.name()));
                    shown.insert("Parent".into(), parent);
                }
                "_assignee" => {
                    let found = find(view, value);
                    let id = found.map_or(Value::Null, |assignee| json!(assignee.text("Identity")));
                    shown.insert("RoleAssignee".into(), id);
                    shown.insert("RoleAssigneeName".into(), json!(found.map_or("", Self::name)));
                }
                "_entries" => {
                    let names: Vec<&Value> =
                        self.list("_entries").iter().map(|entry| &entry["Name"]).collect();
                    shown.insert("RoleEntries".into(), json!(names));
                }
                "_members" => {
                    let members: Vec<&str> = self
                        .list("_members")
                        .iter()
                        .filter_map(|one| find(view, one))
                        .map(Self::name)
                        .collect();
                    shown.insert("Members".into(), json!(members));
                }
                hidden if hidden.starts_with('_') => {}
                _ => {
                    shown.insert(key.clone(), value.clone());
                }
            }
        }
        shown.insert("Guid".into(), json!(self.guid));
        shown.insert("OriginatingServer".into(), json!(controller));
        shown.insert("IsValid".into(), json!(true));
        shown.insert("ObjectState".into(), json!("Unchanged"));
        Value::Object(shown)
    }

    /// The object as a reference in another one's answer (`ADObjectId`: text form and its properties).
    pub(crate) fn directory_id(&self) -> Value {
        let domain = self.text("Identity").split('/').next().unwrap_or_default();
        json!({
            "ToString": self.text("Identity"),
            "Name": self.name(),
            "Rdn": format!("CN={}", self.name()),
            "Parent": self.text("Identity").rsplit_once('/').map_or("", |(parent, _)| parent),
            "DistinguishedName": self.text("DistinguishedName"),
            "DomainId": domain,
            "ObjectGuid": self.guid,
            "PartitionFQDN": domain,
        })
    }
}

/// The object that a stored reference points at.
pub(crate) fn find<'a>(view: &'a [Arc<DirectoryObject>], reference: &Value) -> Option<&'a DirectoryObject> {
    let guid = reference.as_str()?;
    view.iter().map(Arc::as_ref).find(|object| object.guid == guid)
}

/// `*` stands for any run of characters; both sides are expected in one case.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars() {
        for (pattern, text, expected) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*b*", "abc", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
