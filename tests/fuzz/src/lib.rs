//! The targets of fuzzing: each takes any bytes and panics where a promise about reading them is broken.

mod certificate;
mod clixml;
mod evidence;
mod export;
mod fragments;
mod har;
mod json_lines;
mod jwt;
pub mod mutate;
mod soap;
mod www_authenticate;

pub use certificate::certificate;
pub use clixml::clixml;
pub use evidence::evidence;
pub use export::export;
pub use fragments::fragments;
pub use har::har;
pub use json_lines::json_lines;
pub use jwt::jwt;
pub use soap::soap;
pub use www_authenticate::www_authenticate;

/// A target's name, which is its corpus' folder too, and what it does.
pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: [Target; 10] = [
    ("certificate", certificate),
    ("clixml", clixml),
    ("evidence", evidence),
    ("export", export),
    ("fragments", fragments),
    ("har", har),
    ("json_lines", json_lines),
    ("jwt", jwt),
    ("soap", soap),
    ("www_authenticate", www_authenticate),
];

/// Text in which nothing can move a cursor or hide.
fn assert_showable(text: &str) {
    assert!(!text.contains(char::is_control), "control characters are shown: {text:?}");
}
