//! A host module of a customer's own: a program that speaks JSON lines, as `functions.toml` declares it and a run pins it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Digest, FunctionSpec};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnModule {
    /// The namespace in scripts.
    pub name: String,
    /// The program and its arguments; never empty. Relative words are looked for in `folder`.
    pub program: Vec<String>,
    /// What stands in for the program on simulated targets and in proofs; empty where nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub simulate: Vec<String>,
    /// Where the program runs: the declaring file's folder, absolute once it is pinned.
    pub folder: String,
    /// Files inside the folder that must still be what they were when they were pinned, by path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, Digest>,
    /// The variables of the environment that the program sees; no others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    /// The secrets that the program is handed with each call; no others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// How long one call may take.
    pub timeout_ms: u64,
    pub functions: Vec<FunctionSpec>,
    /// Where it is declared, so that an error can point at it.
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// The layer it came from: `shipped`, or the folder.
    pub origin: String,
}

impl OwnModule {
    /// The words of its commands that are paths and so may be files of its own: all but a bare program name, which is
    /// looked for as the system does.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let of = |command: &'_ [String]| -> Vec<usize> {
            let bare = command.first().is_some_and(|word| !is_path(word));
            (usize::from(bare)..command.len()).collect()
        };
        let program = of(&self.program).into_iter().map(|at| self.program[at].as_str());
        program.chain(of(&self.simulate).into_iter().map(|at| self.simulate[at].as_str()))
    }
}

/// Whether a program's word names a file by its path, and not a program that is looked for.
pub fn is_path(word: &str) -> bool {
    word.contains(['/', '\\'])
}
