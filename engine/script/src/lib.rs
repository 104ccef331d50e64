//! Runs the phases of steps, which are Rhai scripts, and judges them without running them.
//!
//! A script sees values, the prelude and the host functions of its target; every way out leads through the
//! [`contracts::Gateway`]. Nothing here knows journals, networks or policies.

#![expect(clippy::unnecessary_box_returns, reason = "Rhai's own results carry their errors boxed")]

mod arguments;
mod bind;
mod cache;
mod calls;
mod closures;
mod compile;
mod convert;
mod deadline;
mod engine;
mod error;
mod expression;
mod library;
mod limits;
mod lint;
mod names;
mod opaque;
mod pool;
mod prelude;
mod runner;
mod sticky;
mod unknown;

pub use limits::Limits;
pub use runner::ScriptRunner;
