//! Performs what `flow` decides: plans, starts, carries on, undoes and verifies runs, through scripts and host modules.

mod again;
mod approve;
mod attached;
mod bench;
mod carry_on;
mod clock;
mod describe;
mod drift;
mod gateway;
mod in_memory;
mod intervene;
mod limits;
mod log;
mod params;
mod perform;
mod phase;
mod planner;
mod recheck;
mod repin;
mod runner;
mod service;
mod startable;
mod supervisor;
mod timetable;
mod transfer;
mod undo;
mod undo_plan;
mod wake;
mod workflows;

pub use clock::SystemClock;
pub use supervisor::{Load, Notice, Parts, Supervisor};
pub use wake::TakenUp;
