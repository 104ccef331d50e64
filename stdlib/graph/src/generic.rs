//! The functions that reach anything in Graph: for what this crate has no function of its own.

use contracts::{CallContext, WireRequest};
use model::value::Map;
use model::{Class, Code, Failure, FunctionSpec, Kind, Reversibility, Value};
use reqwest::Method;
use serde_json::Value as Json;

use crate::batch::{READS_MAX, batch};
use crate::client::Client;
use crate::json::{json_of, value_of};
use crate::page::list;
use crate::path::Path;

/// Properties and actions by which somebody could sign in as another. Compared in lower case.
const CREDENTIALS: &[&str] = &[
    "keycredentials",
    "passwordcredentials",
    "federatedidentitycredentials",
    "addkey",
    "removekey",
    "addpassword",
    "removepassword",
    "addtokensigningcertificate",
];

pub(crate) fn functions(module: &str, settle_ms: u64) -> Vec<FunctionSpec> {
    let path = "the path below v1.0, e.g. /users/ID; no host, no version";
    let texts = || Kind::List(Box::new(Kind::String));
    vec![
        FunctionSpec::read(module, "get", "Any single object of Microsoft Graph, as the service gives it.")
            .required("path", Kind::String, path)
            .optional("select", texts(), "properties to ask for; keys are shown only where they are named")
            .returns("() where there is none | a map"),
        FunctionSpec::read(
            module,
            "list",
            "Any list of Microsoft Graph, all pages of it. A list that is too long is an error, never cut off.",
        )
        .required("path", Kind::String, path)
        .optional("select", texts(), "properties to ask for")
        .optional("filter", Kind::String, "an OData filter: displayName eq 'x'")
        .optional(
            "consistency",
            Kind::Enum(vec!["eventual".into()]),
            "'eventual' for filters that the directory answers from its index only",
        )
        .returns("() where there is no such list | [map, …]"),
        FunctionSpec::read(
            module,
            "batch",
            "Up to 200 reads in few requests. Each has a status of its own; reads that are throttled are sent again.",
        )
        .required("requests", texts(), "the paths to read")
        .returns("[#{ path, status, body: map | (), error: code | (), message | () }, …] in the order of the paths"),
        FunctionSpec::write(
            module,
            "patch",
            settle_ms,
            "Changes any object of Microsoft Graph. Not for keys and passwords of applications: see add_key_credential. \
             What was there before is known to the script alone, so undo is its own affair.",
        )
        .required("path", Kind::String, path)
        .required("body", Kind::Map, "the properties to change")
        .returns("() | the object, where the service gives it")
        .reversibility(Reversibility::Irreversible),
        FunctionSpec::write(
            module,
            "post",
            settle_ms,
            "Makes an object in Microsoft Graph, or runs an action. Not for keys and passwords of applications.",
        )
        .required("path", Kind::String, path)
        .required("body", Kind::Map, "the new object, or the action's parameters")
        .returns("() | the object with its id")
        .reversibility(Reversibility::Irreversible),
        FunctionSpec::write(module, "delete", settle_ms, "Removes any object of Microsoft Graph.")
            .required("path", Kind::String, path)
            .returns("()")
            .reversibility(Reversibility::Irreversible),
    ]
}

/// A call of one of these functions, understood.
pub(crate) enum Call {
    Get(Path),
    List(Path, Option<String>),
    Batch(Vec<Path>),
    Write(Method, Path, Option<Json>),
}

impl Call {
    /// `None` where the function is none of these.
    pub(crate) fn read(function: &str, arguments: &Map) -> Result<Option<Call>, Failure> {
        let text = |name: &str| arguments.get(name).and_then(Value::as_text);
        let path = || Path::read(text("path").unwrap_or_default());
        Ok(Some(match function {
            "get" => Call::Get(selected(path()?, arguments)?),
            "list" => {
                let path = selected(path()?, arguments)?;
                let path = match text("filter") {
                    Some(filter) => path.with("$filter", filter),
                    None => path,
                };
                match text("consistency") {
                    // The service demands both together.
                    Some(level) => Call::List(path.with("$count", "true"), Some(level.to_owned())),
                    None => Call::List(path, None),
                }
            }
            "batch" => {
                let requests = arguments.get("requests").and_then(Value::as_list).unwrap_or_default();
                if requests.is_empty() || requests.len() > READS_MAX {
                    return Err(refused(format!("the argument 'requests' holds 1 to {READS_MAX} paths")));
                }
                let paths = requests.iter().map(|one| Path::read(one.as_text().unwrap_or_default()));
                Call::Batch(paths.collect::<Result<_, _>>()?)
            }
            "patch" | "post" | "delete" => {
                let path = Path::write(text("path").unwrap_or_default())?;
                let (method, body) = match function {
                    "delete" => (Method::DELETE, None),
                    other => {
                        let body = json_of(arguments.get("body").unwrap_or(&Value::Null))?;
                        (if other == "patch" { Method::PATCH } else { Method::POST }, Some(body))
                    }
                };
                no_credentials(&path, body.as_ref())?;
                Call::Write(method, path, body)
            }
            _ => return Ok(None),
        }))
    }

