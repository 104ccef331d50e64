//! OAuth on the wire: what a service asks for (challenges), what a token says about itself (claims), and whether recorded
//! traffic is as it should be (traces).

#[cfg(test)]
mod any_text;
mod challenge;
mod claims;
mod mask;
mod module;
mod principal;
mod probe;
mod reservations;
mod token;
mod trace;

pub use challenge::{Challenge, parse_challenges};
pub use claims::{Claims, read_claims};
pub use mask::{shown, shown_address};
pub use module::{OauthModule, functions};
pub use principal::{Issuer, Principal, parse_issuer, parse_principal};
pub use reservations::reservations;
pub use token::{Token, TokenKind, TokenProblem, read_token};
pub use trace::{
    Expected, Judged, Opinion, Phrase, Recording, RecordingKind, Seen, SignIn, TraceProblem, TraceVerdict,
    Verdict, judge_trace, read_har, read_log,
};
