//! What does not hold about one run.

use std::time::Duration;

use model::step_state::Progress;
use model::time::format_duration;
use model::{Binding, Code, Failure, Life, RunState, Stage, Timestamp};

use super::Finding;
use crate::CLOCKS_DIFFER;
use crate::standing::{Standing, standing};

/// A holder at work wakes a step within moments of its time.
const LATE: Duration = Duration::from_mins(1);
/// A person who is asked today may answer tomorrow; after that the run is forgotten.
const PATIENCE: Duration = Duration::from_hours(24);
/// What stands around a run when it is judged.
#[derive(Clone, Debug)]
pub struct Around {
    /// A process is carrying it on.
    pub live: bool,
    pub now: Timestamp,
    pub target: Place,
    pub secrets: Vec<SecretFact>,
}

/// Where the run's target was found now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The simulator's own, which every machine has.
    Simulated,
    /// It stands for this.
    Found(Binding),
    Missing(Failed),
}

/// A failure in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub why: String,
    pub hint: Option<String>,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Failed {
        Failed { why: format!("{} {}", failure.code, failure.message), hint: failure.hint }
    }
}

/// A secret that the target names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFact {
    /// `graph.secret`.
    pub name: String,
    /// `environment variable CONTOSO_SECRET`.
    pub place: String,
    pub readable: Readable,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readable {
    Yes,
    No(Failed),
    /// A person types it when it is needed.
    Asked,
}

/// A run that cannot be read at all.
pub fn unreadable(failure: &Failure) -> Vec<Finding> {
    let seen = format!("{} {}", failure.code, failure.message);
    let usual = match failure.code {
        Code::StoreNewer => "use the newer footbridge that wrote it",
        Code::HistoryBroken => "keep a copy of the store; a new run looks first and adopts what this one did",
        _ => "bring the store back from a backup, or import the run from an export",
    };
    let mend = failure.hint.clone().unwrap_or_else(|| usual.to_owned());
    vec![Finding::not_so("history", seen, mend)]
}

pub fn judge(state: &RunState, around: &Around) -> Vec<Finding> {
    let mut findings =
        vec![Finding::so("history", format!("{} records, head {}", state.next_sequence, state.head.short()))];
    findings.push(clock(state, around.now));
    findings.push(carried_on(state, around));
    findings.extend(doubts(state, around));
    findings.extend(stuck(state));
    findings.extend(people(state, around.now));
    if may_still_act(state.life) {
        findings.push(target(state, around));
        findings.extend(around.secrets.iter().map(secret));
    }
    findings
}

/// Whether anything will be asked of the target without a person's new decision to undo.
fn may_still_act(life: Life) -> bool {
    match life {
        Life::Awaiting | Life::Running | Life::Paused | Life::Failed | Life::Undoing | Life::Stuck => true,
        Life::Cancelled | Life::Succeeded | Life::PartlyUndone | Life::Undone => false,
    }
}

fn clock(state: &RunState, now: Timestamp) -> Finding {
    let last = format!("the last record is from {}", state.updated);
    if state.updated.since(now) > CLOCKS_DIFFER {
        return Finding::not_so(
            "clock",
            format!("{last}, and this machine's clock says {now}: it was set back, or was wrong before"),
            "set the clock right; where it is, whoever takes the run up has its timers count anew, and a step waits no \
             longer than once more",
        );
    }
    let back = state.set_back.filter(|back| back.by > CLOCKS_DIFFER).map(|back| {
        format!("; the clock was set back by {} before record {}", rounded(back.by), back.sequence)
    });
    Finding::so("clock", last + &back.unwrap_or_default())
}

/// A run that is under way has an owner; one that waits for a moment has one by then.
fn carried_on(state: &RunState, around: &Around) -> Finding {
    let resume = format!("footbridge resume {}", state.id);
    match standing(state) {
        Standing::Rests => Finding::so("carried on", "at rest; nothing happens unless a person asks"),
        Standing::Person => Finding::so("carried on", "waits for a person; whoever answers carries it on"),
        Standing::Busy if around.live => Finding::so("carried on", "a process is at work on it"),
        Standing::Busy => Finding::not_so(
            "carried on",
            format!("under way since {}, and no process carries it on", state.updated),
            resume,
        ),
        Standing::Timer { at, why } if at > around.now => {
            let seen = format!("due at {at} ({why})");
            if around.live {
                Finding::so("timer", format!("{seen}; a process waits for it"))
            } else {
                Finding {
                    mend: Some(format!("then {resume}")),
                    ..Finding::so("timer", format!("{seen}; no process waits for it"))
                }
            }
        }
        Standing::Timer { at, why } => {
            let late = around.now.since(at);
            let seen = format!("overdue since {at} ({why})");
            if !around.live {
                Finding::not_so("timer", format!("{seen}, and no process carries the run on"), resume)
            } else if late > LATE {
                let mend = format!("see what that process says; end it if it hangs, then {resume}");
                Finding::not_so(
                    "timer",
                    format!("{seen}, and the process that carries it on did not act"),
                    mend,
                )
            } else {
                Finding::so("timer", format!("{seen}; a process is about to act"))
            }
        }
    }
}

