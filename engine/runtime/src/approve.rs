//! What an approval means for a run: which of the things that wait for a person it settles.

use contracts::ApproveRequest;
use model::event::Decision;
use model::step_state::Progress;
use model::{Answer, Attachment, Class, Code, Event, Failure, Gate, Life, RunState, Stage, StepPath};

/// The events of an approval, or why it is refused. Nothing is settled that was not there to be seen.
pub(crate) fn events(state: &RunState, request: &ApproveRequest) -> Result<Vec<Event>, Failure> {
    if let Some(step) = &request.step
        && state.position(step).is_none()
    {
        return Err(Failure::invalid(Code::Approval, format!("the run has no step '{step}'"))
            .hint("footbridge status RUN lists its steps"));
    }
    if !request.files.is_empty() && request.answers.is_empty() && request.choice.is_none() {
        return Err(refused("files go with an answer or a decision, not with a plan".to_owned()));
    }
    if !request.answers.is_empty() {
        return answers(state, request);
    }
    if let Some(choice) = request.choice {
        return decisions(state, request, choice);
    }
    if state.cancel_asked || state.life == Life::Cancelled {
        return Err(refused("the run is cancelled, and nothing of it is approved any more".to_owned())
            .hint("footbridge explain RUN says who cancelled it"));
    }
    if state.life == Life::Awaiting && request.step.is_none() {
        return plan(state, request);
    }
    held_or_gated(state, request)
}

fn plan(state: &RunState, request: &ApproveRequest) -> Result<Vec<Event>, Failure> {
    let Some(plan) = &state.plan else { return Err(Failure::bug("a run without a plan")) };
    if request.digest.is_some_and(|digest| digest != plan.digest) {
        return Err(
            refused(format!("the plan that waits is {}", plan.digest.short())).hint("look at it again")
        );
    }
    Ok(vec![Event::Approved { digest: plan.digest, by: request.by.clone(), note: request.note.clone() }])
}

fn answers(state: &RunState, request: &ApproveRequest) -> Result<Vec<Event>, Failure> {
    let mut events = Vec::new();
    for given in &request.answers {
        let asked_by: Vec<&StepPath> = state
            .pairs()
            .filter(|(step, _)| request.step.as_ref().is_none_or(|wanted| wanted == &step.path))
            .filter(|(step, _)| {
                step.gate.iter().flat_map(|gate| &gate.form).any(|question| question.id == given.question)
            })
            .map(|(step, _)| &step.path)
            .collect();
        let step = match asked_by.as_slice() {
            [step] => (*step).clone(),
            [] => return Err(refused(format!("no step asks '{}'", given.question))),
            _ => return Err(refused(format!("more than one step asks '{}'; name the step", given.question))),
        };
        events.push(Event::FormAnswered {
            step,
            question: given.question.clone(),
            answer: given.answer.clone(),
            by: request.by.clone(),
            note: request.note.clone(),
            files: named_safely(request),
        });
    }
    Ok(events)
}

fn decisions(state: &RunState, request: &ApproveRequest, decision: Decision) -> Result<Vec<Event>, Failure> {
    if decision == Decision::Done && request.note.is_none() {
        return Err(refused("say with --note how it is known that the change is done".to_owned()));
    }
    let mut events = Vec::new();
    for (step, one) in state.pairs() {
        if request.step.as_ref().is_some_and(|wanted| wanted != &step.path) {
            continue;
        }
        for change in &one.changes {
            let undo = matches!(change.undo, Progress::Asked { .. });
            if !undo && !matches!(change.progress, Progress::Asked { .. }) {
                continue;
            }
            let key = change.change.key.clone();
            events.push(Event::Decided {
                step: step.path.clone(),
                key: key.clone(),
                decision,
                by: request.by.clone(),
                note: request.note.clone(),
                files: named_safely(request),
                undo,
            });
            if decision == Decision::Abort {
                let failure = Failure::new(
                    Code::Aborted,
                    Class::Denied,
                    format!("'{key}' was given up by {}", request.by),
                );
                let step = step.path.clone();
                events.push(if undo {
                    Event::UndoStuck { step, key, failure }
                } else {
                    Event::StepFailed { step, failure }
                });
            }
        }
    }
    if events.is_empty() { Err(refused("no change waits for a decision".to_owned())) } else { Ok(events) }
}

fn held_or_gated(state: &RunState, request: &ApproveRequest) -> Result<Vec<Event>, Failure> {
    let mut events = Vec::new();
    for (step, one) in state.pairs() {
        if request.step.as_ref().is_some_and(|wanted| wanted != &step.path) {
            continue;
        }
        match (one.stage, &one.held, step.gate.as_ref().and_then(|gate| gate.approval.as_ref())) {
            (Stage::Held, Some(held), _) => {
                if request.digest.is_some_and(|digest| digest != held.digest) {
                    return Err(refused(format!(
                        "the plan of step '{}' that waits is {}",
                        step.path,
                        held.digest.short()
                    )));
                }
                events.push(Event::StepApproved {
                    step: step.path.clone(),
                    digest: held.digest,
                    by: request.by.clone(),
                    note: request.note.clone(),
                });
            }
            (Stage::Gate, _, Some(approval)) => {
                if approval.not_requester && request.by == state.by {
                    return Err(refused(format!(
                        "step '{}' must be approved by someone other than {}, who asked for the run",
                        step.path, state.by
                    )));
                }
                events.push(Event::FormAnswered {
                    step: step.path.clone(),
                    question: Gate::APPROVAL.to_owned(),
                    answer: Answer::So,
                    by: request.by.clone(),
                    note: request.note.clone(),
                    files: Vec::new(),
                });
            }
            _ => {}
        }
    }
    if events.is_empty() {
        return Err(refused("nothing waits for an approval".to_owned())
            .hint("footbridge explain RUN says what it waits for"));
    }
    Ok(events)
}

/// A name that came over the wire is as little to be trusted as one that was typed.
fn named_safely(request: &ApproveRequest) -> Vec<Attachment> {
    request.files.iter().cloned().map(Attachment::named_safely).collect()
}

fn refused(message: String) -> Failure {
    Failure::new(Code::Approval, Class::Denied, message)
}
