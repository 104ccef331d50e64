//! Proves a workflow: runs its cases on simulated worlds, then disturbs them everywhere and compares.
//!
//! A *trial* is one case with at most one disturbance: a crash at one journal write, a failure at one write to the world,
//! everything done twice, or faults by a seed. Whatever the disturbance, the world must end as in the uninterrupted run,
//! every effect must have been made once, and undo must bring back the same.

mod alike;
mod case;
mod clock;
mod crash;
mod difference;
mod disturbance;
mod fail;
mod junit;
mod lab;
mod laboratory;
mod matrix;
mod play;
mod points;
mod proof;
mod reference;
mod repeat;
mod seed;
mod trial;
mod watched;

pub use case::{Case, read_case};
pub use disturbance::{Disturbance, Half, Moment, Repetition, Way};
pub use junit::junit;
pub use laboratory::{Fate, Fault, LabEffect, LabWorld, Laboratory};
pub use matrix::{Cell, Matrix};
pub use proof::{Proof, Wanted, prove};
pub use trial::{End, Trial, Verdict};
