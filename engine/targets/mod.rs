//! Every target that this binary opens: the simulator's own, and those that have a file.

mod connect;
mod folders;
pub(crate) mod own;
mod secrets;
mod tenant;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use cli::{Named, Opening, TargetFiles};
use contracts::{HostModule, Session, TargetFacts, Targets};
use graph::SignIns;
use manifest::target::{Exchange, Rules, TargetFile, read_target};
use model::{Binding, Class, Code, Failure, Finding, FunctionSpec, OwnModule, RunId};
use process::{ProcessModule, Surroundings};

use crate::sim::SimTargets;
use folders::Located;
use secrets::FileSecrets;

/// More than any target file of a person's.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

pub(crate) struct AllTargets {
    sim: SimTargets,
    opening: Opening,
    /// Whoever signed in to a tenant for a plan is not asked again for its run.
    sign_ins: SignIns,
}

impl AllTargets {
    pub(crate) fn new(opening: &Opening, sim: SimTargets) -> AllTargets {
        AllTargets { sim, opening: opening.clone(), sign_ins: SignIns::default() }
    }

    /// The simulator's own target that stands behind a name, where one does.
    fn simulated(&self, name: &str) -> Result<Option<String>, Failure> {
        if is_simulator(name) {
            return Ok(Some(name.to_owned()));
        }
        Ok(match self.read(name).map_err(first)?.1.exchange {
            Exchange::Sim { world } => Some(format!("sim:{world}")),
            Exchange::Remote(_) | Exchange::Local(_) => None,
        })
    }

    /// The file behind a name or reference, read and judged.
    fn read(&self, typed: &str) -> Result<(Located, TargetFile), Vec<Finding>> {
        let located =
            folders::locate(typed, &self.opening.target_folders).map_err(|failure| vec![bare(failure)])?;
        let text = text_of(&located.path).map_err(|failure| vec![bare(failure)])?;
        let folder = located.path.parent().unwrap_or(Path::new(""));
        let address = |text: &str| http::address(text).map(|_| ()).map_err(|error| error.to_string());
        let rules = Rules { address: &address, windows: cfg!(windows) };
        let file = read_target(&located.shown, folder, &text, rules)?;
        Ok((located, file))
    }
}

#[async_trait]
impl Targets for AllTargets {
    async fn open(&self, name: &str, run: Option<RunId>) -> Result<Session, Failure> {
        if is_simulator(name) {
            return self.sim.open(name, run).await;
        }
        let (located, file) = self.read(name).map_err(first)?;
        let binding = Binding { reference: located.reference, identity: file.identity() };
        let modules = connect::modules(&file, &self.opening, &self.sim, &self.sign_ins, run).await?;
        let secrets = FileSecrets::new(&file, &self.opening);
        Ok(Session {
            target: located.name,
            binding: Some(binding),
            modules,
            approves_itself: None,
            secrets: Some(Arc::new(secrets)),
        })
    }

    fn functions(&self) -> Vec<FunctionSpec> {
        self.sim.functions()
    }

    fn own(
        &self,
        name: &str,
        run: Option<RunId>,
        module: &OwnModule,
    ) -> Result<Arc<dyn HostModule>, Failure> {
        let world = match self.simulated(name)? {
            Some(simulated) => Some(own::world_beside(self.sim.world_file(&simulated, run)?, module)?),
            None => None,
        };
        let surroundings = Surroundings { variable: self.opening.variable, world };
        Ok(Arc::new(ProcessModule::new(module.clone(), surroundings)?))
    }

    async fn facts(&self, name: &str) -> Result<TargetFacts, Failure> {
        if is_simulator(name) {
            return self.sim.facts(name).await;
        }
        let (_, file) = self.read(name).map_err(first)?;
        match &file.exchange {
            Exchange::Sim { world } => {
                let facts = self.sim.facts(&format!("sim:{world}")).await?;
                Ok(TargetFacts { tenant: file.tenant, ..facts })
            }
            Exchange::Remote(_) | Exchange::Local(_) => {
                let origins = file.exchange_hosts();
                let hosts = origins.iter().filter_map(|one| host_name(one)).map(str::to_owned).collect();
                Ok(TargetFacts { tenant: file.tenant, domains: Vec::new(), hosts })
            }
        }
    }
}

impl TargetFiles for AllTargets {
    fn find(&self, typed: &str) -> Result<Named, Vec<Finding>> {
        if is_simulator(typed) {
            return Ok(Named {
                name: typed.to_owned(),
                reference: typed.to_owned(),
                settings: Vec::new(),
                binding: None,
                secrets: Vec::new(),
            });
        }
        let (located, file) = self.read(typed)?;
        let binding = Binding { reference: located.reference.clone(), identity: file.identity() };
        let secrets = file.secrets().into_iter().map(|(name, found)| (name, found.value)).collect();
        Ok(Named {
            name: located.name,
            reference: located.reference,
            settings: file.settings,
            binding: Some(binding),
            secrets,
        })
    }
}

fn is_simulator(name: &str) -> bool {
    name == "sim" || name.starts_with("sim:")
}

/// One that concerns no place in a file.
fn bare(failure: Failure) -> Finding {
    Finding { failure, width: 0 }
}

/// Whoever opens a target for a run is told of one mistake; `find` told of all before.
fn first(findings: Vec<Finding>) -> Failure {
    let first = findings.into_iter().next().map(|finding| finding.failure);
    first.unwrap_or_else(|| Failure::bug("a target was refused without a reason"))
}

fn text_of(path: &Path) -> Result<String, Failure> {
    let failed = |why: String| {
        Failure::new(Code::TargetFile, Class::Denied, format!("{} cannot be read: {why}", path.display()))
            .hint("a target file is UTF-8 text in TOML")
    };
    let length = std::fs::metadata(path).map_err(|cause| failed(cause.to_string()))?.len();
    if length > FILE_BYTES_MAX {
        return Err(failed(format!("it has {length} bytes; at most {FILE_BYTES_MAX} are read")));
    }
    let bytes = std::fs::read(path).map_err(|cause| failed(cause.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8 text".to_owned()))?;
    // Editors on Windows like to begin a file with a byte order mark.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

/// `https://mail.contoso.com:444` names the host `mail.contoso.com`.
fn host_name(origin: &str) -> Option<&str> {
    let authority = origin.split_once("://")?.1;
    let end = if authority.starts_with('[') {
        authority.find(']').map_or(authority.len(), |at| at + 1)
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    Some(&authority[..end])
}
