//! The values of a script that have no counterpart in Rhai: unknowns, "cannot tell" and secret handles.

/// Filled later by the named output: `step.output`.
#[derive(Clone, Debug)]
pub(crate) struct Unknown(pub(crate) String);

/// Looked, and could not tell; the text says why.
#[derive(Clone, Debug)]
pub(crate) struct CannotTell(pub(crate) String);

/// The name of a secret, never its value.
#[derive(Clone, Debug)]
pub(crate) struct SecretHandle(pub(crate) String);

/// What messages of Rhai call an unknown. [`crate::unknown`] recognises it, so it must not occur by accident.
pub(crate) const UNKNOWN_NAME: &str = "<unknown value>";
pub(crate) const CANNOT_TELL_NAME: &str = "<cannot tell>";
pub(crate) const SECRET_NAME: &str = "<secret handle>";

/// Whether a message of Rhai is about an unknown. Some of its messages show the name of the Rust type instead.
pub(crate) fn is_about_unknown(message: &str) -> bool {
    message.contains(UNKNOWN_NAME) || message.contains(std::any::type_name::<Unknown>())
}

pub(crate) fn is_about_cannot_tell(message: &str) -> bool {
    message.contains(CANNOT_TELL_NAME) || message.contains(std::any::type_name::<CannotTell>())
}

pub(crate) fn is_about_secret(message: &str) -> bool {
    message.contains(SECRET_NAME) || message.contains(std::any::type_name::<SecretHandle>())
}

/// Whether a message of Rhai hides what it is about: a variable that a closure captured shows as its container.
pub(crate) fn hides_its_subject(message: &str) -> bool {
    message.contains("RwLock<rhai::types::dynamic::Dynamic>")
}