    pub(crate) async fn perform(
        &self,
        client: &Client<'_>,
        context: &dyn CallContext,
    ) -> Result<Value, Failure> {
        match self {
            Call::Get(path) => match client.read(context, path.as_str()).await? {
                Some(body) => value_of(&body),
                None => Ok(Value::Null),
            },
            Call::List(path, consistency) => {
                match list(client, context, path, consistency.as_deref()).await? {
                    Some(items) => value_of(&Json::Array(items)),
                    None => Ok(Value::Null),
                }
            }
            Call::Batch(paths) => batch(client, context, paths).await,
            Call::Write(method, path, body) => {
                let answer = client.write(context, method.clone(), path.as_str(), body.as_ref()).await;
                value_of(&answer.map_err(|refusal| refusal.failure)?)
            }
        }
    }

    pub(crate) fn describe(&self, client: &Client<'_>) -> Vec<WireRequest> {
        let (line, body) = match self {
            Call::Get(path) | Call::List(path, _) => (format!("GET {}", client.url(path.as_str())), None),
            Call::Batch(paths) => {
                let reads: Vec<Json> =
                    paths.iter().map(|path| format!("GET {}", path.as_str()).into()).collect();
                (format!("POST {}", client.url("/$batch")), Some(Json::Array(reads)))
            }
            Call::Write(method, path, body) => {
                (format!("{method} {}", client.url(path.as_str())), body.clone())
            }
        };
        let body =
            body.map(|body| serde_json::to_string_pretty(&body).expect("a JSON document can be written"));
        vec![WireRequest { channel: "http".into(), line, body: body.unwrap_or_default() }]
    }
}

fn selected(path: Path, arguments: &Map) -> Result<Path, Failure> {
    let names = arguments.get("select").and_then(Value::as_list).unwrap_or_default();
    if names.is_empty() {
        return Ok(path);
    }
    let names: Vec<&str> = names.iter().map(|name| name.as_text().unwrap_or_default()).collect();
    let letters = |name: &&str| {
        !name.is_empty() && name.chars().all(|one| one.is_ascii_alphanumeric() || "_./@".contains(one))
    };
    if !names.iter().all(letters) {
        return Err(refused(
            "the argument 'select' holds something that is no name of a property".to_owned(),
        ));
    }
    Ok(path.with("$select", &names.join(",")))
}

/// Keys and passwords are written whole and never read back, so they have functions that keep what is there; owners may
/// change both.
fn no_credentials(path: &Path, body: Option<&Json>) -> Result<(), Failure> {
    let names = path.names();
    let of_application =
        names.first().is_some_and(|name| name == "serviceprincipals" || name == "applications");
    let named = names.iter().find(|name| CREDENTIALS.contains(&name.as_str()));
    let owners = names.iter().find(|name| of_application && *name == "owners");
    let inside = body.and_then(credential_in);
    match named.or(owners).cloned().or(inside) {
        None => Ok(()),
        Some(name) => Err(Failure::new(
            Code::Argument,
            Class::Invalid,
            format!("'{name}' decides who can sign in as an application; it is not written by this function"),
        )
        .hint("use graph::add_key_credential and graph::remove_key_credential, which keep all other keys")),
    }
}

fn credential_in(body: &Json) -> Option<String> {
    match body {
        Json::Object(fields) => fields.iter().find_map(|(name, inner)| {
            let plain = name.split('@').next().unwrap_or_default().to_ascii_lowercase();
            if CREDENTIALS.contains(&plain.as_str()) { Some(name.clone()) } else { credential_in(inner) }
        }),
        Json::Array(items) => items.iter().find_map(credential_in),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    }
}

fn refused(why: String) -> Failure {
    Failure::new(Code::Argument, Class::Invalid, why)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_are_not_written_in_passing() {
        for (path, body, good) in [
            ("/servicePrincipals/1", json!({ "tags": ["x"] }), true),
            ("/groups/1/owners/$ref", json!({ "@odata.id": "x" }), true),
            ("/servicePrincipals/1", json!({ "KeyCredentials": [] }), false),
            ("/servicePrincipals/1", json!({ "keyCredentials@odata.type": "x" }), false),
            ("/applications", json!({ "a": [{ "passwordCredentials": [] }] }), false),
            ("/servicePrincipals/1/addKey", json!({}), false),
            ("/applications/1/microsoft.graph.addPassword", json!({}), false),
            ("/applications(appId='x')/%61ddPassword", json!({}), false),
            ("/applications/1/federatedIdentityCredentials", json!({}), false),
            ("/servicePrincipals/1/owners/$ref", json!({}), false),
        ] {
            let path = Path::write(path).unwrap();
            assert_eq!(no_credentials(&path, Some(&body)).is_ok(), good, "{path:?} {body}");
        }
    }
}
