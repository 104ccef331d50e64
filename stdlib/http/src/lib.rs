//! How the host modules speak HTTP(S): one client, one rule for addresses, one wording for what went wrong.
//!
//! There are no host functions here, and no `http::` in scripts.

mod address;
mod body;
mod client;
mod request_id;
mod retry_after;
mod trouble;

pub use address::{AddressError, address};
pub use body::{BodyError, read_body};
pub use client::{ClientError, ClientOptions, client, direct_client, tls};
pub use request_id::new_request_id;
pub use retry_after::{date, retry_after};
pub use trouble::{Stage, Trouble, causes};
