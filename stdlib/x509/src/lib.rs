//! Facts about certificates, read strictly, and the one file that a workflow may leave behind.

mod certificate_file;
mod der;
mod inspect;
mod module;

pub use inspect::{Facts, Problem, inspect};
pub use module::{X509Module, functions};
