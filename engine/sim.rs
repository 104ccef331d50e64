//! The simulated targets: `sim`, thrown away after each run, and `sim:NAME`, kept. Adapters of the simulator to our traits.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use contracts::{
    CallContext, HostCall, HostModule, HostReply, SecretText, Session, TargetFacts, Targets, WireRequest,
};
use exchange::{Command, ExchangeModule, ExchangeShell, MetadataSource, Reply, ShellError, ShellErrorKind};
use graph::{Credential, GraphModule, GraphSettings, Identity};
use model::{Class, Code, Failure, FunctionSpec, RunId};
use sim::{CmdletError, ErrorKind, Tenant, World, WorldError, WorldSpec};
use tokio::sync::OnceCell;

/// The client that signs in to a simulated tenant which accepts any.
const CLIENT_ID: &str = "5e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10";
/// The application whose service principal `doctor` looks for: the one that the shipped workflow is about.
pub(crate) const PARTNER_APPLICATION: &str = "00000004-0000-0ff1-ce00-000000000000";
/// A world's file may still be held for a moment by the session that was just closed; tried again this often and this
/// long apart, two seconds in all.
const HELD_TRIES: u32 = 100;
const HELD_WAIT: Duration = Duration::from_millis(20);

type SpecFor = dyn Fn(&str) -> Result<WorldSpec, Failure> + Send + Sync;

/// Opens simulated targets. A world file is opened once per value of this type and shared by all its sessions; it is
/// let go when the value and all sessions are dropped.
pub(crate) struct SimTargets {
    folder: PathBuf,
    spec_for: Box<SpecFor>,
    open: Mutex<HashMap<String, Arc<OpenWorld>>>,
    /// Held while a world is opened, so that no file is opened twice.
    opening: tokio::sync::Mutex<()>,
    functions: Vec<FunctionSpec>,
}

/// A world, and its tenant on a socket of this machine once somebody needs it.
struct OpenWorld {
    world: World,
    tenant: OnceCell<Tenant>,
}

/// A target's name, understood.
#[derive(Debug, PartialEq, Eq)]
enum Name<'a> {
    ThrowAway,
    Kept(&'a str),
}

impl OpenWorld {
    fn new(world: World) -> OpenWorld {
        OpenWorld { world, tenant: OnceCell::new() }
    }

    async fn served(&self) -> Result<&Tenant, Failure> {
        let serve = || async {
            let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
            sim::serve(self.world.clone(), address).await.map_err(|error| {
                Failure::new(
                    Code::Simulator,
                    Class::Transient,
                    format!("serve the simulated tenant on 127.0.0.1: {error}"),
                )
            })
        };
        self.tenant.get_or_try_init(serve).await
    }
}

impl SimTargets {
    /// Worlds are kept under `state_dir/sim`. `spec_for` gives the world that a target's name begins with.
    pub(crate) fn new(
        state_dir: PathBuf,
        spec_for: impl Fn(&str) -> Result<WorldSpec, Failure> + Send + Sync + 'static,
    ) -> SimTargets {
        SimTargets {
            folder: state_dir.join("sim"),
            spec_for: Box::new(spec_for),
            open: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            functions: [exchange::functions(), graph::functions(), x509::functions(), oauth::functions()]
                .concat(),
        }
    }

    /// Opens one world in memory under `name`, a kept target's, and nothing else.
    pub(crate) fn around(name: &str, world: World) -> SimTargets {
        let targets = SimTargets::new(PathBuf::new(), |name| {
            Err(Failure::invalid(Code::TargetUnknown, format!("there is no target '{name}' in a laboratory")))
        });
        targets.known().insert(name.to_owned(), Arc::new(OpenWorld::new(world)));
        targets
    }

    /// The world behind a key, if it is open: `sim:NAME`, or `run-ID` for the throw-away world of a run.
    #[allow(dead_code, reason = "for tests that include this file")]
    pub(crate) fn world(&self, key: &str) -> Option<World> {
        self.known().get(key).map(|open| open.world.clone())
    }

    /// Where the tenant of a target's world listens, by name.
    #[allow(dead_code, reason = "for tests that include this file")]
    pub(crate) async fn addresses(&self, name: &str) -> Result<Vec<(String, String)>, Failure> {
        let open = self.opened(name, None).await?;
        let tenant = open.served().await?;
        Ok(vec![
            ("sign-in".to_owned(), tenant.login_url()),
            ("graph".to_owned(), tenant.graph_url()),
            ("exchange".to_owned(), tenant.exchange_url()),
        ])
    }

