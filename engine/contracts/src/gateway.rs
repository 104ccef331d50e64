//! The only way out of a script.

use model::value::Map;
use model::{Failure, Value};

/// Why a phase must end before its script does. It is sticky: once given, every later call of the phase gets it again.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// The host function failed; a script may catch it, unless `catchable` says no (lost answers, refused writes).
    Failed { failure: Failure, catchable: bool },
    /// The target asks for more time.
    NotYet { why: String, after_ms: u64 },
    /// The call needs a value that is not known while planning: `step.output`.
    Needs { origin: String },
    /// The write was written down instead of sent (`plan --commands`).
    Recorded,
    /// The run was cancelled or paused, or the phase's time is up.
    Cancelled,
}

/// Blocking: called from a script's own thread. Decides mode, verdict, intent, outcome, redaction and time-out.
pub trait Gateway: Send + Sync {
    /// `arguments` may hold unknowns; a read of one gives [`Value::Unknown`] back.
    fn call(&self, module: &str, function: &str, arguments: Map) -> Result<Value, End>;

    /// Asked by the script engine every few thousand operations.
    fn ended(&self) -> Option<End>;
}
