//! Target files: an Exchange organisation and a tenant, how to reach them, and where their secrets are kept.
//!
//! Read like manifests: every mistake is found at its line and column, unknown keys are refused with a suggestion, and
//! every value keeps where it came from. A secret's value never stands in the file and is never repeated from it.

mod exchange;
mod graph;
mod reader;
mod secret;
mod shown;

use std::path::{Path, PathBuf};

use model::{Code, Failure, Place};

use crate::Finding;
use crate::document::Document;
use crate::walk::Section;

pub use exchange::{Exchange, Local, Remote, RemoteAuth, Startup};
pub use graph::{Auth, CLOUDS, Graph, Identity};
pub use secret::{SecretPlace, is_keyring_name};

use reader::Reader;

/// What a target file says, checked as far as that can be done without looking at anything else.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetFile {
    /// The tenant's id, in lower case.
    pub tenant: String,
    pub exchange: Exchange,
    /// Absent only where Exchange is simulated: then the tenant of the same world is meant.
    pub graph: Option<Graph>,
    /// Everything that was set or defaulted, in the order of the file format, for showing.
    pub settings: Vec<Setting>,
}

/// One value as it is in force, and where it came from. A secret shows where it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `exchange.uri`.
    pub name: String,
    pub value: String,
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    At { file: String, line: usize, column: usize },
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::At { file, line, column } => write!(out, "{file}:{line}:{column}"),
            Origin::Default => out.write_str("default"),
        }
    }
}

/// A value that is used later, with the place to point at when that fails.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<T> {
    pub value: T,
    pub place: Place,
}

/// What is known outside of this crate.
#[derive(Clone, Copy)]
pub struct Rules<'r> {
    /// Which web addresses may be spoken to; why not, where not. It must not repeat credentials.
    pub address: &'r dyn Fn(&str) -> Result<(), String>,
    /// Whether this machine runs Windows: decides which PowerShell is the local one.
    pub windows: bool,
}

impl std::fmt::Debug for Rules<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Rules").field("windows", &self.windows).finish_non_exhaustive()
    }
}

/// Reads a target file. `shown` is the file's name in messages; `folder` is where its relative paths are meant from.
pub fn read_target(
    shown: &str,
    folder: &Path,
    text: &str,
    rules: Rules<'_>,
) -> Result<TargetFile, Vec<Finding>> {
    let document = Document::new(shown.to_owned(), text);
    let read = match document.parse(Code::TargetFile) {
        Ok(table) => {
            let mut reader = Reader::new(&document, folder, rules);
            let target = whole(&mut reader, Section { name: "a target file", table: &table, at: (0, 0) });
            let (findings, settings) = reader.finish();
            match target {
                Some(target) if findings.is_empty() => Ok(TargetFile { settings, ..target }),
                _ => Err(findings),
            }
        }
        Err(findings) => Err(findings),
    };
    read.map_err(|mut findings| {
        // Whatever is drawn must not show what somebody may have written where it does not belong.
        for place in findings.iter_mut().filter_map(|finding| finding.failure.place.as_mut()) {
            place.text = place.text.as_deref().map(shown::without_values);
        }
        Finding::sort(&mut findings);
        if findings.is_empty() {
            let failure = Failure::bug("a target file was refused without a reason");
            findings.push(Finding::of_file(failure, shown));
        }
        findings
    })
}

fn whole<'t>(reader: &mut Reader<'_, 't, '_>, root: Section<'_, 't>) -> Option<TargetFile> {
    reader.known_keys(root, &["tenant", "exchange", "graph"]);
    let tenant = reader.guid(root, "tenant", "tenant", "write the tenant's id: tenant = \"8c1f…\"");
    let exchange = if let Some((key, value)) = root.table.get_key_value("exchange") {
        let section = reader.walk.table("[exchange]", &key.span(), value);
        section.and_then(|section| exchange::read(reader, section))
    } else {
        reader.lacks(root, "[exchange]", "say how Exchange is reached: [exchange], transport, uri, auth");
        None
    };
    let graph = match root.table.get_key_value("graph") {
        Some((key, value)) => Some(
            reader.walk.table("[graph]", &key.span(), value).and_then(|section| graph::read(reader, section)),
        ),
        None => None,
    };
    if graph.is_none() && exchange.as_ref().is_some_and(|exchange| !matches!(exchange, Exchange::Sim { .. }))
    {
        reader.lacks(root, "[graph]", "say how to sign in to the tenant: [graph], client_id, auth");
    }
    let graph = match graph {
        Some(read) => Some(read?),
        None => None,
    };
    Some(TargetFile { tenant: tenant?, exchange: exchange?, graph, settings: Vec::new() })
}

impl TargetFile {
    /// What must stay as it is while a run goes on, in words: the run is refused when it differs.
    pub fn identity(&self) -> String {
        let exchange = match &self.exchange {
            Exchange::Remote(remote) => remote.uri.clone(),
            Exchange::Local(_) => "the Exchange server this runs on".to_owned(),
            Exchange::Sim { world, .. } => format!("the simulated world {world}"),
        };
        let graph = self.graph.as_ref().map_or_else(
            || "its tenant".to_owned(),
            |graph| graph.endpoint.clone().unwrap_or_else(|| format!("Graph of the cloud {}", graph.cloud)),
        );
        format!("tenant {}, {exchange}, {graph}", self.tenant)
    }

    /// The secrets that the file names, by the names that host modules ask for.
    pub fn secrets(&self) -> Vec<(String, Found<SecretPlace>)> {
        let mut secrets = Vec::new();
        if let Exchange::Remote(Remote { auth: RemoteAuth::Basic { password, .. }, .. }) = &self.exchange {
            secrets.push(("exchange.password".to_owned(), password.clone()));
        }
        if let Some(graph) = &self.graph {
            let identities = [("graph", Some(&graph.read)), ("graph.write", graph.write.as_ref())];
            for (section, identity) in identities.into_iter().filter_map(|(name, one)| Some((name, one?))) {
                if let Some((key, place)) = identity.auth.secret() {
                    secrets.push((format!("{section}.{key}"), place.clone()));
                }
            }
        }
        secrets
    }

    /// Where Exchange's web services are published, as far as the file says: the metadata document's host, else the
    /// server's own.
    pub fn exchange_host(&self) -> Option<String> {
        self.exchange_hosts().into_iter().next()
    }

    /// Every address of Exchange that the file names: where it is published, then the server's own.
    pub fn exchange_hosts(&self) -> Vec<String> {
        let (metadata_url, uri) = match &self.exchange {
            Exchange::Remote(remote) => (remote.metadata_url.as_deref(), Some(remote.uri.as_str())),
            Exchange::Local(local) => (local.metadata_url.as_deref(), None),
            Exchange::Sim { .. } => (None, None),
        };
        [metadata_url, uri].into_iter().flatten().filter_map(origin).map(str::to_owned).collect()
    }
}

/// Scheme, host and port of a web address: `https://mail.contoso.com`.
fn origin(url: &str) -> Option<&str> {
    let start = url.find("://")? + 3;
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    Some(&url[..end])
}

/// A path of the file's, from where the file stands.
fn path_from(folder: &Path, text: &str) -> PathBuf {
    folder.join(text)
}
