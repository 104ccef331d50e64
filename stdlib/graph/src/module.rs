//! The host module `graph`.

use std::collections::BTreeSet;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contracts::{CallContext, HostCall, HostModule, HostReply, WireRequest};
use model::value::Map;
use model::{Class, Code, Failure, FunctionSpec, Kind, Reversibility, Timestamp, Value};
use reqwest::Method;
use sha1::{Digest, Sha1};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::client::{Client, Shared};
use crate::keep::{NewSet, may_be_about_style};
use crate::key_credential::{KeyCredential, hex};
use crate::service_principal::ServicePrincipal;
use crate::settings::GraphSettings;
use crate::{organization, service_principal};

const MODULE: &str = "graph";

/// A tenant's directory shows a change seconds to minutes later.
const SETTLE_MS: u64 = 120_000;

pub struct GraphModule {
    shared: Shared,
    specs: Vec<FunctionSpec>,
}

impl GraphModule {
    pub fn new(settings: GraphSettings) -> GraphModule {
        GraphModule { shared: Shared::new(settings), specs: functions() }
    }
}

/// Every host function of this module.
pub fn functions() -> Vec<FunctionSpec> {
    let app_id = "the application's id";
    vec![
        FunctionSpec::read(MODULE, "organization", "The tenant that answers; it is always the target's own.")
            .returns("#{ tenant_id, display_name }"),
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
    ]
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
        match self.perform(&client, &call).await {
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

    /// Reads what is there, because the body of a change holds the keys that stay.
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
        let arguments = Arguments(&call.arguments);
        let (principal, set) = match call.function.as_str() {
            "organization" => return Ok(get("/organization")),
            "service_principal" => {
                return Ok(get(&format!("/servicePrincipals(appId='{}')", arguments.app_id()?)));
            }
            "add_key_credential" => {
                let principal = service_principal::expected(&client, context, arguments.app_id()?).await?;
                let (sha1, key) = if let Some(Value::Unknown(origin)) = call.arguments.get("der") {
                    (String::new(), format!("<{origin}>"))
                } else {
                    let (sha1, der) = arguments.certificate(context.now())?;
                    (sha1, STANDARD.encode(der))
                };
                if principal.keys.iter().any(|entry| entry.sha1.as_deref() == Some(&sha1)) {
                    return Ok(Vec::new());
                }
                let set = NewSet::new(&principal, |_| false, Some(key), context.now())?;
                (principal, set)
            }
            "remove_key_credential" => {
                let principal = service_principal::expected(&client, context, arguments.app_id()?).await?;
                let hashes = arguments.hashes()?;
                let set = NewSet::new(&principal, |key| is_among(key, &hashes), None, context.now())?;
                if set.retained.len() == principal.keys.len() {
                    return Ok(Vec::new());
                }
                (principal, set)
            }
            unknown => return Err(no_function(unknown)),
        };
        let style = set.styles()[0];
        let body = serde_json::to_string_pretty(&set.body(style)).expect("a JSON document can be written");
        let line = format!("PATCH {}", client.url(&principal.path()));
        Ok(vec![WireRequest { channel: "http".into(), line, body }])
    }
}

impl GraphModule {
    async fn perform(&self, client: &Client<'_>, call: &HostCall) -> Result<(Value, Map), Failure> {
        let context = call.context.as_ref();
        let arguments = Arguments(&call.arguments);
        match call.function.as_str() {
            "organization" => Ok((organization::read(client, context).await?, Map::new())),
            "service_principal" => {
                let found = service_principal::read(client, context, arguments.app_id()?).await?;
                let value = found.map_or(Value::Null, |principal| principal.shown(context.now()));
                Ok((value, Map::new()))
            }
            "add_key_credential" => {
                let (sha1, der) = arguments.certificate(context.now())?;
                let principal = service_principal::expected(client, context, arguments.app_id()?).await?;
                if !principal.keys.iter().any(|key| key.sha1.as_deref() == Some(&sha1)) {
                    let set = NewSet::new(&principal, |_| false, Some(STANDARD.encode(der)), context.now())?;
                    replace(client, context, &principal, &set).await?;
                }
                let kept = others(&principal, std::slice::from_ref(&sha1));
                Ok((Value::from([("sha1", sha1.into()), ("kept", list(kept))]), before(&principal)))
            }
            "remove_key_credential" => {
                let hashes = arguments.hashes()?;
                let principal = service_principal::expected(client, context, arguments.app_id()?).await?;
                if principal.keys.iter().any(|key| is_among(key, &hashes)) {
                    let set = NewSet::new(&principal, |key| is_among(key, &hashes), None, context.now())?;
                    replace(client, context, &principal, &set).await?;
                }
                let kept = others(&principal, &hashes);
                Ok((Value::from([("kept", list(kept))]), before(&principal)))
            }
            unknown => Err(no_function(unknown)),
        }
    }
}

