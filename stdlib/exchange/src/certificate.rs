//! Exchange servers, and the public part of a certificate that they hold.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{Class, Code, Failure, FunctionSpec, Kind, Value};
use serde_json::{Value as Json, json};
use sha1::{Digest, Sha1};

use crate::answer::{self, flag, list, text};
use crate::arguments::{Arguments, refused};
use crate::caller::Caller;
use crate::function::{Answer, Function, Pending, command};
use crate::module::MODULE;

pub(crate) fn functions() -> Vec<Function> {
    vec![
        Function {
            spec: FunctionSpec::read(
                MODULE,
                "exchange_servers",
                "The organisation's servers, Edge servers left out.",
            )
            .returns("[#{ name, fqdn, version }, …]"),
            command: |_| Ok(command("Get-ExchangeServer", [])),
            answer: Answer::Rows(|_, rows| {
                Ok(Value::List(servers(&rows).iter().map(Server::shown).collect()))
            }),
        },
        Function {
            spec: FunctionSpec::read(
                MODULE,
                "certificate",
                "The public part of a certificate, and which servers have it. Every server is asked.",
            )
            .required("thumbprint", Kind::String, "its thumbprint: SHA-1, 40 hex digits")
            .returns("#{ der: base64 | (), servers: [name, …], missing: [name, …] }"),
            command: |arguments| {
                wanted(arguments)?;
                Ok(command("Get-ExchangeServer", []))
            },
            answer: Answer::More(everywhere),
        },
    ]
}

struct Server {
    name: String,
    fqdn: String,
    version: String,
}

impl Server {
    fn shown(&self) -> Value {
        Value::from([
            ("name", self.name.as_str().into()),
            ("fqdn", self.fqdn.as_str().into()),
            ("version", self.version.as_str().into()),
        ])
    }
}

/// Edge servers do not hold the authorisation certificate and are not members of the organisation's trust.
fn servers(rows: &[Json]) -> Vec<Server> {
    let mut servers: Vec<Server> = rows
        .iter()
        .filter(|row| flag(row, "IsEdgeServer") != Some(true))
        .map(|row| Server {
            name: text(row, "Name"),
            fqdn: text(row, "Fqdn").to_ascii_lowercase(),
            version: text(row, "AdminDisplayVersion"),
        })
        .collect();
    servers.sort_by(|left, right| left.name.cmp(&right.name));
    servers
}

fn wanted(arguments: &Arguments) -> Result<String, Failure> {
    let thumbprint = answer::thumbprint(arguments.text("thumbprint").unwrap_or_default());
    if thumbprint.len() == 40 {
        Ok(thumbprint)
    } else {
        Err(refused("thumbprint", "is not 40 hex digits")
            .hint("an empty thumbprint would match every certificate"))
    }
}

/// Lists what each server has and compares hashes: over the wire only `RawData` is sure to arrive, and what a server
/// answers for a thumbprint that it does not have is not documented.
fn everywhere<'a>(caller: &'a Caller<'a>, arguments: &'a Arguments, rows: Vec<Json>) -> Pending<'a> {
    Box::pin(async move {
        let thumbprint = wanted(arguments)?;
        let servers = servers(&rows);
        if servers.is_empty() {
            return Err(Failure::new(
                Code::ExchangeInvalid,
                Class::Invalid,
                "Get-ExchangeServer lists no server".to_owned(),
            ));
        }
        let (mut der, mut having, mut missing) = (Value::Null, Vec::new(), Vec::new());
        for server in servers {
            let rows =
                caller.run(command("Get-ExchangeCertificate", [("Server", json!(server.fqdn))])).await?;
            match rows.iter().filter_map(raw_data).find(|der| hash(der) == thumbprint) {
                Some(found) => {
                    der = STANDARD.encode(found).into();
                    having.push(server.name);
                }
                None => missing.push(server.name),
            }
        }
        Ok(Value::from([("der", der), ("servers", list(having)), ("missing", list(missing))]))
    })
}

/// The DER of one row, as base64 text or as a list of bytes.
fn raw_data(row: &Json) -> Option<Vec<u8>> {
    match &row["RawData"] {
        Json::String(text) => STANDARD.decode(text).ok(),
        Json::Array(bytes) => {
            bytes.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect()
        }
        _ => None,
    }
}

/// SHA-1 as Exchange writes thumbprints.
pub(crate) fn hash(der: &[u8]) -> String {
    hex(&Sha1::digest(der))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