    /// Opens (or begins) the world behind a target and gives it, so that it can be looked at or disturbed.
    #[allow(dead_code, reason = "for those who include this file and disturb worlds")]
    pub(crate) async fn open_world(&self, name: &str, run: Option<RunId>) -> Result<World, Failure> {
        Ok(self.opened(name, run).await?.world.clone())
    }

    /// The file of a kept target's world or of a run's throw-away world; `None` for planning on the throw-away one.
    #[allow(dead_code, reason = "for those who include this file and reset worlds")]
    pub(crate) fn world_file(&self, name: &str, run: Option<RunId>) -> Result<Option<PathBuf>, Failure> {
        Ok(key(name, run)?.map(|key| self.file(&key)))
    }

    async fn opened(&self, name: &str, run: Option<RunId>) -> Result<Arc<OpenWorld>, Failure> {
        let Some(key) = key(name, run)? else {
            // Planning looks at a fresh world of its own and leaves nothing behind.
            let world = World::new(&(self.spec_for)(name)?).map_err(|error| unusable(&error))?;
            return Ok(Arc::new(OpenWorld::new(world)));
        };
        let _opening = self.opening.lock().await;
        if let Some(known) = self.known().get(&key).cloned() {
            return Ok(known);
        }
        let spec = (self.spec_for)(name)?;
        fs::create_dir_all(&self.folder).map_err(|error| {
            Failure::new(
                Code::Simulator,
                Class::Denied,
                format!("make the simulator's folder {}: {error}", self.folder.display()),
            )
        })?;
        let world = self.open_file(&self.file(&key), &spec).await?;
        let fresh = Arc::new(OpenWorld::new(world));
        self.known().insert(key, Arc::clone(&fresh));
        Ok(fresh)
    }

