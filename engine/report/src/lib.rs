//! Views of state, as text for people and as JSON for programs. No I/O; whether to paint is passed in.

pub mod commands;
pub mod doctor;
mod document;
pub mod dossier;
pub mod doubt;
pub mod drift;
pub mod evidence;
pub mod examined;
pub mod explain;
#[cfg(test)]
mod fixtures;
pub mod functions;
pub mod graph;
pub mod health;
pub mod logs;
pub mod picture;
pub mod plan;
pub mod repin;
pub mod stale;
pub mod standing;
pub mod status;
pub mod stepping_in;
pub mod style;
pub mod summary;
pub mod undo;
mod undoing;
mod values;

pub use style::{Paint, Style};

/// Clocks of two machines differ by seconds.
const CLOCKS_DIFFER: std::time::Duration = std::time::Duration::from_secs(5);
