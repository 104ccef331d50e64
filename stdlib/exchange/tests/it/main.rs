//! The Exchange host functions against the simulated organisation, and against a shell that answers what it is told.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

extern crate footbridge_exchange as exchange;

mod accounts;
mod applications;
mod certificates;
mod commands;
mod controllers;
mod examination;
mod faults;
mod generic;
mod needs;
mod roles;
mod support;
