//! CLIXML: PowerShell's objects as XML.

mod value;

pub use value::{Object, Value};
