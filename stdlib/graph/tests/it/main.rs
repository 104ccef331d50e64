//! The Graph host functions against the simulated tenant, over real HTTP.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

extern crate footbridge_graph as graph;

mod faults;
mod keys;
mod reads;
mod sign_in;
mod support;
