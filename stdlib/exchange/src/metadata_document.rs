//! The organisation's metadata document, open to anybody: the certificates that it says it signs with.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contracts::{CallContext, HostReply, WireRequest};
use http::{BodyError, ClientOptions, causes, client, read_body};
use model::value::Map;
use model::{Class, Code, Failure, FunctionSpec, Value};
use serde_json::Value as Json;

use crate::certificate::{hash, hex};
use crate::module::MODULE;

pub(crate) const FUNCTION: &str = "metadata_certificates";

/// One answer is awaited for at most this long.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// The document holds a handful of certificates; more than this is something else.
const LENGTH_MAX: usize = 1024 * 1024;

pub(crate) fn spec() -> FunctionSpec {
    FunctionSpec::read(
        MODULE,
        FUNCTION,
        "The signing certificates that the organisation publishes without a login: a second source beside `certificate`.",
    )
    .returns("[#{ der: base64, thumbprint }, …]")
}

pub(crate) fn unknown() -> Failure {
    Failure::new(Code::ExchangeInvalid, Class::Invalid, "this target names no metadata document")
        .hint("give the target the address, e.g. https://mail.contoso.com/autodiscover/metadata/json/1")
}

pub(crate) fn described(url: &str) -> WireRequest {
    WireRequest { channel: "http".into(), line: format!("GET {url}"), body: String::new() }
}

pub(crate) async fn read(url: &str, context: &dyn CallContext) -> Result<HostReply, Failure> {
    let failed = |error: reqwest::Error| {
        let class = if error.is_builder() { Class::Invalid } else { Class::Transient };
        let code = if class == Class::Invalid { Code::ExchangeInvalid } else { Code::ExchangeTransient };
        Failure::new(code, class, format!("GET {url}: {}", causes(&error)))
    };
    let client = client(&ClientOptions::default())
        .map_err(|error| Failure::invalid(Code::ExchangeInvalid, error.to_string()))?;
    let mut answer =
        client.get(url).timeout(context.time_left().min(WAIT_MAX)).send().await.map_err(failed)?;
    let status = answer.status().as_u16();
    if status != 200 {
        let transient = status == 429 || status >= 500;
        let (code, class) = if transient {
            (Code::ExchangeTransient, Class::Transient)
        } else {
            (Code::ExchangeInvalid, Class::Invalid)
        };
        return Err(Failure::new(code, class, format!("GET {url}: status {status}")));
    }
    let body = read_body(&mut answer, LENGTH_MAX).await.map_err(|error| match error {
        BodyError::TooLong { .. } => unreadable(url, "it is longer than a metadata document"),
        BodyError::BrokeOff(_) => {
            Failure::new(Code::ExchangeTransient, Class::Transient, format!("GET {url}: {error}"))
        }
    })?;
    let document: Json = serde_json::from_slice(&body).map_err(|_| unreadable(url, "it is not JSON"))?;
    let evidence = Map::from([("metadata_url".to_owned(), url.into())]);
    Ok(HostReply { value: Value::List(certificates(url, &document)?), evidence })
}

fn certificates(url: &str, document: &Json) -> Result<Vec<Value>, Failure> {
    let keys = member(document, "keys").as_array().ok_or_else(|| unreadable(url, "it lists no keys"))?;
    let mut found = Vec::new();
    for key in keys {
        let value = member(member(key, "keyvalue"), "value").as_str().unwrap_or_default();
        if value.is_empty() {
            continue;
        }
        let der = STANDARD.decode(value).map_err(|_| unreadable(url, "a key is not base64"))?;
        let told = member(member(key, "keyinfo"), "x5t").as_str().unwrap_or_default();
        let thumbprint = hash(&der);
        // An absent one tells nothing; any other must be what the key says.
        let differs = !told.is_empty() && STANDARD.decode(told).map_or(true, |told| hex(&told) != thumbprint);
        if differs {
            return Err(unreadable(url, "a key does not have the thumbprint that it is listed under"));
        }
        found.push(Value::from([("der", STANDARD.encode(&der).into()), ("thumbprint", thumbprint.into())]));
    }
    Ok(found)
}

/// A member by name without regard to case: products write `keyinfo` and `keyInfo`.
fn member<'a>(object: &'a Json, name: &str) -> &'a Json {
    object
        .as_object()
        .and_then(|fields| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)))
        .map_or(&Json::Null, |(_, value)| value)
}

fn unreadable(url: &str, why: &str) -> Failure {
    Failure::new(Code::Certificate, Class::Invalid, format!("read the metadata document {url}: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn casing_and_thumbprints() {
        let der = STANDARD.encode(b"some bytes");
        let x5t = STANDARD.encode(<sha1::Sha1 as sha1::Digest>::digest(b"some bytes"));
        let document = json!({ "Keys": [{ "keyInfo": { "x5t": x5t }, "keyValue": { "value": der } }, { "usage": "none" }] });
        let found = certificates("u", &document).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].get("thumbprint"), Some(&Value::text(hash(b"some bytes"))));
        let document = json!({ "keys": [{ "keyinfo": { "x5t": "AAAA" }, "keyvalue": { "value": der } }] });
        assert!(certificates("u", &document).is_err());
        assert!(certificates("u", &json!({})).is_err());
    }
}
