//! What `inspect` and `trace` ask of the binary: it knows certificates and tokens, the command line does not.

use model::{Failure, Timestamp};
use report::examined::Examined;

/// Reads files that people bring. Writes nothing and asks nobody.
pub trait Inspector: std::fmt::Debug + Send + Sync {
    /// Says what a certificate, a token or a HAR file holds, judged at `now`. What is none of these gets a verdict too.
    fn inspect(&self, bytes: &[u8], now: Timestamp) -> Examined;

    /// Judges recorded traffic.
    ///
    /// # Errors
    /// [`model::Code::Trace`] where the bytes are no recording.
    fn trace(&self, bytes: &[u8], expectation: &Expectation) -> Result<Examined, Failure>;
}

/// What recorded traffic is compared with. What is empty is not compared, except the applications: then the shipped ones
/// are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    pub tenant: String,
    pub domains: Vec<String>,
    pub hosts: Vec<String>,
    pub app_ids: Vec<String>,
    /// SHA-1 of uploaded certificates.
    pub thumbprints: Vec<String>,
}
