//! From what a target file says to the host modules that reach it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cli::Opening;
use contracts::HostModule;
use exchange::{ExchangeModule, ExchangeShell, MetadataSource, RemotingShell};
use graph::{GraphModule, SignIns};
use manifest::target::{Exchange, Found, Local, Remote, RemoteAuth, Startup, TargetFile};
use model::{Class, Code, Failure, RunId};
use oauth::OauthModule;
use powershell::{Connection, EXCHANGE_CONFIGURATION, LocalSettings, RemoteSettings};
use x509::X509Module;

use super::{host_name, tenant};
use crate::sim::SimTargets;

/// Loads the Exchange Management Shell as its own shortcut does: with Exchange's permissions, which the bare snap-in
/// goes around.
// unconfirmed: read in documents, never run on an Exchange server.
const STARTUP: &str = ". (Join-Path $env:ExchangeInstallPath 'bin\\RemoteExchange.ps1'); \
                       Connect-ExchangeServer -auto -ClientApplication:ManagementShell";

/// How long a server may hold a question for output open before it says that there is none yet.
const POLL: Duration = Duration::from_secs(20);

/// Everything that a run against the target may call.
pub(crate) async fn modules(
    file: &TargetFile,
    opening: &Opening,
    sim: &SimTargets,
    sign_ins: &SignIns,
    run: Option<RunId>,
) -> Result<Vec<Arc<dyn HostModule>>, Failure> {
    let graph = match &file.graph {
        Some(graph) => Some(GraphModule::sharing(tenant::settings(&file.tenant, graph, opening)?, sign_ins)),
        None => None,
    };
    let (connection, metadata_url, ca_file) = match &file.exchange {
        Exchange::Sim { world } => {
            return sim.modules(&format!("sim:{world}"), run, Some(&file.tenant), graph).await;
        }
        Exchange::Remote(one) => (remote(one)?, one.metadata_url.as_ref(), one.ca_file.as_ref()),
        Exchange::Local(one) => (local(one), one.metadata_url.as_ref(), one.ca_file.as_ref()),
    };
    let graph = graph.ok_or_else(|| Failure::bug("a target without a simulator has a [graph]"))?;
    let only_roots = roots(ca_file)?;
    let metadata =
        metadata_url.map(|url| MetadataSource { url: url.clone(), only_roots: only_roots.clone() });
    let ews = file.exchange_host().map(|origin| format!("{}/ews/exchange.asmx", published(&origin)));
    let shell: Arc<dyn ExchangeShell> = Arc::new(RemotingShell::new(connection));
    Ok(vec![
        Arc::new(ExchangeModule::new(shell, metadata)),
        Arc::new(graph),
        Arc::new(X509Module::new()),
        Arc::new(OauthModule::new(ews, only_roots)),
    ])
}

/// Sealed remoting may use plain http; web services are published over https, at the usual port.
fn published(origin: &str) -> String {
    match host_name(origin) {
        Some(host) if http::address(origin).is_err() => format!("https://{host}"),
        _ => origin.to_owned(),
    }
}

fn remote(one: &Remote) -> Result<Connection, Failure> {
    Ok(Connection::Remote(RemoteSettings {
        uri: one.uri.clone(),
        auth: match &one.auth {
            RemoteAuth::Basic { user, .. } => {
                powershell::RemoteAuth::Basic { user: user.clone(), password: "exchange.password".to_owned() }
            }
            RemoteAuth::Kerberos => powershell::RemoteAuth::Kerberos,
        },
        configuration: one.configuration.clone().unwrap_or_else(|| EXCHANGE_CONFIGURATION.to_owned()),
        only_roots: roots(one.ca_file.as_ref())?,
        allow_http: one.allow_http,
        poll: POLL,
    }))
}

fn local(one: &Local) -> Connection {
    // Without a version, Windows PowerShell starts in the mode of 2.0.
    let windows_powershell =
        PathBuf::from(&one.program).file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case("powershell"));
    let version: &[&str] = if windows_powershell { &["-Version", "5.1"] } else { &[] };
    let arguments = version.iter().chain(&["-s", "-NoLogo", "-NoProfile"]).map(|one| (*one).to_owned());
    Connection::Local(LocalSettings {
        program: PathBuf::from(&one.program),
        arguments: arguments.collect(),
        startup: match one.startup {
            Startup::Exchange => Some(STARTUP.to_owned()),
            Startup::Nothing => None,
        },
    })
}

/// The authorities of a file, as PEM.
fn roots(file: Option<&Found<PathBuf>>) -> Result<Option<Vec<u8>>, Failure> {
    file.map(read).transpose()
}

/// A file that a target file names, whole.
pub(super) fn read(file: &Found<PathBuf>) -> Result<Vec<u8>, Failure> {
    std::fs::read(&file.value).map_err(|cause| {
        let message = format!("{} cannot be read: {cause}", file.value.display());
        Failure::new(Code::TargetFile, Class::Denied, message)
            .hint("paths are meant from where the target file stands")
            .at(file.place.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_services_are_asked_over_https_unless_they_are_on_this_machine() {
        for (origin, expected) in [
            ("https://mail.contoso.com", "https://mail.contoso.com"),
            ("https://ex01.contoso.com:444", "https://ex01.contoso.com:444"),
            ("http://ex01.contoso.com", "https://ex01.contoso.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(published(origin), expected);
        }
    }
}
