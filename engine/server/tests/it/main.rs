//! Both ends of the API, over a real socket and over TCP.

#![allow(clippy::unwrap_used, reason = "what helps a test fails as the test does")]

mod api;
mod remembering;
mod socket;
