//! What a second administrator can do in the world, behind our back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One act of someone else; in TOML `{ invoke = { cmdlet = "…", parameters = { … } } }`,
/// `{ graph = { app_id = "…", add_key = "someone-else" } }` or `"roll_certificate"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Runs a cmdlet.
    Invoke {
        cmdlet: String,
        #[serde(default)]
        parameters: Map<String, Value>,
    },
    /// Changes the key credentials of a service principal; certificates are named by fixture.
    Graph {
        app_id: String,
        #[serde(default)]
        add_key: Option<String>,
        #[serde(default)]
        remove_key: Option<String>,
        /// Deletes the whole service principal.
        #[serde(default)]
        delete: Option<bool>,
    },
    /// Makes the next authorisation certificate the current one on all servers (fixture `next` where none is staged).
    RollCertificate,
}
