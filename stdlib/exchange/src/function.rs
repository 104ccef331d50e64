//! A host function as a table row: what scripts see, the cmdlet it sends, and how it reads the answer.

use model::{Failure, FunctionSpec, Value};
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::arguments::Arguments;
use crate::caller::Caller;
use crate::shell::Command;

/// How long a write that was sent may still be under way on the server, in milliseconds. Reads after it go to the same
/// domain controller, so replication does not add to it. unconfirmed: the server's own limit.
pub(crate) const SETTLE_MS: u64 = 10_000;

pub(crate) struct Function {
    pub(crate) spec: FunctionSpec,
    /// The cmdlet that it sends, or sends first.
    pub(crate) command: fn(&Arguments) -> Result<Command, Failure>,
    pub(crate) answer: Answer,
}

/// From the reply to the function's value.
pub(crate) enum Answer {
    /// From the rows of that one command.
    Rows(fn(&Arguments, Vec<Json>) -> Result<Value, Failure>),
    /// More than one command is needed.
    More(More),
}

pub(crate) type Pending<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + 'a>>;
pub(crate) type More = for<'a> fn(&'a Caller<'a>, &'a Arguments, Vec<Json>) -> Pending<'a>;

/// A command from pairs; a null value is left out, because a null parameter means something else than an absent one.
pub(crate) fn command<const N: usize>(cmdlet: &str, pairs: [(&str, Json); N]) -> Command {
    let parameters: JsonMap<String, Json> = pairs
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Command { cmdlet: cmdlet.to_owned(), parameters }
}

/// `Property -eq 'value'` for the server, or nothing where the value's own quote would have to be escaped; the exact
/// comparison is made here in any case.
pub(crate) fn equal_filter(property: &str, value: &str) -> Json {
    if value.contains(['\'', '"', '$', '`']) {
        Json::Null
    } else {
        json!(format!("{property} -eq '{value}'"))
    }
}

/// For writes whose output says nothing.
#[allow(clippy::unnecessary_wraps, reason = "the signature of every row reader")]
pub(crate) fn nothing(_: &Arguments, _: Vec<Json>) -> Result<Value, Failure> {
    Ok(Value::Null)
}
