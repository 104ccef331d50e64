//! From a workflow's files to a workflow: TOML with places, typed parameters, the graph of steps, layers and their origins.
//!
//! Nothing here reads a disk or knows that runs exist: files come in as texts, one set a [`Layer`], and every mistake
//! comes back as a [`Finding`] that points at its line and column.

pub mod dag;
mod document;
mod expression;
mod gate;
mod given;
mod keywords;
mod layer;
mod manifest;
mod nearest;
mod needed_outputs;
mod overlay;
mod own;
mod param;
mod reads;
mod references;
mod resolve;
mod scripts;
mod step;
pub mod target;
mod undo;
mod walk;

pub use given::{Given, origins, parameters, typed};
pub use layer::Layer;
pub use model::Finding;
pub use nearest::nearest;
pub use needed_outputs::needed_outputs;
pub use resolve::resolve;
