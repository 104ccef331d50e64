//! A customer's own host functions: any program that speaks one JSON object a line, declared with its effects.

mod child;
mod lines;
mod module;
mod outcome;
mod pinned;
mod talk;
mod wire;

pub use lines::{Splitter, TooLong};
pub use module::{ProcessModule, StandInWorld, Surroundings};
pub use wire::{Answer, Failed, LINE_BYTES_MAX, PROTOCOL, read_answer};
