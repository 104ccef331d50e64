//! How long the open-ended tests go on: a few rounds unless the environment asks for more.

/// The number in an environment variable, or the one given.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says how many rounds they want")]
pub(crate) fn of(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is a number of rounds, not '{text}'")),
        Err(_) => otherwise,
    }
}
