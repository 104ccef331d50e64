//! Where the tenant is and how to sign in to it.

use std::fmt;

use contracts::{CallContext, SecretText};
use model::Failure;

/// All hosts can be set: national clouds have their own, and so have simulators.
#[derive(Clone, Debug)]
pub struct GraphSettings {
    /// `https://login.microsoftonline.com`.
    pub login_url: String,
    /// `https://graph.microsoft.com`.
    pub graph_url: String,
    /// The only tenant that is ever read or changed.
    pub tenant_id: String,
    pub client_id: String,
    pub credential: Credential,
}

#[derive(Clone)]
pub enum Credential {
    /// The name of a client secret; its value is asked for at each sign-in.
    SecretNamed(String),
    /// A client secret that the caller holds already.
    Secret(SecretText),
}

impl Credential {
    pub(crate) fn secret(&self, context: &dyn CallContext) -> Result<SecretText, Failure> {
        match self {
            Credential::SecretNamed(name) => context.secret(name),
            Credential::Secret(secret) => Ok(secret.clone()),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Credential::SecretNamed(name) => write!(out, "SecretNamed({name})"),
            Credential::Secret(_) => out.write_str("Secret(hidden)"),
        }
    }
}
