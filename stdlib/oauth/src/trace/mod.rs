//! A recording of requests, read and judged: what was sent as a sign-in, what came back, and what is wrong with it.

mod har;
mod http_log;
mod judge;
mod judge_token;
mod phrase;
mod seen;

pub use har::read_har;
pub use http_log::read_log;
pub use judge::{Judged, TraceVerdict, judge_trace};
pub use judge_token::{Expected, Opinion, Verdict};
pub use phrase::Phrase;
pub use seen::{Recording, RecordingKind, Seen, SignIn, TraceProblem};
