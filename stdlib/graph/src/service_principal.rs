//! A service principal, always read as a single object: lists do not show `key`.

use contracts::CallContext;
use model::{Class, Code, Failure, Timestamp, Value};
use serde_json::Value as Json;

use crate::client::Client;
use crate::json::value_of;
use crate::key_credential::KeyCredential;

/// The tenant that owns Microsoft's own applications.
const MICROSOFT_SERVICES: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

#[derive(Clone, Debug)]
pub(crate) struct ServicePrincipal {
    pub(crate) id: String,
    pub(crate) app_id: String,
    display_name: String,
    /// One of Microsoft's own applications.
    pub(crate) first_party: bool,
    pub(crate) keys: Vec<KeyCredential>,
}

/// Reads that select keys are limited to 150 a minute for a whole tenant: a change takes two.
///
/// `None` where the tenant has none for the application.
pub(crate) async fn read(
    client: &Client<'_>,
    context: &dyn CallContext,
    app_id: &str,
) -> Result<Option<ServicePrincipal>, Failure> {
    let path = format!(
        "/servicePrincipals(appId='{app_id}')?$select=id,appId,displayName,appOwnerOrganizationId,keyCredentials"
    );
    let Some(body) = client.read(context, &path).await? else { return Ok(None) };
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let answered = text("appId").to_ascii_lowercase();
    if answered != app_id.to_ascii_lowercase() || !model::param::is_guid(&text("id")) {
        return Err(Failure::new(
            Code::GraphInvalid,
            Class::Invalid,
            format!("read the service principal of {app_id}: the answer is about '{answered}'"),
        ));
    }
    let Some(keys) = body["keyCredentials"].as_array() else {
        return Err(Failure::new(
            Code::GraphInvalid,
            Class::Invalid,
            format!("read the service principal of {app_id}: the answer does not hold its keys"),
        ));
    };
    Ok(Some(ServicePrincipal {
        id: text("id"),
        app_id: answered,
        display_name: text("displayName"),
        first_party: text("appOwnerOrganizationId").eq_ignore_ascii_case(MICROSOFT_SERVICES),
        keys: keys.iter().map(KeyCredential::read).collect(),
    }))
}

/// Like [`read`] for a change: a missing one is a failure.
pub(crate) async fn expected(
    client: &Client<'_>,
    context: &dyn CallContext,
    app_id: &str,
) -> Result<ServicePrincipal, Failure> {
    read(client, context, app_id).await?.ok_or_else(|| {
        Failure::new(
            Code::GraphNotFound,
            Class::Conflict,
            format!("the tenant has no service principal for the application {app_id}"),
        )
        .hint("an administrator can make one: POST /v1.0/servicePrincipals with the appId")
    })
}

impl ServicePrincipal {
    /// Keys in the order of their hashes, because the service's own order changes.
    pub(crate) fn shown(&self, now: Timestamp) -> Value {
        let mut keys: Vec<&KeyCredential> = self.keys.iter().collect();
        keys.sort_by_key(|key| (key.sha1.clone(), key.text("usage").map(str::to_owned)));
        Value::from([
            ("id", self.id.as_str().into()),
            ("app_id", self.app_id.as_str().into()),
            ("display_name", self.display_name.as_str().into()),
            ("keys", Value::List(keys.into_iter().map(|key| key.shown(now)).collect())),
        ])
    }

    pub(crate) fn path(&self) -> String {
        format!("/servicePrincipals/{}", self.id)
    }

    /// For the journal: the whole set before a change, public parts and all, is what brings it back.
    pub(crate) fn evidence(&self) -> Result<Value, Failure> {
        let entries = self.keys.iter().map(|key| value_of(&Json::Object(key.fields.clone())));
        Ok(Value::List(entries.collect::<Result<_, _>>()?))
    }

    /// For the journal before a request: which keys there are.
    pub(crate) fn facts(&self) -> Value {
        Value::List(self.keys.iter().map(KeyCredential::facts).collect())
    }

    /// Whether it is the same object with the same keys, in whatever order.
    pub(crate) fn is_as(&self, other: &ServicePrincipal) -> bool {
        let sorted = |one: &ServicePrincipal| {
            let mut keys: Vec<String> = one.keys.iter().map(|key| key.facts().to_string()).collect();
            keys.sort();
            keys
        };
        self.id == other.id && sorted(self) == sorted(other)
    }
}

#[cfg(test)]
impl ServicePrincipal {
    pub(crate) fn for_tests(first_party: bool, keys: Vec<KeyCredential>) -> ServicePrincipal {
        ServicePrincipal { id: "1".into(), app_id: "2".into(), display_name: "n".into(), first_party, keys }
    }
}
