//! `[exchange]`: how Exchange is reached.

use std::path::PathBuf;

use super::Found;
use super::reader::Reader;
use super::secret::{self, SecretPlace};
use crate::walk::{Section, Text};

#[derive(Clone, Debug, PartialEq)]
pub enum Exchange {
    /// PowerShell remoting to an Exchange server.
    Remote(Remote),
    /// A PowerShell process of this machine, on the Exchange server itself.
    Local(Local),
    /// A kept simulated world, as in `--target sim:WORLD`.
    Sim { world: String },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Remote {
    /// `https://ex01.contoso.com/PowerShell/`.
    pub uri: String,
    pub auth: RemoteAuth,
    /// PEM of the only authorities to trust.
    pub ca_file: Option<Found<PathBuf>>,
    /// Basic over plain http, on loopback only.
    pub allow_http: bool,
    /// The session configuration; `None`: Exchange's own.
    pub configuration: Option<String>,
    pub metadata_url: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RemoteAuth {
    Basic { user: String, password: Found<SecretPlace> },
    Kerberos,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Local {
    /// `powershell.exe`, `pwsh`, or a path to either.
    pub program: String,
    pub startup: Startup,
    pub ca_file: Option<Found<PathBuf>>,
    pub metadata_url: Option<String>,
}

/// What a local session begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Startup {
    /// Loads the Exchange Management Shell, so that Exchange's own permissions hold.
    Exchange,
    Nothing,
}

const KEYS: [&str; 12] = [
    "transport",
    "uri",
    "auth",
    "user",
    "password",
    "ca_file",
    "allow_http",
    "configuration",
    "metadata_url",
    "program",
    "startup",
    "world",
];

pub(super) fn read<'t>(reader: &mut Reader<'_, 't, '_>, section: Section<'_, 't>) -> Option<Exchange> {
    reader.known_keys(section, &KEYS);
    let transports = ["remote", "local", "sim"];
    match reader.word(section, "transport", "exchange.transport", &transports, Some("remote"))? {
        "remote" => {
            reader.useless(section, &["program", "startup"], "transport = \"local\"");
            reader.useless(section, &["world"], "transport = \"sim\"");
            remote(reader, section).map(Exchange::Remote)
        }
        "local" => {
            reader.useless(section, &REMOTE_ONLY, "transport = \"remote\"");
            reader.useless(section, &["world"], "transport = \"sim\"");
            local(reader, section).map(Exchange::Local)
        }
        _ => {
            reader.useless(section, &REMOTE_ONLY, "transport = \"remote\"");
            reader.useless(section, &["ca_file", "metadata_url"], "transport = \"remote\" or \"local\"");
            reader.useless(section, &["program", "startup"], "transport = \"local\"");
            let hint = "name the simulated world, as in --target sim:NAME: world = \"lab\"";
            let world = reader.required(section, "world", "exchange.world", hint)?;
            Some(Exchange::Sim { world: world.text })
        }
    }
}

const REMOTE_ONLY: [&str; 6] = ["uri", "auth", "user", "password", "allow_http", "configuration"];

fn remote<'t>(reader: &mut Reader<'_, 't, '_>, section: Section<'_, 't>) -> Option<Remote> {
    let hint = "name the server itself: uri = \"https://ex01.contoso.com/PowerShell/\"";
    let uri = reader.walk.required(section, "uri", hint);
    let auth = reader.word(section, "auth", "exchange.auth", &["basic", "kerberos"], None);
    let uri = uri.and_then(|text| match auth {
        // Kerberos seals every message itself; that is how Exchange is mostly reached.
        Some("kerberos") => {
            let judged = text.text.trim().replacen("http://", "https://", 1);
            reader.checked_address("exchange.uri", &text, &judged)
        }
        _ => reader.checked_address("exchange.uri", &text, &text.text),
    });
    let secret = match auth {
        Some("basic") => {
            let hint = "write the account: user = \"admin@contoso.com\"";
            let user = reader.required(section, "user", "exchange.user", hint);
            let why = "basic signs in with a password";
            let password = secret::required(reader, section, "password", "exchange.password", why);
            user.zip(password).map(|(user, password)| RemoteAuth::Basic { user: user.text, password })
        }
        Some(_) => {
            reader.useless(section, &["user", "password", "allow_http"], "auth = \"basic\"");
            Some(RemoteAuth::Kerberos)
        }
        None => None,
    };
    let ca_file = reader.file(section, "ca_file", "exchange.ca_file");
    let allow_http = match auth {
        Some("basic") => reader.flag(section, "allow_http", "exchange.allow_http", false),
        _ => false,
    };
    if auth == Some("basic")
        && !allow_http
        && uri.as_deref().is_some_and(|uri| uri.starts_with("http:"))
        && let Some(text) = reader.walk.text(section, "uri")
    {
        let hint = "use https; on this machine alone, allow_http = true permits it";
        reader.wrong(&text.span, "a password would travel in the clear over http".to_owned(), hint);
    }
    let configuration = reader.text(section, "configuration", "exchange.configuration");
    if configuration.is_none() && !section.table.contains_key("configuration") {
        reader.default("exchange.configuration", "Exchange's own");
    }
    let metadata_url = reader.address(section, "metadata_url", "exchange.metadata_url");
    Some(Remote {
        uri: uri?,
        auth: secret?,
        ca_file,
        allow_http,
        configuration: configuration.map(|text: Text| text.text),
        metadata_url,
    })
}

fn local<'t>(reader: &mut Reader<'_, 't, '_>, section: Section<'_, 't>) -> Option<Local> {
    let usual = if reader.rules.windows { "powershell.exe" } else { "pwsh" };
    let program = match reader.text(section, "program", "exchange.program") {
        // A bare name is looked for where programs are; a path is meant from where the file stands.
        Some(text) if text.text.contains(['/', '\\']) => {
            super::path_from(reader.folder, &text.text).display().to_string()
        }
        Some(text) => text.text,
        None if section.table.contains_key("program") => return None,
        None => {
            reader.default("exchange.program", usual);
            usual.to_owned()
        }
    };
    let startups = ["exchange", "none"];
    let startup = match reader.word(section, "startup", "exchange.startup", &startups, Some("exchange"))? {
        "exchange" => Startup::Exchange,
        _ => Startup::Nothing,
    };
    let ca_file = reader.file(section, "ca_file", "exchange.ca_file");
    let metadata_url = reader.address(section, "metadata_url", "exchange.metadata_url");
    Some(Local { program, startup, ca_file, metadata_url })
}
