//! Host functions for an Entra tenant through Microsoft Graph: the tenant, service principals and their keys.
//!
//! Reads are retried for seconds at most; a write is sent once, and an answer that does not come makes it *in doubt*.

mod attempt;
mod classify;
mod client;
mod keep;
mod key_credential;
mod module;
mod organization;
mod service_principal;
mod settings;
mod sign_in;

pub use module::{GraphModule, functions};
pub use settings::{Credential, GraphSettings};
