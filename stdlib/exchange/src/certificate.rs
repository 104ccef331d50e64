//! Exchange servers, and the public part of a certificate that they hold.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::value::Map;
use model::{Class, Code, Failure, FunctionSpec, Kind, Value};
use serde_json::{Value as Json, json};
use sha1::{Digest, Sha1};

use crate::answer::{self, flag, list, text};
use crate::arguments::{Arguments, refused};
use crate::caller::Caller;
use crate::function::{Answer, Function, Pending, command};
use crate::metadata_document;
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
            .returns(
                "#{ der: base64 | (), source: \"servers\" | \"metadata document\" | (), servers: [name, …], \
                 missing: [name, …] | cannot tell, unreadable: [name, …] }",
            ),
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
///
/// A certificate without `RawData` cannot be compared. Exchange answers so where the objects' signature cannot be
/// verified, after the authorisation certificate has expired, say. Then the metadata document may still give the
/// certificate, and whether that server has it cannot be told.
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
        let (mut der, mut source) = (Value::Null, Value::Null);
        let (mut having, mut missing, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
        for server in servers {
            let list = command("Get-ExchangeCertificate", [("Server", json!(server.fqdn))]);
            let seen = match caller.run(list).await {
                Ok(rows) => look(&rows, &thumbprint),
                // The server could not be asked; the others can.
                Err(failure) if failure.code == Code::ExchangeInvalid => Look::Unreadable,
                Err(failure) => return Err(failure),
            };
            match seen {
                Look::Has(found) => {
                    // Without the bytes the thumbprint is all that is known.
                    if let Some(found) = found {
                        der = STANDARD.encode(found).into();
                        source = "servers".into();
                    }
                    having.push(server.name);
                }
                Look::Lacks => missing.push(server.name),
                Look::Unreadable => unreadable.push(server.name),
            }
        }
        if der.is_null()
            && !(having.is_empty() && unreadable.is_empty())
            && let Some(published) = published(caller, &thumbprint).await?
        {
            der = STANDARD.encode(published).into();
            source = "metadata document".into();
        }
        if der.is_null() && missing.is_empty() && having.is_empty() {
            return Err(untold(&unreadable, caller.metadata.is_some()));
        }
        let missing = if missing.is_empty() && !unreadable.is_empty() {
            Value::CannotTell(format!("{} did not show the bytes of its certificates", unreadable.join(", ")))
        } else {
            list(missing)
        };
        Ok(Value::from([
            ("der", der),
            ("source", source),
            ("servers", list(having)),
            ("missing", missing),
            ("unreadable", list(unreadable)),
        ]))
    })
}

/// What one server's list says about a thumbprint.
enum Look {
    /// It has the certificate; its bytes, where they came.
    Has(Option<Vec<u8>>),
    Lacks,
    /// Something in the list could be it and does not say.
    Unreadable,
}

fn look(rows: &[Json], wanted: &str) -> Look {
    let mut found = Look::Lacks;
    for row in rows {
        match raw_data(row) {
            Some(der) if hash(&der) == wanted => return Look::Has(Some(der)),
            Some(_) => {}
            None => {
                let own = answer::thumbprint(&text(row, "Thumbprint"));
                if own == wanted {
                    found = Look::Has(None);
                } else if own.is_empty() && !matches!(found, Look::Has(_)) {
                    found = Look::Unreadable;
                }
            }
        }
    }
    found
}

/// The certificate with that thumbprint in the metadata document, where the target names one.
async fn published(caller: &Caller<'_>, thumbprint: &str) -> Result<Option<Vec<u8>>, Failure> {
    let Some(source) = caller.metadata else { return Ok(None) };
    let published = metadata_document::fetch(source, caller.context).await?;
    caller.note(Map::from([("metadata_url".to_owned(), source.url.as_str().into())]));
    Ok(published.into_iter().find(|one| one.thumbprint == thumbprint).map(|one| one.der))
}

fn untold(unreadable: &[String], document: bool) -> Failure {
    let failure = Failure::new(
        Code::Certificate,
        Class::Conflict,
        format!(
            "Get-ExchangeCertificate: {} listed certificates without their bytes (RawData)",
            unreadable.join(", ")
        ),
    );
    failure.hint(if document {
        "the metadata document does not show the certificate either; look on the server itself: the authorisation \
         certificate has expired, perhaps"
    } else {
        "name the organisation's metadata document in the target as a second source (metadata_url), or look on the \
         server itself: the authorisation certificate has expired, perhaps"
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
