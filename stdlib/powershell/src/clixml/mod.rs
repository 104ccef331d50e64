//! CLIXML: PowerShell's objects as XML, read with limits and written for what we send.

mod escape;
mod json;
mod limits;
mod read;
mod value;
mod write;

pub(crate) use limits::plain;
pub use limits::{Error, Limits};
pub use read::read;
pub(crate) use value::bare_type;
pub use value::{Object, Value};
pub use write::write;

/// The namespace of a document's root element.
pub const NAMESPACE: &str = "http://schemas.microsoft.com/powershell/2004/04";
