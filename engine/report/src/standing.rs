//! What a run that is not at rest waits for: nothing, a moment, or a person.

use model::step_state::Progress;
use model::{Life, RunState, Stage, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Something is being done, or could be done right now.
    Busy,
    /// Nothing until that moment; why, for a person.
    Timer { at: Timestamp, why: String },
    /// Nothing until a person acts.
    Person,
    /// Nothing unless a person asks for more.
    Rests,
}

pub fn standing(state: &RunState) -> Standing {
    let asked_to_stop = state.pause_asked || state.cancel_asked;
    match state.life {
        Life::Awaiting if asked_to_stop => return Standing::Busy,
        Life::Awaiting => return Standing::Person,
        Life::Paused
        | Life::Cancelled
        | Life::Failed
        | Life::Succeeded
        | Life::Undone
        | Life::PartlyUndone
        | Life::Stuck => {
            return Standing::Rests;
        }
        Life::Running | Life::Undoing => {}
    }
    if asked_to_stop {
        return Standing::Busy;
    }
    let undoing = state.life == Life::Undoing;
    let blocked = state.blocked();
    let mut next: Option<(Timestamp, String)> = None;
    let mut person = false;
    for (step, one) in state.pairs() {
        let asked = one.changes.iter().any(|change| {
            let progress = if undoing { &change.undo } else { &change.progress };
            matches!(progress, Progress::Asked { .. })
        });
        if asked {
            person = true;
            continue;
        }
        if let Some(wait) = &one.wait {
            if next.as_ref().is_none_or(|(at, _)| wait.until < *at) {
                next = Some((wait.until, format!("{}: {}", step.path, wait.why)));
            }
            continue;
        }
        if undoing || blocked.contains(&step.path) {
            continue;
        }
        match one.stage {
            Stage::Done | Stage::Skipped | Stage::Failed | Stage::Retired => {}
            Stage::Held => person = true,
            Stage::Gate => {
                if state.gate_opens(step) {
                    return Standing::Busy;
                }
                person = true;
            }
            Stage::Pending => {
                let ready = step.needs.iter().all(|need| {
                    state
                        .position(need)
                        .is_some_and(|at| matches!(state.steps[at].stage, Stage::Done | Stage::Skipped))
                });
                if ready {
                    return Standing::Busy;
                }
            }
            Stage::Plan | Stage::Change | Stage::Verify => return Standing::Busy,
        }
    }
    match next {
        Some((at, why)) => Standing::Timer { at, why },
        None if person => Standing::Person,
        None => Standing::Busy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{change, run, workflow};
    use model::value::Map;
    use model::{ChangeKind, Digest, Event, Value};

    fn approved() -> Event {
        Event::Approved { digest: Digest::default(), by: "ann".into(), note: None }
    }

    #[test]
    fn a_run_waits_for_its_approval_then_is_busy_then_for_a_moment() {
        let flow = || workflow(&[("a", &[]), ("b", &["a"])]);
        assert_eq!(standing(&run(flow(), vec![])), Standing::Person);
        let cancelled = Event::CancelAsked { by: "ann".into(), note: None };
        assert_eq!(standing(&run(flow(), vec![cancelled])), Standing::Busy);
        assert_eq!(standing(&run(flow(), vec![approved()])), Standing::Busy);
        let ready = Event::StepReady { step: "a".into(), with: Map::new() };
        let waits = Event::Waits { step: "a".into(), until: Timestamp(60_000), why: "converges".into() };
        let expected = Standing::Timer { at: Timestamp(60_000), why: "a: converges".into() };
        assert_eq!(standing(&run(flow(), vec![approved(), ready, waits])), expected);
    }

    #[test]
    fn a_change_nobody_can_tell_about_waits_for_a_person() {
        let wanted = change("k", ChangeKind::Create, Value::Null, Value::Bool(true));
        let events = vec![
            approved(),
            Event::StepReady { step: "a".into(), with: Map::new() },
            Event::StepPlanned { step: "a".into(), changes: vec![wanted], already: Map::new() },
            Event::Asked { step: "a".into(), key: "k".into(), why: "neither".into(), undo: false },
        ];
        assert_eq!(standing(&run(workflow(&[("a", &[])]), events)), Standing::Person);
    }
}
