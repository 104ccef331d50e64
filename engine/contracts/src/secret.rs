//! Secrets: handles everywhere, values only in the host module that spends them.

use std::fmt;

use model::Failure;

/// A secret's value. It cannot be shown, compared or written; only spent.
#[derive(Clone)]
pub struct SecretText(String);

impl SecretText {
    pub fn new(value: String) -> SecretText {
        SecretText(value)
    }

    /// The value itself, for the one place that sends it.
    pub fn spend(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretText(hidden)")
    }
}

pub trait SecretSource: Send + Sync {
    fn find(&self, name: &str) -> Result<SecretText, Failure>;
}
