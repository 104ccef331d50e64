//! Performs what `flow` decides: plans, starts, carries on, undoes and verifies runs, through scripts and host modules.

mod approve;
mod attached;
mod bench;
mod clock;
mod describe;
mod drift;
mod gateway;
mod limits;
mod log;
mod params;
mod perform;
mod phase;
mod planner;
mod recheck;
mod runner;
mod service;
mod startable;
mod supervisor;
mod undo_plan;

pub use clock::SystemClock;
pub use supervisor::{Parts, Supervisor};
