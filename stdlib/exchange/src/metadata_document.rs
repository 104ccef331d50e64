//! The organisation's metadata document, open to anybody: the certificates that it says it signs with.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contracts::{CallContext, HostReply, WireRequest};
use http::{BodyError, ClientOptions, Trouble, address, client, read_body};
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

/// Where the organisation publishes its certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataSource {
    /// `https://mail.contoso.com/autodiscover/metadata/json/1`.
    pub url: String,
    /// PEM of the only authorities to trust; the system's when absent.
    pub only_roots: Option<Vec<u8>>,
}

/// One signing certificate of the document.
pub(crate) struct Published {
    pub(crate) der: Vec<u8>,
    pub(crate) thumbprint: String,
}

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

pub(crate) fn described(source: &MetadataSource) -> WireRequest {
    WireRequest { channel: "http".into(), line: format!("GET {}", source.url), body: String::new() }
}

pub(crate) async fn read(source: &MetadataSource, context: &dyn CallContext) -> Result<HostReply, Failure> {
    let published = fetch(source, context).await?;
    let shown = |one: Published| {
        Value::from([("der", STANDARD.encode(&one.der).into()), ("thumbprint", one.thumbprint.into())])
    };
    let evidence = Map::from([("metadata_url".to_owned(), source.url.as_str().into())]);
    Ok(HostReply { value: Value::List(published.into_iter().map(shown).collect()), evidence })
}

/// Every signing certificate that the document lists.
pub(crate) async fn fetch(
    source: &MetadataSource,
    context: &dyn CallContext,
) -> Result<Vec<Published>, Failure> {
    let url = source.url.as_str();
    let target = address(url)
        .map_err(|error| Failure::invalid(Code::Settings, format!("read the metadata document: {error}")))?;
    let options = ClientOptions { only_roots: source.only_roots.clone(), ..ClientOptions::default() };
    let client = client(&options)
        .map_err(|error| Failure::invalid(Code::Settings, format!("read the metadata document: {error}")))?;
    let mut answer = client
        .get(target)
        .timeout(context.time_left().min(WAIT_MAX))
        .send()
        .await
        .map_err(|error| without_answer(url, &error))?;
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(refused(url, status, answer.headers()));
    }
    let body = read_body(&mut answer, LENGTH_MAX).await.map_err(|error| match error {
        BodyError::TooLong { .. } => unreadable(url, "it is longer than a metadata document"),
        BodyError::BrokeOff(_) => {
            Failure::new(Code::ExchangeTransient, Class::Transient, format!("GET {url}: {error}"))
        }
    })?;
    let document: Json = serde_json::from_slice(&body).map_err(|_| {
        unreadable(url, "it is not JSON").hint(
            "something else answers at that address, a sign-in page perhaps; Exchange's document ends in \
             /autodiscover/metadata/json/1",
        )
    })?;
    certificates(url, &document)
}

fn without_answer(url: &str, error: &reqwest::Error) -> Failure {
    let (_, trouble) = Trouble::of(error);
    let (code, class) = match trouble {
        // Waiting mends no certificate of a web server.
        Trouble::Tls(_) => (Code::ExchangeConnection, Class::Denied),
        Trouble::Name(_) | Trouble::Unreachable(_) | Trouble::TimedOut(_) | Trouble::Broken(_) => {
            (Code::ExchangeTransient, Class::Transient)
        }
    };
    let failure = Failure::new(code, class, format!("GET {url}: {}", trouble.text()));
    match trouble.advice() {
        Some(advice) => failure.hint(advice),
        None => failure,
    }
}

fn refused(url: &str, status: u16, headers: &reqwest::header::HeaderMap) -> Failure {
    let transient = status == 429 || status >= 500;
    let (code, class) = if transient {
        (Code::ExchangeTransient, Class::Transient)
    } else {
        (Code::ExchangeInvalid, Class::Invalid)
    };
    let failure = Failure::new(code, class, format!("GET {url}: status {status}"));
    match status {
        300..=399 => {
            let place = headers.get(reqwest::header::LOCATION).and_then(|place| place.to_str().ok());
            failure.hint(format!(
                "it leads to {}; footbridge follows nobody: give the address itself",
                place.unwrap_or("another address")
            ))
        }
        401 | 403 => failure.hint(
            "Exchange gives the document to anybody; a proxy before it wants a login. Partners cannot read it either: \
             let the path through, or name an address behind the proxy",
        ),
        404 => failure.hint("Exchange's document ends in /autodiscover/metadata/json/1"),
        _ => failure,
    }
}

fn certificates(url: &str, document: &Json) -> Result<Vec<Published>, Failure> {
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
        found.push(Published { der, thumbprint });
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
        assert_eq!(found[0].thumbprint, hash(b"some bytes"));
        assert_eq!(found[0].der, b"some bytes");
        let document = json!({ "keys": [{ "keyinfo": { "x5t": "AAAA" }, "keyvalue": { "value": der } }] });
        assert!(certificates("u", &document).is_err());
        assert!(certificates("u", &json!({})).is_err());
    }
}