/// One change of the set. A second request is sent only after the first was definitely refused.
async fn replace(
    client: &Client<'_>,
    context: &dyn CallContext,
    principal: &ServicePrincipal,
    set: &NewSet,
) -> Result<(), Failure> {
    let mut refused = None;
    for style in set.styles() {
        match client.write(context, Method::PATCH, &principal.path(), &set.body(style)).await {
            Ok(()) => return Ok(()),
            Err(refusal) if may_be_about_style(refusal.status, &refusal.error_code) => {
                refused = Some(refusal.failure);
            }
            Err(refusal) => return Err(refusal.failure),
        }
    }
    Err(refused.unwrap_or_else(|| Failure::bug("a set of keys has at least one way to be sent")))
}

struct Arguments<'a>(&'a Map);

impl<'a> Arguments<'a> {
    fn text(&self, name: &str) -> &'a str {
        self.0.get(name).and_then(Value::as_text).unwrap_or_default()
    }

    fn app_id(&self) -> Result<&'a str, Failure> {
        let app_id = self.text("app_id");
        // It becomes part of an address.
        if model::param::is_guid(app_id) { Ok(app_id) } else { Err(refused("app_id", "is not a GUID")) }
    }

    /// The certificate's hash and DER.
    fn certificate(&self, now: Timestamp) -> Result<(String, Vec<u8>), Failure> {
        let wrong = |why: &str| Failure::invalid(Code::Certificate, format!("add the key: {why}"));
        let der = STANDARD.decode(self.text("der").trim()).map_err(|_| wrong("'der' is not base64"))?;
        let (rest, certificate) =
            X509Certificate::from_der(&der).map_err(|_| wrong("'der' is no certificate"))?;
        if !rest.is_empty() {
            return Err(wrong("there are bytes after the certificate"));
        }
        let end = certificate.validity().not_after.timestamp();
        if u64::try_from(end).map_or(true, |end| Timestamp(end.saturating_mul(1000)) < now) {
            return Err(wrong("the certificate has expired"));
        }
        let sha1 = hex(&Sha1::digest(&der));
        Ok((sha1, der))
    }

    /// The hashes to remove.
    fn hashes(&self) -> Result<Vec<String>, Failure> {
        let further = self.0.get("also").and_then(Value::as_list).unwrap_or_default();
        std::iter::once(self.text("sha1"))
            .chain(further.iter().map(|one| one.as_text().unwrap_or_default()))
            .map(|text| {
                let hash: String = text
                    .chars()
                    .filter(|other| !other.is_whitespace())
                    .collect::<String>()
                    .to_ascii_uppercase();
                if hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    Ok(hash)
                } else {
                    Err(refused("sha1", "is not 40 hex digits"))
                }
            })
            .collect()
    }
}

fn is_among(key: &KeyCredential, hashes: &[String]) -> bool {
    key.sha1.as_ref().is_some_and(|sha1| hashes.contains(sha1))
}

/// Hashes of the keys that stay, sorted.
fn others(principal: &ServicePrincipal, leaving: &[String]) -> Vec<String> {
    let hashes = principal.keys.iter().filter_map(|key| key.sha1.clone());
    hashes.filter(|one| !leaving.contains(one)).collect::<BTreeSet<_>>().into_iter().collect()
}

fn before(principal: &ServicePrincipal) -> Map {
    Map::from([("keys_before".to_owned(), principal.evidence())])
}

fn list(texts: Vec<String>) -> Value {
    Value::List(texts.into_iter().map(Value::Text).collect())
}

fn refused(name: &str, why: &str) -> Failure {
    Failure::new(Code::Argument, Class::Invalid, format!("the argument '{name}' {why}"))
}

fn no_function(name: &str) -> Failure {
    Failure::invalid(Code::FunctionUnknown, format!("there is no host function '{MODULE}::{name}'"))
}
