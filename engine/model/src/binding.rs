//! What a target's name stands for: a name alone may mean another organisation tomorrow.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kept with a run, so that it goes on where it began and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Binding {
    /// Opens the target again from any folder: a name, or the absolute path of its file.
    pub reference: String,
    /// In words, the organisation and tenant that it stood for. A run is not carried on where this differs.
    pub identity: String,
}
