//! The host module `x509`.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contracts::{HostCall, HostModule, HostReply, WireRequest};
use model::value::Map;
use model::{Code, Failure, FunctionSpec, Kind, Timestamp, Value};

use crate::certificate_file;
use crate::inspect::inspect;

const MODULE: &str = "x509";

#[derive(Debug)]
pub struct X509Module {
    specs: Vec<FunctionSpec>,
}

impl X509Module {
    pub fn new() -> X509Module {
        X509Module { specs: functions() }
    }
}

impl Default for X509Module {
    fn default() -> X509Module {
        X509Module::new()
    }
}

/// Every host function of this module.
pub fn functions() -> Vec<FunctionSpec> {
    vec![
        FunctionSpec::read(MODULE, "facts", "What a certificate says. Anything but exactly one in DER is refused.")
            .required("der", Kind::String, "the certificate: base64 of its DER")
            .returns(
                "#{ sha1, sha256, subject, issuer, not_before, not_after, key_algorithm, key_bits, self_signed, self_signature, \
                 valid_now }",
            ),
        FunctionSpec::read(MODULE, "file", "Whether a file is there, and the hash of what is in it.")
            .required("path", Kind::String, "the file")
            .returns("() | #{ sha256 }"),
        FunctionSpec::write(
            MODULE,
            "write_file",
            0,
            "Writes a certificate's DER to a file; a different file of that name is never replaced.",
        )
        .required("path", Kind::String, "the file; its folder must exist")
        .required("der", Kind::String, "the certificate: base64 of its DER")
        .returns("#{ sha256 }"),
        FunctionSpec::write(MODULE, "remove_file", 0, "Removes a file that holds one certificate.")
            .required("path", Kind::String, "the file"),
    ]
}

#[async_trait]
impl HostModule for X509Module {
    fn name(&self) -> &str {
        MODULE
    }

    fn functions(&self) -> &[FunctionSpec] {
        &self.specs
    }

    async fn call(&self, call: HostCall) -> Result<HostReply, Failure> {
        let arguments = &call.arguments;
        // Files here are a few kilobytes: quick enough for the thread that waits on it.
        let value = match call.function.as_str() {
            "facts" => facts(&decoded(arguments)?, call.context.now()),
            "file" => certificate_file::look(path(arguments)?),
            "write_file" => certificate_file::write(path(arguments)?, &decoded(arguments)?),
            "remove_file" => certificate_file::remove(path(arguments)?),
            unknown => Err(no_function(unknown)),
        }?;
        Ok(value.into())
    }

    async fn describe(&self, call: HostCall) -> Result<Vec<WireRequest>, Failure> {
        let path = match call.arguments.get("path") {
            Some(Value::Unknown(origin)) => format!("<{origin}>"),
            Some(Value::Text(path)) => path.clone(),
            _ => String::new(),
        };
        let request = |verb: &str, body: String| {
            vec![WireRequest { channel: "file".into(), line: format!("{verb} {path}"), body }]
        };
        match call.function.as_str() {
            "facts" => Ok(Vec::new()),
            "file" => Ok(request("read", String::new())),
            "write_file" => Ok(request(
                "write",
                if let Some(Value::Unknown(origin)) = call.arguments.get("der") {
                    format!("<{origin}>")
                } else {
                    let facts = inspect(&decoded(&call.arguments)?)?;
                    format!("DER of the certificate {} ({})", facts.sha1, facts.subject)
                },
            )),
            "remove_file" => Ok(request("remove", String::new())),
            unknown => Err(no_function(unknown)),
        }
    }
}

fn facts(der: &[u8], now: Timestamp) -> Result<Value, Failure> {
    let facts = inspect(der)?;
    let (valid_now, self_signed) = (facts.valid_at(now), facts.self_signed());
    Ok(Value::from([
        ("sha1", facts.sha1.into()),
        ("sha256", facts.sha256.into()),
        ("subject", facts.subject.into()),
        ("issuer", facts.issuer.into()),
        ("not_before", facts.not_before.to_string().into()),
        ("not_after", facts.not_after.to_string().into()),
        ("key_algorithm", facts.key_algorithm.into()),
        ("key_bits", Value::Int(i64::try_from(facts.key_bits).unwrap_or(i64::MAX))),
        ("self_signed", self_signed.into()),
        ("self_signature", facts.self_signature.as_str().into()),
        ("valid_now", valid_now.into()),
    ]))
}

fn decoded(arguments: &Map) -> Result<Vec<u8>, Failure> {
    let text = arguments.get("der").and_then(Value::as_text).unwrap_or_default();
    STANDARD
        .decode(text.trim())
        .map_err(|_| Failure::invalid(Code::Certificate, "read the certificate: 'der' is not base64"))
}

fn path(arguments: &Map) -> Result<&str, Failure> {
    let path = arguments.get("path").and_then(Value::as_text).unwrap_or_default();
    if path.trim().is_empty() || path.contains('\0') {
        return Err(Failure::invalid(Code::Argument, "the argument 'path' names no file"));
    }
    Ok(path)
}

fn no_function(name: &str) -> Failure {
    Failure::invalid(Code::FunctionUnknown, format!("there is no host function '{MODULE}::{name}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_as_scripts_see_them() {
        let der = sim::fixture_der("current").unwrap();
        let now = Timestamp::parse_rfc3339("2026-06-01T08:00:00Z").unwrap();
        let found = facts(der, now).unwrap();
        assert_eq!(found.get("key_bits"), Some(&Value::Int(2048)));
        assert_eq!(found.get("valid_now"), Some(&Value::Bool(true)));
        assert_eq!(found.get("not_after"), Some(&Value::text("2049-11-06T22:47:32Z")));
        let expired = facts(sim::fixture_der("expired").unwrap(), now).unwrap();
        assert_eq!(expired.get("valid_now"), Some(&Value::Bool(false)));
    }

    #[test]
    fn arguments_that_are_none() {
        for der in ["", "!"] {
            let arguments = Map::from([("der".to_owned(), Value::text(der))]);
            let code = decoded(&arguments).and_then(|der| Ok(inspect(&der)?)).unwrap_err().code;
            assert_eq!(code, Code::Certificate, "{der}");
        }
        for bad in ["", " ", "a\0b"] {
            let arguments = Map::from([("path".to_owned(), Value::text(bad))]);
            assert_eq!(path(&arguments).unwrap_err().code, Code::Argument, "{bad:?}");
        }
    }
}
