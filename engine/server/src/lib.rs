//! The service over a local socket and over TCP: HTTP/1.1 with JSON bodies, both ends of it.
//!
//! One process holds the store; every other one asks it through [`Client`], which is a `Service` like the one in
//! process. Each method is one route, `POST /v1/<method>`; a failure travels whole.

mod answer;
mod api;
mod caller;
mod client;
mod openapi;
mod outside;
mod server;
mod socket;
mod tokens;
mod views;
mod wire;

pub use api::{Api, Exposure};
pub use caller::Role;
pub use client::Client;
pub use openapi::description;
pub use server::{Server, Serving};
pub use socket::{NoSocket, SocketName};
pub use tokens::{Token, Tokens};
