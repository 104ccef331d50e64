//! The tenant itself.

use contracts::CallContext;
use model::{Class, Code, Failure, Value};

use crate::client::Client;

/// The only tenant that a token is taken from, with its name where the identity may read it.
pub(crate) async fn read(client: &Client<'_>, context: &dyn CallContext) -> Result<Value, Failure> {
    let expected = client.settings().tenant_id.to_ascii_lowercase();
    let answer = match client.read(context, "/organization?$select=id,displayName").await {
        // unconfirmed: whether Application.Read.All alone may read the tenant's name. Which tenant it is, the token that
        // was asked with has told already; the name is for people only.
        Err(failure) if failure.code == Code::GraphDenied => {
            return Ok(Value::from([("tenant_id", expected.into()), ("display_name", "".into())]));
        }
        answer => answer?.unwrap_or_default(),
    };
    let row = &answer["value"][0];
    let id = row["id"].as_str().unwrap_or_default().to_ascii_lowercase();
    if id != expected {
        return Err(Failure::new(
            Code::TenantMismatch,
            Class::Denied,
            format!(
                "read the tenant: '{}' answered, the target's is '{expected}'",
                crate::attempt::shown(&id)
            ),
        ));
    }
    Ok(Value::from([
        ("tenant_id", id.into()),
        ("display_name", row["displayName"].as_str().unwrap_or_default().into()),
    ]))
}
