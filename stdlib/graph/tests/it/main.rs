//! The Graph host functions against the simulated tenant and against servers that answer oddly, over real HTTP.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

extern crate footbridge_graph as graph;

mod bad_input;
mod device_code;
mod examine;
mod faults;
mod generic;
mod identities;
mod keys;
mod odd_server;
mod reads;
mod sign_in;
mod support;
