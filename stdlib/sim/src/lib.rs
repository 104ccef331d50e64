//! A simulated Exchange organisation and a simulated Entra tenant: one world that both sides see.
//!
//! Written from the products' documents and from recorded shapes, never from the code it tests: this crate knows
//! no other crate of the house, takes plain JSON and answers plain JSON (Exchange) or real HTTP (tenant).
//! It reads no clock and never sleeps: time is the world's logical `now`, delay is counted in calls.

mod action;
mod certificate;
mod cmdlet;
mod error;
mod fault;
mod identifier;
mod keep;
mod ledger;
mod object;
mod organisation;
mod profile;
mod replication;
mod snapshot;
mod spec;
mod state;
mod tenant;
mod world;

pub use action::Action;
pub use certificate::fixture_der;
pub use error::{CmdletError, ErrorKind, WorldError};
pub use fault::{Act, Faults, Injection};
pub use ledger::{By, LedgerEntry};
pub use spec::{
    ApplicationSpec, DeviceCodeEnd, DeviceCodeSpec, EnabledCmdlets, Invocation, KeepStyle, KeyForm, KeySpec,
    MetadataDocument, Profile, Removal, Setting, UnknownIdentity, Wording, WorldSpec,
};
pub use tenant::{Tenant, serve};
pub use world::{Advance, Reply, World};
