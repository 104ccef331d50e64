//! What the binary hands to the command line: the targets it can reach and the files that it carries.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use contracts::{SecretText, Targets};
use manifest::target::{SecretPlace, Setting};
use model::{Binding, Failure, Finding};
use prove::Laboratory;

use crate::inspector::Inspector;

/// One variable of this process's environment, for the programs that may see it.
pub type Variable = fn(&str) -> Option<OsString>;

/// Built once, in the binary. A customer's binary builds its own.
#[derive(Clone, Copy, Debug)]
pub struct Wiring {
    /// Opens what depends on this process. Must not write before it is used.
    pub open: fn(&Opening) -> Result<Opened, Failure>,
    /// Where `footbridge test` makes its worlds.
    pub laboratory: fn(Variable) -> Arc<dyn Laboratory>,
    /// Reads certificates, tokens and recordings for `inspect` and `trace`.
    pub inspector: &'static dyn Inspector,
    /// The shipped workflows: path below `workflows/`, text.
    pub workflows: &'static [(&'static str, &'static str)],
    /// The error pages: code, text.
    pub error_pages: &'static [(&'static str, &'static str)],
}

/// What targets may know of the process they are opened in; the rest is none of their business.
#[derive(Clone)]
pub struct Opening {
    /// Where runs and simulated worlds are kept.
    pub state: PathBuf,
    /// Where target files are looked for by name, in this order; absolute.
    pub target_folders: Vec<PathBuf>,
    pub secrets: Arc<dyn SecretReader>,
    /// Shows a person at once what they must act on, such as a code to enter elsewhere.
    pub tell: Arc<dyn Fn(&str) + Send + Sync>,
    pub platform: Platform,
    pub variable: Variable,
}

/// What the platform says about the identity that it lends to this process.
#[derive(Clone, Debug, Default)]
pub struct Platform {
    /// Where an App Service gives out tokens, and the secret that it wants to hear.
    pub identity_endpoint: Option<String>,
    pub identity_header: Option<SecretText>,
    /// A federated token's file and the application it is for.
    pub token_file: Option<PathBuf>,
    pub client_id: Option<String>,
}

pub trait SecretReader: Send + Sync {
    /// From the place that a target file names.
    fn read(&self, place: &SecretPlace) -> Result<SecretText, Failure>;

    /// One that no target file names, from the settings of this process.
    fn named(&self, name: &str) -> Result<SecretText, Failure>;
}

/// What one process can reach.
#[derive(Clone)]
pub struct Opened {
    pub targets: Arc<dyn Targets>,
    pub target_files: Arc<dyn TargetFiles>,
    pub simulator: Arc<dyn Simulator>,
}

/// The targets that have a name or a file, before any is opened.
pub trait TargetFiles: Send + Sync {
    /// What was meant by `--target`, or everything that is wrong with it at once.
    fn find(&self, typed: &str) -> Result<Named, Vec<Finding>>;
}

/// A target that was found.
#[derive(Clone, Debug)]
pub struct Named {
    /// As runs show it.
    pub name: String,
    /// Opens it from any folder.
    pub reference: String,
    /// What is in force, with where each value came from; empty for the simulator's own targets.
    pub settings: Vec<Setting>,
    /// What the name stands for; `None` for the simulator's own, whose name is enough.
    pub binding: Option<Binding>,
    /// The secrets it names, by the names that host modules ask for, and where each is kept.
    pub secrets: Vec<(String, SecretPlace)>,
}

/// What `footbridge simulate` does.
#[async_trait]
pub trait Simulator: Send + Sync {
    /// The worlds and fault profiles that a simulation can start from.
    fn worlds(&self) -> Vec<String>;

    fn faults(&self) -> Vec<String>;

    /// Makes the kept world `name` fresh. Answers in one sentence.
    fn reset(&self, name: &str, world: Option<&str>, faults: Option<&str>) -> Result<String, Failure>;

    /// Serves the kept world `name` until the answer is dropped.
    async fn serve(
        &self,
        name: &str,
        world: Option<&str>,
        faults: Option<&str>,
    ) -> Result<Foreground, Failure>;
}

/// A simulation at work.
pub struct Foreground {
    /// Addresses and the like, by name, for people and programs.
    pub facts: Vec<(String, String)>,
    /// Whatever must live as long as the simulation.
    pub keep: Box<dyn std::any::Any + Send>,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Opening").field("state", &self.state).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Opened")
    }
}

impl std::fmt::Debug for Foreground {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Foreground").field("facts", &self.facts).finish_non_exhaustive()
    }
}
