//! One layer's files: the shipped workflow, or a folder of the organisation that overrules parts of it.

use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// `shipped`, or the folder as it was typed.
    pub name: String,
    /// Texts by path inside the layer: `workflow.toml`, `overlay.toml`, `functions.toml`, `steps/NAME.rhai`,
    /// `lib/NAME.rhai`.
    pub files: BTreeMap<String, String>,
    /// What to put before a path so that a person finds the file: `workflows/sfb-online/`, `./contoso/`.
    pub prefix: String,
}

impl Layer {
    /// A path inside the layer as errors show it.
    pub(crate) fn shown(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }
}
