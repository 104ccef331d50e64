//! The host module `graph`.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{CallContext, Check, HostCall, HostModule, HostReply, WireRequest};
use model::value::Map;
use model::{Class, Code, Failure, FunctionSpec, Kind, Reversibility, Value};

use crate::client::{Client, Shared};
use crate::examine::examine;
use crate::generic::Call;
use crate::key_change::KeyChange;
use crate::settings::GraphSettings;
use crate::sign_in::SignIns;
use crate::waits::{RealWaits, Waits};
use crate::{generic, organization, service_principal};

const MODULE: &str = "graph";

/// A tenant's directory shows a change seconds to minutes later.
const SETTLE_MS: u64 = 120_000;

pub struct GraphModule {
    shared: Shared,
    specs: Vec<FunctionSpec>,
}

impl GraphModule {
    pub fn new(settings: GraphSettings) -> GraphModule {
        GraphModule::sharing(settings, &SignIns::default())
    }

    /// A module that shares sign-ins of people with others.
    pub fn sharing(settings: GraphSettings, sign_ins: &SignIns) -> GraphModule {
        GraphModule::with_waits(settings, sign_ins, Arc::new(RealWaits))
    }

    /// Like [`GraphModule::sharing`] with another way to wait between attempts.
    pub fn with_waits(settings: GraphSettings, sign_ins: &SignIns, waits: Arc<dyn Waits>) -> GraphModule {
        GraphModule { shared: Shared::new(settings, waits, sign_ins), specs: functions() }
    }
}

/// Every host function of this module.
pub fn functions() -> Vec<FunctionSpec> {
    let app_id = "the application's id";
    let mut functions = vec![
        FunctionSpec::read(MODULE, "organization", "The tenant that answers; it is always the target's own.")
            .returns("#{ tenant_id, display_name }; the name is empty where the identity may not read it"),
        FunctionSpec::read(MODULE, "service_principal", "The application's service principal with its keys, by hash.")
            .required("app_id", Kind::Guid, app_id)
            .returns(
                "() | #{ id, app_id, display_name, keys: [#{ sha1 | (), sha256 | (), not_before, not_after, type, usage, \
                 expired, has_key }, …] }",
            ),
        FunctionSpec::write(
            MODULE,
            "add_key_credential",
            SETTLE_MS,
            "Adds a certificate to the keys of a service principal and keeps all others. Refused while an expired key is \
             there. Nothing is sent where the certificate is there already.",
        )
        .required("app_id", Kind::Guid, app_id)
        .required("der", Kind::String, "the certificate: base64 of its DER")
        .returns("#{ sha1, kept: [sha1, …] }"),
        FunctionSpec::write(
            MODULE,
            "remove_key_credential",
            SETTLE_MS,
            "Removes the keys with this hash from a service principal and keeps all others.",
        )
        .required("app_id", Kind::Guid, app_id)
        .required("sha1", Kind::String, "hash of the certificate: 40 hex digits")
        .optional(
            "also",
            Kind::List(Box::new(Kind::String)),
            "hashes of further keys to remove in the same change: while an expired key stays, every change is refused",
        )
        .returns("#{ kept: [sha1, …] }")
        .reversibility(Reversibility::WithLoss),
    ];
    functions.extend(generic::functions(MODULE, SETTLE_MS));
    functions
}

#[async_trait]
impl HostModule for GraphModule {
    fn name(&self) -> &str {
        MODULE
    }

    fn functions(&self) -> &[FunctionSpec] {
        &self.specs
    }

    async fn call(&self, call: HostCall) -> Result<HostReply, Failure> {
        let client = Client::new(&self.shared)?;
        match perform(&client, &call).await {
            Ok((value, mut evidence)) => {
                evidence.extend(client.evidence());
                Ok(HostReply { value, evidence })
            }
            Err(mut failure) => {
                failure.evidence.extend(client.evidence());
                Err(failure)
            }
        }
    }

    async fn describe(&self, call: HostCall) -> Result<Vec<WireRequest>, Failure> {
        let client = Client::new(&self.shared)?;
        let context = call.context.as_ref();
        let get = |path: &str| {
            vec![WireRequest {
                channel: "http".into(),
                line: format!("GET {}", client.url(path)),
                body: String::new(),
            }]
        };
        if let Some(origin) = call.arguments.get("app_id").and_then(Value::first_unknown) {
            return Ok(get(&format!("/servicePrincipals(appId='<{origin}>')")));
        }
        let app_id = || app_id(&call.arguments);
        match call.function.as_str() {
            "organization" => Ok(get("/organization")),
            "service_principal" => Ok(get(&format!("/servicePrincipals(appId='{}')", app_id()?))),
            "add_key_credential" => {
                let change = match call.arguments.get("der") {
                    Some(Value::Unknown(origin)) => KeyChange::add_later(&format!("<{origin}>")),
                    // So the engine names a hole to whoever describes.
                    Some(Value::Text(hole)) if hole.starts_with("<known after ") => {
                        KeyChange::add_later(hole)
                    }
                    _ => KeyChange::add(&call.arguments, context.now())?,
                };
                change.describe(&client, context, app_id()?).await
            }
            "remove_key_credential" => {
                KeyChange::remove(&call.arguments)?.describe(&client, context, app_id()?).await
            }
            other => match Call::read(other, &call.arguments)? {
                Some(generic) => Ok(generic.describe(&client)),
                None => Err(no_function(other)),
            },
        }
    }

    async fn examine(&self, context: Arc<dyn CallContext>) -> Vec<Check> {
        match Client::new(&self.shared) {
            Ok(client) => examine(&client, context.as_ref()).await,
            Err(failure) => {
                let advice = "correct 'cloud', 'login' or 'endpoint' in the target file";
                vec![Check::not_so(MODULE, "settings", failure.message, advice)]
            }
        }
    }
}

async fn perform(client: &Client<'_>, call: &HostCall) -> Result<(Value, Map), Failure> {
    let context = call.context.as_ref();
    let app_id = || app_id(&call.arguments);
    match call.function.as_str() {
        "organization" => Ok((organization::read(client, context).await?, Map::new())),
        "service_principal" => {
            let found = service_principal::read(client, context, app_id()?).await?;
            let value = found.map_or(Value::Null, |principal| principal.shown(context.now()));
            Ok((value, Map::new()))
        }
        "add_key_credential" => {
            let change = KeyChange::add(&call.arguments, context.now())?;
            change.perform(client, context, app_id()?).await
        }
        "remove_key_credential" => {
            KeyChange::remove(&call.arguments)?.perform(client, context, app_id()?).await
        }
        other => match Call::read(other, &call.arguments)? {
            Some(generic) => Ok((generic.perform(client, context).await?, Map::new())),
            None => Err(no_function(other)),
        },
    }
}

/// It becomes part of an address.
fn app_id(arguments: &Map) -> Result<&str, Failure> {
    let app_id = arguments.get("app_id").and_then(Value::as_text).unwrap_or_default();
    if model::param::is_guid(app_id) {
        return Ok(app_id);
    }
    Err(Failure::new(Code::Argument, Class::Invalid, "the argument 'app_id' is not a GUID"))
}

fn no_function(name: &str) -> Failure {
    Failure::invalid(Code::FunctionUnknown, format!("there is no host function '{MODULE}::{name}'"))
}
