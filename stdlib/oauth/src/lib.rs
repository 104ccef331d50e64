//! OAuth on the wire: what a service asks for (challenges), what a token says about itself (claims).

mod challenge;
mod claims;
mod module;
mod probe;

pub use challenge::{Challenge, parse_challenges};
pub use claims::{Claims, read_claims};
pub use module::{OauthModule, functions};
