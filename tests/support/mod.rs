//! What the tests that drive the real binary share: a bench with a store of its own, outcomes, and masks for snapshots.

#![allow(dead_code, unused_imports, reason = "each test binary uses its own part of this")]

mod bench;
mod mask;
mod outcome;
mod transcript;

pub(crate) use bench::{Bench, Going};
pub(crate) use mask::masked;
pub(crate) use outcome::Outcome;
pub(crate) use transcript::{Transcript, files, transcripts, without_numbers};
