//! The nouns of footbridge as plain data: no I/O, no clock, no scripts, no TOML.
//!
//! Everything that happens to a run is an [`Event`]; [`RunState`] is the fold of its events; what should happen next
//! is a [`Command`]. The words are those of the architecture guide, one meaning each.

pub mod attachment;
pub mod binding;
mod canonical;
pub mod change;
pub mod codes;
pub mod command;
pub mod comparison;
pub mod digest;
pub mod doubt;
pub mod event;
pub mod failure;
pub mod finding;
pub mod fold;
pub mod function;
pub mod gate;
pub mod ids;
pub mod intervention;
pub mod merge;
pub mod own_module;
pub mod param;
pub mod plan;
pub mod redact;
pub mod refine;
pub mod repin;
pub mod reserved;
pub mod run_state;
mod schema;
pub mod seen;
pub mod step_state;
pub mod summary;
pub mod time;
pub mod undo;
pub mod value;
pub mod verdict;
pub mod workflow;

pub use attachment::Attachment;
pub use binding::Binding;
pub use change::{Applied, Change, ChangeKind, Ownership};
pub use codes::Code;
pub use command::{Command, CommandId};
pub use comparison::Comparison;
pub use digest::Digest;
pub use doubt::Doubt;
pub use event::{Event, Record};
pub use failure::{Class, Failure, Place};
pub use finding::Finding;
pub use function::{Argument, Effect, FunctionSpec, Reversibility};
pub use ids::{RunId, StepId, StepPath};
pub use intervention::{Asker, ByHand, Intervention};
pub use own_module::OwnModule;
pub use param::{Kind, Param};
pub use plan::{Plan, PlannedStep, StepOutlook};
pub use redact::Redactor;
pub use repin::Repin;
pub use run_state::{Life, RunState, RunStatus};
pub use seen::Seen;
pub use step_state::{Stage, StepState};
pub use time::Timestamp;
pub use undo::{Choice, UndoEntry, UndoPolicy, UndoScope};
pub use value::Value;
pub use verdict::{Answer, Verdict};
pub use workflow::{Gate, Pinned, Retry, Step, Workflow};
