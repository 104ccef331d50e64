//! What can be read with GET: runs as a person or a program wants to see them.

use contracts::Service;
use model::fold::BadEvent;
use model::summary::RunSummary;
use model::{Class, Code, Failure, RunId, RunState};
use serde_json::{Value as Json, json};

use crate::wire;

const LIMIT: usize = 50;
const LIMIT_MAX: usize = 500;

/// One page to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Runs,
    Run(RunId),
    Explain(RunId),
    Events(RunId),
    Description,
}

impl View {
    /// `None` where there is no such page.
    pub(crate) fn of_path(path: &str) -> Option<View> {
        let parts: Vec<&str> = path.strip_prefix("/v1/")?.split('/').collect();
        match parts[..] {
            ["runs"] => Some(View::Runs),
            ["openapi.json"] => Some(View::Description),
            ["runs", run] => Some(View::Run(run.parse().ok()?)),
            ["runs", run, "explain"] => Some(View::Explain(run.parse().ok()?)),
            ["runs", run, "events"] => Some(View::Events(run.parse().ok()?)),
            _ => None,
        }
    }

    pub(crate) async fn read(self, service: &dyn Service, query: &str) -> Result<Json, Failure> {
        let query = Query::read(query)?;
        match self {
            View::Runs => runs(service, &query).await,
            View::Run(run) => {
                let (state, live) = state(service, run).await?;
                Ok(json!(RunSummary::new(&state, live)))
            }
            View::Explain(run) => {
                let (state, live) = state(service, run).await?;
                Ok(report::explain::json(&state, live))
            }
            View::Events(run) => {
                let wait_ms = query.wait_ms.unwrap_or(0).min(wire::WAIT_MS_MAX);
                Ok(json!(service.history(run, query.from.unwrap_or(0), wait_ms).await?))
            }
            View::Description => Ok(crate::openapi::description()),
        }
    }
}

#[derive(Debug, Default)]
struct Query {
    /// The first record's sequence.
    from: Option<u32>,
    wait_ms: Option<u64>,
    /// Runs older than this one.
    before: Option<RunId>,
    limit: Option<usize>,
}

impl Query {
    fn read(text: &str) -> Result<Query, Failure> {
        let mut query = Query::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let wrong = || {
                Failure::invalid(Code::Settings, format!("'{pair}' is nothing that can be asked for"))
                    .hint("from, wait_ms, before and limit can, each with a number or a run's id")
            };
            let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
            match name {
                "from" => query.from = Some(value.parse().map_err(|_| wrong())?),
                "wait_ms" => query.wait_ms = Some(value.parse().map_err(|_| wrong())?),
                "before" => query.before = Some(value.parse().map_err(|_| wrong())?),
                "limit" => query.limit = Some(value.parse().map_err(|_| wrong())?),
                _ => return Err(wrong()),
            }
        }
        Ok(query)
    }
}

/// Newest first, a page at a time: `next` is what to ask for with `before`.
async fn runs(service: &dyn Service, query: &Query) -> Result<Json, Failure> {
    let limit = query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let older =
        service.runs().await?.into_iter().filter(|run| query.before.is_none_or(|before| *run < before));
    let mut page: Vec<RunId> = older.take(limit + 1).collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let (mut runs, mut unreadable) = (Vec::new(), Vec::new());
    for run in &page {
        match state(service, *run).await {
            Ok((state, live)) => runs.push(RunSummary::new(&state, live)),
            // One damaged run must not hide the others.
            Err(failure) => unreadable.push(json!({ "run": run, "failure": failure })),
        }
    }
    let next = page.last().filter(|_| more);
    Ok(json!({ "runs": runs, "unreadable": unreadable, "next": next }))
}

async fn state(service: &dyn Service, run: RunId) -> Result<(RunState, bool), Failure> {
    let history = service.history(run, 0, 0).await?;
    // Asked for last: it holds every workflow that the records name.
    let pinned = service.pinned(run).await?;
    let broken = |bad: BadEvent| {
        let message = format!("the history of {run} does not hold together: {bad}");
        Failure::new(Code::HistoryBroken, Class::Denied, message)
    };
    Ok((RunState::fold(pinned, &history.records).map_err(broken)?, history.live))
}