/// Writes of which nobody knows yet whether they took effect.
fn doubts(state: &RunState, around: &Around) -> Vec<Finding> {
    let resume = format!("footbridge resume {} (it looks, and sends nothing twice)", state.id);
    let mut findings = Vec::new();
    for (step, key, progress) in state.doubts() {
        let finding = match progress {
            Progress::Sent { at, .. } if around.live => Finding::so(
                "write",
                format!("'{key}' of step '{step}' was sent at {at}; its answer is awaited"),
            ),
            Progress::Sent { at, .. } => Finding::cannot_tell(
                "in doubt",
                format!("'{key}' of step '{step}' was sent at {at}, and nobody heard the answer"),
                resume.clone(),
            ),
            Progress::InDoubt { sent, why, .. } => {
                let seen = format!("'{key}' of step '{step}', sent at {sent}: {why}");
                let mend = if around.live {
                    "wait: the process that carries the run on looks again".to_owned()
                } else {
                    resume.clone()
                };
                Finding::cannot_tell("in doubt", seen, mend)
            }
            Progress::Asked { why } => Finding::cannot_tell(
                "in doubt",
                format!("'{key}' of step '{step}': only a person can tell: {why}"),
                format!("look, then footbridge approve {} {step} --done, --retry or --abort", state.id),
            ),
            Progress::Planned | Progress::Applied(_) => continue,
        };
        findings.push(finding);
    }
    findings
}

fn stuck(state: &RunState) -> Option<Finding> {
    let (step, key, failure) = state.stuck.as_ref()?;
    let seen = format!("undo stopped at '{key}' of step '{step}': {} {}", failure.code, failure.message);
    Some(Finding::not_so("undo", seen, format!("put right what it says, then footbridge undo {}", state.id)))
}

/// Whatever waits for an approval or an answer, and for how long.
fn people(state: &RunState, now: Timestamp) -> Vec<Finding> {
    let mut waiting = Vec::new();
    if state.life == Life::Awaiting {
        waiting.push(("its plan waits for an approval".to_owned(), state.updated, String::new()));
    }
    if state.life == Life::Running {
        for (step, one) in state.pairs() {
            let path = &step.path;
            match one.stage {
                Stage::Held => waiting.push((
                    format!("the plan of step '{path}' waits for an approval"),
                    one.since,
                    format!(" {path}"),
                )),
                Stage::Gate if one.wait.is_none() => {
                    waiting.push((format!("the gate of step '{path}' waits"), one.since, format!(" {path}")));
                }
                Stage::Gate
                | Stage::Pending
                | Stage::Plan
                | Stage::Change
                | Stage::Verify
                | Stage::Done
                | Stage::Skipped
                | Stage::Retired
                | Stage::Failed => {}
            }
        }
    }
    waiting
        .into_iter()
        .map(|(what, since, step)| {
            let span = now.since(since);
            let seen = format!("{what} since {since}");
            if span < PATIENCE {
                return Finding::so("approval", seen);
            }
            let run = state.id;
            let mend = format!("footbridge explain {run} shows it; footbridge approve {run}{step}, or footbridge cancel {run}");
            Finding::not_so("approval", format!("{seen}, for {}", rounded(span)), mend)
        })
        .collect()
}

fn target(state: &RunState, around: &Around) -> Finding {
    match (&state.binding, &around.target) {
        (_, Place::Missing(failed)) => {
            let mend = failed.hint.clone().unwrap_or_else(|| "bring the target file back".to_owned());
            Finding::not_so("target", format!("'{}' cannot be found: {}", state.target, failed.why), mend)
        }
        (None, Place::Simulated) => Finding::so("target", format!("'{}' of the simulator", state.target)),
        (Some(bound), Place::Found(now)) if bound.identity == now.identity => {
            Finding::so("target", bound.identity.clone())
        }
        (bound, now) => {
            let was = bound.as_ref().map_or("the simulator's own", |bound| bound.identity.as_str());
            let is = match now {
                Place::Found(now) => now.identity.as_str(),
                Place::Simulated | Place::Missing(_) => "the simulator's own",
            };
            Finding::not_so(
                "target",
                format!("'{}' was {was}, and is {is}", state.target),
                "bring the target file back to what it was, or start a new run",
            )
        }
    }
}

fn secret(fact: &SecretFact) -> Finding {
    let SecretFact { name, place, readable } = fact;
    match readable {
        Readable::Yes => Finding::so("secret", format!("{name} can be read: {place}")),
        Readable::Asked => Finding::cannot_tell(
            "secret",
            format!("{name} is {place}"),
            "carry the run on at a terminal, where somebody can type it",
        ),
        Readable::No(failed) => {
            let mend = failed.hint.clone().unwrap_or_else(|| format!("put it there: {place}"));
            Finding::not_so("secret", format!("{name} cannot be read: {}", failed.why), mend)
        }
    }
}

/// `3d`, `25h` or `90s`: what matters of a long time.
fn rounded(span: Duration) -> String {
    let seconds = span.as_secs();
    let unit = [86_400, 3_600, 60].into_iter().find(|unit| seconds >= 2 * unit).unwrap_or(1);
    format_duration(Duration::from_secs(seconds - seconds % unit))
}

#[cfg(test)]
mod tests;
