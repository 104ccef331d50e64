//! What the binary hands to the command line: the targets it can reach and the files that it carries.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use contracts::Targets;
use model::Failure;

/// Built once, in the binary. A customer's binary builds its own.
#[derive(Clone, Copy, Debug)]
pub struct Wiring {
    /// Opens what depends on the state folder. Must not write before it is used.
    pub open: fn(&Path) -> Result<Opened, Failure>,
    /// The shipped workflows: path below `workflows/`, text.
    pub workflows: &'static [(&'static str, &'static str)],
    /// The error pages: code, text.
    pub error_pages: &'static [(&'static str, &'static str)],
}

/// The targets of one state folder.
#[derive(Clone)]
pub struct Opened {
    pub targets: Arc<dyn Targets>,
    pub simulator: Arc<dyn Simulator>,
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
