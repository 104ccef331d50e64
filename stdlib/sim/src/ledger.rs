//! The ledger: every effect that changed the world, in order, with who did it.

use serde::{Deserialize, Serialize};

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    Us,
    Other,
}

/// One effect that changed the world. Refused calls and calls that found nothing to change are not in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// 1, 2, 3, … without holes.
    pub sequence: u64,
    pub by: By,
    /// The cmdlet, or method and path, e.g. `PATCH /servicePrincipals`.
    pub what: String,
    /// The object, e.g. `MailUser/SfBOnline-ApplicationAccount` or `servicePrincipals/<app id>`.
    pub target: String,
    /// One line for people.
    pub summary: String,
}
