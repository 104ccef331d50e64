//! Stays with a run until it rests, waits for a person, or has nothing due within the time one is willing to wait.

use std::time::Duration;

use contracts::Service;
use model::{Asker, Code, RunId, Timestamp};
use report::standing::{Standing, standing};
use serde_json::json;

use crate::Exit;
use crate::context::{Context, now};
use crate::holder;
use crate::load::Loaded;
use crate::problem::Problem;
use crate::progress::Progress;

/// How long one question waits for news; the picture of a terminal is renewed as often.
const NEWS_MS: u64 = 1_000;

pub(crate) struct Followed {
    pub(crate) loaded: Loaded,
    /// The person asked to stop.
    pub(crate) interrupted: bool,
    /// What was due too late to wait for.
    pub(crate) due: Option<(Timestamp, String)>,
}

pub(crate) async fn follow(
    context: &Context,
    service: &dyn Service,
    run: RunId,
    wait: Duration,
) -> Result<Followed, Problem> {
    let mut loaded = match Loaded::new(service, run).await {
        Err(failure) if failure.code == Code::Holder => holder::look_again(context, run).await?,
        other => other?,
    };
    let progress = Progress::new(context.output, &loaded);
    progress.events(&loaded.records);
    context.interrupts.handle();
    let mut interrupted = false;
    let mut due = None;
    loop {
        let now = now();
        progress.state(&loaded.summary(), now);
        match standing(&loaded.state) {
            Standing::Rests | Standing::Person => break,
            Standing::Timer { at, why } if at.since(now) > wait && !interrupted => {
                due = Some((at, why));
                break;
            }
            Standing::Timer { .. } | Standing::Busy => {}
        }
        // Nobody carries it on, so nothing will come: the process that did is gone, or its store failed.
        if !loaded.live {
            let news = match loaded.update(service, 0).await {
                Err(failure) if failure.code == Code::Holder => Vec::new(),
                news => news?,
            };
            progress.events(&news);
            if news.is_empty() && !loaded.live {
                break;
            }
            continue;
        }
        let news = tokio::select! {
            news = loaded.update(service, NEWS_MS) => match news {
                // It ended with its last run, which may be this one: the store tells.
                Err(failure) if failure.code == Code::Holder => {
                    loaded = holder::look_again(context, run).await?;
                    break;
                }
                news => news?,
            },
            () = context.interrupts.first(), if !interrupted => {
                interrupted = true;
                progress.say(&format!(
                    "stopping at a safe point; go on with `footbridge resume {run}` (Ctrl-C again leaves at once)"
                ));
                // A run that ended in this very moment cannot be paused, and need not be.
                if let Err(failure) = service.pause(run, Asker::new(&context.settings.by, Some("stopped at the keyboard"))).await
                    && failure.code != Code::RunState
                {
                    return Err(failure.into());
                }
                continue;
            }
        };
        progress.events(&news);
    }
    progress.end();
    Ok(Followed { loaded, interrupted, due })
}

/// How `run`, `resume`, `approve` and `undo` end: the summary, what is next, the exit code.
pub(crate) fn conclude(context: &Context, followed: &Followed) -> Exit {
    let summary = followed.loaded.summary();
    context.output.either(
        || {
            let mut document = json!(summary);
            if let Some((at, why)) = &followed.due {
                document["next"] = json!({ "at": at.to_string(), "what": why });
            }
            document
        },
        |style| report::summary::text(&summary, style),
    );
    if let Some((at, why)) = &followed.due {
        context.output.note(&format!(
            "next is at {at}: {why}\nthis process does not wait that long; `footbridge resume {} --wait 24h` does",
            summary.run
        ));
    }
    let exit = exit_of(&followed.loaded);
    // A run that came to its end all the same ends as it ended.
    if followed.interrupted && exit == Exit::Waiting {
        context.output.note(&format!("go on with `footbridge resume {}`", summary.run));
        return Exit::Interrupted;
    }
    if matches!(exit, Exit::Waiting | Exit::InDoubt | Exit::Stuck) {
        context.output.note(&format!("`footbridge explain {}` says what you may do now", summary.run));
    }
    exit
}

pub(crate) fn exit_of(loaded: &Loaded) -> Exit {
    let failures: Vec<Code> = loaded
        .state
        .steps
        .iter()
        .filter_map(|step| step.failure.as_ref().map(|failure| failure.code))
        .collect();
    Exit::of_run(loaded.state.status(loaded.live), &failures)
}
