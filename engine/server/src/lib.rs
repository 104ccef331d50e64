//! The service over a local socket: HTTP/1.1 with JSON bodies, both ends of it.
//!
//! One process holds the store; every other one asks it through [`Client`], which is a `Service` like the one in
//! process. Each method is one route, `POST /v1/<method>`; a failure travels whole.

mod client;
mod server;
mod socket;
mod wire;

pub use client::Client;
pub use server::{Server, Serving};
pub use socket::{NoSocket, SocketName};
