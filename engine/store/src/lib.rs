//! Where events are kept: a journal in memory, a journal on disk, and the suite that every journal passes.
//!
//! The journal is the only truth. It is append-only, one ordered stream of records per run; nothing here knows what
//! the events mean, and nothing here repairs a damaged store: it says what is wrong and leaves the files alone.

pub mod conformance;

mod committer;
mod database;
mod disk;
mod encoding;
mod export;
mod format;
mod inbox;
mod lock;
mod memory;
mod payload;
mod sequence;
mod sled_journal;
mod tally;
mod waiting;

pub use export::{EXPORT_BYTES_MAX, read_export, write_export};
pub use memory::MemoryJournal;
pub use sled_journal::SledJournal;
