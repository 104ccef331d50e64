//! `[graph]` and `[graph.write]`: where the tenant is and who signs in to it.

use std::path::PathBuf;

use super::Found;
use super::reader::Reader;
use super::secret::{self, SecretPlace};
use crate::walk::Section;

/// The clouds whose addresses are known.
pub const CLOUDS: [&str; 6] = ["global", "gcc-high", "dod", "china", "bleu", "delos"];

#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// One of [`CLOUDS`].
    pub cloud: &'static str,
    /// Instead of the cloud's sign-in address; without a slash at its end.
    pub login: Option<String>,
    /// Instead of the cloud's Graph address; up to and without `/v1.0`.
    pub endpoint: Option<String>,
    pub read: Identity,
    /// Used only where something is written; the first one otherwise.
    pub write: Option<Identity>,
}

/// Who signs in, and with what.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    pub client_id: Option<String>,
    pub auth: Auth,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Auth {
    Certificate {
        certificate: Found<PathBuf>,
        key: Found<SecretPlace>,
    },
    ClientSecret {
        secret: Found<SecretPlace>,
    },
    DeviceCode,
    ManagedIdentity,
    /// `token_file`: instead of the one that the platform names.
    WorkloadIdentity {
        token_file: Option<Found<PathBuf>>,
    },
    Token {
        token: Found<SecretPlace>,
    },
}

impl Auth {
    /// The key under which its secret stands, and where that is kept.
    pub fn secret(&self) -> Option<(&'static str, &Found<SecretPlace>)> {
        match self {
            Auth::Certificate { key, .. } => Some(("key", key)),
            Auth::ClientSecret { secret } => Some(("secret", secret)),
            Auth::Token { token } => Some(("token", token)),
            Auth::DeviceCode | Auth::ManagedIdentity | Auth::WorkloadIdentity { .. } => None,
        }
    }
}

const AUTHS: [&str; 6] =
    ["certificate", "client-secret", "device-code", "managed-identity", "workload-identity", "token"];

/// A key, the way of signing in that it is for.
const FOR: [(&str, &str); 5] = [
    ("certificate", "certificate"),
    ("key", "certificate"),
    ("secret", "client-secret"),
    ("token", "token"),
    ("token_file", "workload-identity"),
];

pub(super) fn read<'t>(reader: &mut Reader<'_, 't, '_>, section: Section<'_, 't>) -> Option<Graph> {
    let places = ["cloud", "login", "endpoint", "client_id", "auth", "write"];
    reader.known_keys(section, &[&places[..], &FOR.map(|(key, _)| key)[..]].concat());
    let cloud = reader.word(section, "cloud", "graph.cloud", &CLOUDS, Some("global"));
    let login = reader.address(section, "login", "graph.login").map(|url| trimmed(&url));
    let endpoint = endpoint(reader, section);
    let read = identity(reader, section, "graph");
    let write = match section.table.get_key_value("write") {
        Some((key, value)) => {
            let inner = reader.walk.table("[graph.write]", &key.span(), value);
            Some(inner.and_then(|inner| {
                let places = ["client_id", "auth"];
                reader.known_keys(inner, &[&places[..], &FOR.map(|(key, _)| key)[..]].concat());
                identity(reader, inner, "graph.write")
            }))
        }
        None => None,
    };
    let write = match write {
        Some(identity) => Some(identity?),
        None => None,
    };
    Some(Graph { cloud: cloud?, login, endpoint, read: read?, write })
}

/// Graph's address, without the version that every path brings along.
fn endpoint<'t>(reader: &mut Reader<'_, 't, '_>, section: Section<'_, 't>) -> Option<String> {
    let text = reader.walk.text(section, "endpoint")?;
    let address = reader.checked_address("graph.endpoint", &text, &text.text)?;
    let address = trimmed(&address);
    if let Some((_, version)) = address.rsplit_once('/').filter(|(_, last)| *last == "beta") {
        let message = format!("the endpoint is of the version '{version}'");
        reader.wrong(
            &text.span,
            message,
            "only v1.0 is spoken: end the address with /v1.0, or with the host",
        );
        return None;
    }
    Some(trimmed(address.strip_suffix("/v1.0").unwrap_or(&address)))
}

fn identity<'t>(reader: &mut Reader<'_, 't, '_>, section: Section<'_, 't>, prefix: &str) -> Option<Identity> {
    let named = |key: &str| format!("{prefix}.{key}");
    let auth = reader.word(section, "auth", &named("auth"), &AUTHS, None);
    let client_id = if may_lack_client_id(auth) {
        reader.guid_if_given(section, "client_id", &named("client_id"))
    } else {
        let hint = "write the application's (client) id: client_id = \"…\"";
        reader.guid(section, "client_id", &named("client_id"), hint)
    };
    let auth = auth?;
    for (key, way) in FOR.iter().filter(|(_, way)| *way != auth) {
        reader.useless(section, &[key], &format!("auth = \"{way}\""));
    }
    let read = match auth {
        "certificate" => {
            let hint = "name the certificate's file: certificate = { file = \"app.crt.pem\" }";
            let certificate = reader.required_file_table(section, "certificate", &named("certificate"), hint);
            let why = "signing in with a certificate needs its private key";
            let key = secret::required(reader, section, "key", &named("key"), why);
            Auth::Certificate { certificate: certificate?, key: key? }
        }
        "client-secret" => {
            let why = "signing in with a client secret needs it";
            Auth::ClientSecret { secret: secret::required(reader, section, "secret", &named("secret"), why)? }
        }
        "token" => {
            let why = "a token from outside must be kept somewhere";
            Auth::Token { token: secret::required(reader, section, "token", &named("token"), why)? }
        }
        "device-code" => Auth::DeviceCode,
        "managed-identity" => Auth::ManagedIdentity,
        _ => Auth::WorkloadIdentity { token_file: reader.file(section, "token_file", &named("token_file")) },
    };
    (may_lack_client_id(Some(auth)) || client_id.is_some()).then_some(Identity { client_id, auth: read })
}

/// The platform, or whoever made the token, knows which application it is.
fn may_lack_client_id(auth: Option<&str>) -> bool {
    matches!(auth, Some("managed-identity" | "workload-identity" | "token"))
}

fn trimmed(address: &str) -> String {
    address.trim_end_matches('/').to_owned()
}
