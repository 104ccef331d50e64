//! Host functions for an Entra tenant through Microsoft Graph: the tenant, service principals and their keys, and
//! anything else by its path.
//!
//! Reads are retried for seconds at most; a write is sent once, and an answer that does not come makes it *in doubt*.

mod attempt;
mod batch;
mod classify;
mod client;
mod cloud;
mod examine;
mod generic;
mod json;
mod keep;
mod key_change;
mod key_credential;
mod module;
mod organization;
mod page;
mod path;
mod service_principal;
mod settings;
mod sign_in;
mod waits;

pub use cloud::{Cloud, UnknownCloud};
pub use module::{GraphModule, functions};
pub use settings::{Credential, DevicePrompt, GraphSettings, Identity, ManagedIdentity, Prompt};
pub use sign_in::SignIns;
pub use waits::{RealWaits, Waits};