    async fn open_file(&self, path: &Path, spec: &WorldSpec) -> Result<World, Failure> {
        let mut tries = 1;
        loop {
            match World::open(path, spec) {
                Err(WorldError::Held { .. }) if tries < HELD_TRIES => {
                    tries += 1;
                    tokio::time::sleep(HELD_WAIT).await;
                }
                other => return other.map_err(|error| unusable(&error)),
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<OpenWorld>>> {
        // Nothing that holds it can stop half way.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{}.json", key.strip_prefix("sim:").unwrap_or(key)))
    }
}

impl SimTargets {
    /// The host modules of a world. `tenant`: the only one that may be signed in to, where that is not the world's own.
    /// `graph`: instead of the one that signs in to the world's tenant.
    pub(crate) async fn modules(
        &self,
        name: &str,
        run: Option<RunId>,
        tenant: Option<&str>,
        graph: Option<GraphModule>,
    ) -> Result<Vec<Arc<dyn HostModule>>, Failure> {
        let open = self.opened(name, run).await?;
        let tenant_of_world = open.served().await?;
        let spec = open.world.spec();
        let web = tenant_of_world.exchange_url();
        let shell = Arc::new(SimShell { world: open.world.clone() });
        let metadata =
            MetadataSource { url: format!("{web}/autodiscover/metadata/json/1"), only_roots: None };
        let secret = spec.client_secret.clone().unwrap_or_else(|| "simulated".to_owned());
        let identity = Identity {
            client_id: spec.client_id.clone().unwrap_or_else(|| CLIENT_ID.to_owned()),
            credential: Credential::SecretText(SecretText::new(secret)),
        };
        let mut settings = GraphSettings::new(
            tenant_of_world.login_url(),
            tenant_of_world.graph_url(),
            tenant.unwrap_or(&spec.tenant).to_owned(),
            identity,
        );
        settings.probe_app_id = Some(PARTNER_APPLICATION.to_owned());
        let modules: [Arc<dyn HostModule>; 4] = [
            Arc::new(ExchangeModule::new(shell, Some(metadata))),
            Arc::new(graph.unwrap_or_else(|| GraphModule::new(settings))),
            Arc::new(x509::X509Module::new()),
            Arc::new(oauth::OauthModule::new(Some(format!("{web}/ews/exchange.asmx")), None)),
        ];
        Ok(modules
            .into_iter()
            .map(|module| Arc::new(Held::new(module, Arc::clone(&open))) as Arc<dyn HostModule>)
            .collect())
    }
}

#[async_trait]
impl Targets for SimTargets {
    async fn open(&self, name: &str, run: Option<RunId>) -> Result<Session, Failure> {
        let modules = self.modules(name, run, None, None).await?;
        let approves_itself =
            matches!(parsed(name)?, Name::ThrowAway).then(|| "the throw-away simulator".to_owned());
        Ok(Session { target: name.to_owned(), binding: None, modules, approves_itself, secrets: None })
    }

    fn functions(&self) -> Vec<FunctionSpec> {
        self.functions.clone()
    }

    async fn facts(&self, name: &str) -> Result<TargetFacts, Failure> {
        let kept = self.world_file(name, None)?.is_some_and(|file| file.exists());
        // A world that is not there yet is not begun by asking about it.
        let spec = if kept { self.open_world(name, None).await?.spec() } else { (self.spec_for)(name)? };
        Ok(TargetFacts {
            hosts: ["mail", "autodiscover"].map(|host| format!("{host}.{}", spec.domain)).to_vec(),
            tenant: spec.tenant,
            domains: vec![spec.domain, spec.initial_domain],
        })
    }
}

/// Under which name a world is kept; nothing for planning on the throw-away one.
fn key(name: &str, run: Option<RunId>) -> Result<Option<String>, Failure> {
    Ok(match (parsed(name)?, run) {
        (Name::Kept(_), _) => Some(name.to_owned()),
        (Name::ThrowAway, Some(run)) => Some(format!("run-{run}")),
        (Name::ThrowAway, None) => None,
    })
}

fn parsed(name: &str) -> Result<Name<'_>, Failure> {
    if name == "sim" {
        return Ok(Name::ThrowAway);
    }
    let unknown = |why: String| Failure::invalid(Code::TargetUnknown, why);
    let Some(kept) = name.strip_prefix("sim:") else {
        let near = name.to_ascii_lowercase();
        let hint = if near.trim() == "sim" || near.starts_with("simul") {
            "did you mean 'sim'?".to_owned()
        } else if let Some(kept) = near.strip_prefix("sim") {
            format!("did you mean 'sim:{}'?", kept.trim_start_matches([':', '-', '/', '.', '=', ' ']))
        } else {
            "targets are 'sim' (a fresh simulated organisation and tenant for each run) and 'sim:NAME' (a kept one)"
                .to_owned()
        };
        return Err(unknown(format!("there is no target '{name}'")).hint(hint));
    };
    let letters =
        |other: char| other.is_ascii_lowercase() || other.is_ascii_digit() || other == '-' || other == '_';
    let good = (1..=40).contains(&kept.len())
        && kept.chars().all(letters)
        && kept.starts_with(|other: char| other.is_ascii_lowercase() || other.is_ascii_digit());
    // The worlds of runs lie in the same folder under names of their own.
    if !good || kept.starts_with("run-") {
        return Err(unknown(format!("'{kept}' cannot name a simulated world")).hint(
            "up to 40 lower-case letters, digits, '-' and '_', beginning with a letter or digit and not with 'run-'; \
             e.g. sim:lab",
        ));
    }
    Ok(Name::Kept(kept))
}

fn unusable(error: &WorldError) -> Failure {
    let failure =
        Failure::new(Code::Simulator, Class::Denied, error.to_string()).evidence("code", error.code());
    match error {
        WorldError::Held { .. } => {
            failure.hint("another footbridge works on it: wait for it, or use another name")
        }
        WorldError::Format { .. } => {
            failure.hint("a newer footbridge wrote it; use that one or another name")
        }
        WorldError::Malformed { .. } => failure.hint("move the file away to begin anew"),
        WorldError::Read { .. } | WorldError::Write { .. } | WorldError::Spec(_) | WorldError::Action(_) => {
            failure
        }
    }
}

/// A module that keeps its world open as long as it lives.
struct Held {
    module: Arc<dyn HostModule>,
    /// The simulator's lag is counted in calls, never in time: its writes have settled when they answer.
    functions: Vec<FunctionSpec>,
    _open: Arc<OpenWorld>,
}

impl Held {
    fn new(module: Arc<dyn HostModule>, open: Arc<OpenWorld>) -> Held {
        let functions =
            module.functions().iter().map(|spec| FunctionSpec { settle_ms: 0, ..spec.clone() }).collect();
        Held { module, functions, _open: open }
    }
}

#[async_trait]
impl HostModule for Held {
    fn name(&self) -> &str {
        self.module.name()
    }

    fn functions(&self) -> &[FunctionSpec] {
        &self.functions
    }

    async fn call(&self, call: HostCall) -> Result<HostReply, Failure> {
        self.module.call(call).await
    }

    async fn describe(&self, call: HostCall) -> Result<Vec<WireRequest>, Failure> {
        self.module.describe(call).await
    }

    async fn examine(&self, context: Arc<dyn CallContext>) -> Vec<contracts::Check> {
        self.module.examine(context).await
    }

    async fn close(&self) {
        self.module.close().await;
    }
}

/// The simulated organisation as a shell.
struct SimShell {
    world: World,
}

#[async_trait]
impl ExchangeShell for SimShell {
    async fn invoke(&self, command: Command, _context: &dyn CallContext) -> Result<Reply, ShellError> {
        let world = self.world.clone();
        // A world in a file writes it before it answers.
        let answer =
            tokio::task::spawn_blocking(move || world.invoke(&command.cmdlet, &command.parameters)).await;
        match answer {
            Ok(Ok(reply)) => {
                Ok(Reply { objects: reply.objects, warnings: reply.warnings, ..Reply::default() })
            }
            Ok(Err(error)) => Err(shell_error(error)),
            Err(stopped) => Err(ShellError::new(
                ShellErrorKind::OutcomeUnknown,
                format!("the simulated shell stopped: {stopped}"),
            )),
        }
    }
}

fn shell_error(error: CmdletError) -> ShellError {
    ShellError {
        exception_types: vec![error.exception_type],
        error_id: error.fully_qualified_error_id,
        category: error.category_number,
        target: error.target,
        ..ShellError::new(
            match error.kind {
                ErrorKind::RefusedBeforeItRan => ShellErrorKind::RefusedBeforeItRan,
                ErrorKind::Failed => ShellErrorKind::Failed,
                ErrorKind::OutcomeUnknown => ShellErrorKind::OutcomeUnknown,
            },
            error.message,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, expected) in [
            ("sim", Some(Name::ThrowAway)),
            ("sim:lab", Some(Name::Kept("lab"))),
            ("sim:lab_2-b", Some(Name::Kept("lab_2-b"))),
            ("sim:", None),
            ("sim:../x", None),
            ("sim:Lab", None),
            ("sim:run-1", None),
            ("SIM", None),
            ("contoso", None),
        ] {
            let found = parsed(name);
            assert_eq!(found.as_ref().ok(), expected.as_ref(), "{name}");
            if let Err(failure) = found {
                assert_eq!((failure.code, failure.hint.is_some()), (Code::TargetUnknown, true), "{name}");
            }
        }
        assert!(parsed("sim-lab").unwrap_err().hint.unwrap().contains("sim:lab"));
    }

    #[tokio::test]
    async fn one_world_for_a_name_and_a_fresh_one_for_each_run() {
        let folder = tempfile::tempdir().unwrap();
        let targets = SimTargets::new(folder.path().to_owned(), |_| Ok(WorldSpec::default()));
        let lab = targets.open("sim:lab", None).await.unwrap();
        assert_eq!(lab.approves_itself, None);
        assert_eq!(
            lab.modules.iter().map(|module| module.name().to_owned()).collect::<Vec<_>>(),
            ["exchange", "graph", "x509", "oauth"]
        );
        let world = targets.world("sim:lab").unwrap();
        world.as_other_admin(&sim::Action::RollCertificate).unwrap();
        let again = targets.open_world("sim:lab", Some(RunId::new(1, 1))).await.unwrap();
        assert_eq!(again.ledger().len(), 1);

        let run = RunId::new(2, 2);
        let session = targets.open("sim", Some(run)).await.unwrap();
        assert!(session.approves_itself.is_some());
        assert!(targets.open_world("sim", Some(run)).await.unwrap().ledger().is_empty());
        assert!(targets.world(&format!("run-{run}")).is_some());
        assert!(folder.path().join("sim").join(format!("run-{run}.json")).exists());
        assert!(targets.world("sim").is_none());
        targets.open("sim", None).await.unwrap();
        assert!(targets.world("sim").is_none());

        drop((lab, session, targets, world, again));
        let reopened = SimTargets::new(folder.path().to_owned(), |_| Ok(WorldSpec::default()));
        assert_eq!(reopened.open_world("sim:lab", None).await.unwrap().ledger().len(), 1);
    }
}
