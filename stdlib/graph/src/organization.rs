//! The tenant itself.

use contracts::CallContext;
use model::{Class, Code, Failure, Value};

use crate::client::Client;

pub(crate) async fn read(client: &Client<'_>, context: &dyn CallContext) -> Result<Value, Failure> {
    let answer = client.read(context, "/organization?$select=id,displayName").await?.unwrap_or_default();
    let row = &answer["value"][0];
    let id = row["id"].as_str().unwrap_or_default().to_ascii_lowercase();
    let expected = client.settings().tenant_id.to_ascii_lowercase();
    if id != expected {
        return Err(Failure::new(
            Code::TenantMismatch,
            Class::Denied,
            format!("read the tenant: '{id}' answered, the target's is '{expected}'"),
        ));
    }
    Ok(Value::from([
        ("tenant_id", id.into()),
        ("display_name", row["displayName"].as_str().unwrap_or_default().into()),
    ]))
}
