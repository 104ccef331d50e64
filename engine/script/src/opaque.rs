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
