//! Facts about certificates, read strictly, and the one file that a workflow may leave behind.

#[cfg(test)]
mod any_bytes;
mod certificate_file;
mod der;
mod inspect;
mod judge;
mod key;
mod module;
mod name;
mod other_kinds;
mod problem;
mod self_signature;
mod signature_algorithm;
mod text;

pub use inspect::{Certificate, Facts, inspect, read};
pub use judge::{Judgement, judge};
pub use module::{X509Module, functions};
pub use problem::{KeyForm, Problem};
pub use self_signature::SelfSignature;
pub use text::{Form, text_of};
