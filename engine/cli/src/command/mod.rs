//! One file a subcommand: what it takes and what it does.

pub(crate) mod approve;
pub(crate) mod audit;
pub(crate) mod cancel;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod done;
pub(crate) mod evidence;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod functions;
pub(crate) mod graph;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod logs;
pub(crate) mod pause;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod resume;
mod resume_with;
pub(crate) mod retry;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod skip;
pub(crate) mod status;
pub(crate) mod test;
pub(crate) mod trace;
pub(crate) mod undo;
pub(crate) mod verify;

use std::time::Duration;

/// For clap: `90s`, `10m`, `24h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    model::time::parse_duration(text).ok_or_else(|| "a duration such as 90s, 10m or 24h is needed".to_owned())
}
