//! What the simulator must do, told from outside: cmdlets, the tenant over HTTP, faults, the kept file.
#![allow(clippy::unwrap_used, reason = "the helpers are test code too")]

extern crate footbridge_sim as sim;

mod accounts;
mod checks;
mod faults;
mod graph_reads;
mod kept;
mod key_credentials;
mod partner_applications;
mod roles;
mod sign_in;
mod support;
mod surface;
