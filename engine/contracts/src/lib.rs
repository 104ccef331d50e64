//! The seams of footbridge: what hosts, scripts, journals, targets and front ends promise each other.
//!
//! A customer's crate of host functions depends on this crate and on `model`, on nothing else of ours.

mod check;
mod clock;
mod gateway;
mod host_module;
mod journal;
mod secret;
mod service;
mod step_runner;
mod targets;
mod transfer;
mod undo;

pub use check::{Check, CheckVerdict};
pub use clock::Clock;
pub use gateway::{End, Gateway};
pub use host_module::{CallContext, HostCall, HostModule, HostReply, WireRequest};
pub use journal::{Durability, Journal, JournalError};
pub use model::Finding;
pub use secret::{SecretSource, SecretText};
pub use service::{
    Answered, ApproveMode, ApproveRequest, Drift, DriftReport, History, InterveneRequest, PlanReply,
    PlanRequest, RepinPlan, RepinRequest, Service, StartRequest, StepCommands,
};
pub use step_runner::{PhaseCall, PhaseEnd, StepRunner};
pub use targets::{Session, TargetFacts, Targets};
pub use transfer::{Found, ImportRequest, Imported, Payload, TakeOver, WholeRun, named_digests};
pub use undo::{UndoChoice, UndoItem, UndoPlan, UndoRequest, UndoVerdict, UndoWanted};
