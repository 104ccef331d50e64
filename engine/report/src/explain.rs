//! The six answers about a run: its state, since when, what it waits for, the next automatic action and its time,
//! what a person may do now, and what that would cause.

use model::run_state::{GivenFile, RunStatus};
use model::step_state::{ChangeState, Progress};
use model::summary::stopped_by;
use model::time::format_duration;
use model::{Asker, ByHand, Doubt, Life, RunState, Stage, StepPath, Timestamp};
use serde::Serialize;

use crate::standing::{Standing, standing};
use crate::stepping_in::stepping_in;
use crate::summary::{given_line, painted, stopped};
use crate::undoing::{halves, ways_on};
use crate::values::clean;
use crate::{Paint, Style, stale};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    pub run: model::RunId,
    pub state: RunStatus,
    pub since: Timestamp,
    /// Who paused or cancelled it, or has asked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<Asker>,
    pub waits_for: Vec<String>,
    /// Of an undo that did not take back the whole run: `STEP/KEY: target` of what it did take back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken_back: Vec<String>,
    /// And of what is still there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stands: Vec<String>,
    pub next: Next,
    pub may: Vec<Possibility>,
    /// Writes whose answer is lost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// Steps that are skipped or done because a person said so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_hand: Vec<StepByHand>,
    /// What persons gave to show their answers and decisions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<GivenFile>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepByHand {
    pub step: StepPath,
    /// `done` or `skipped`, or how far it is.
    pub state: String,
    #[serde(flatten)]
    pub by_hand: ByHand,
}

/// What happens by itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Next {
    pub action: String,
    /// `None`: right now, or never without a person; the action says which.
    pub at: Option<Timestamp>,
}

/// What a person may do, as a command to type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Possibility {
    pub command: String,
    pub causes: String,
}

/// `live`: a process is carrying the run on right now.
pub fn explain(state: &RunState, live: bool) -> Explanation {
    let (taken_back, stands) = halves(state);
    Explanation {
        run: state.id,
        state: state.status(live),
        since: since(state),
        waits_for: waits_for(state, live),
        taken_back,
        stands,
        next: next(state, live),
        may: may(state, live),
        doubts: Doubt::all(state, live),
        stopped_by: stopped_by(state).cloned(),
        by_hand: by_hand(state),
        files: state.files.clone(),
    }
}

fn by_hand(state: &RunState) -> Vec<StepByHand> {
    state
        .pairs()
        .filter_map(|(step, one)| {
            let by_hand = one.by_hand.clone()?;
            Some(StepByHand { step: step.path.clone(), state: one.stage.name().to_owned(), by_hand })
        })
        .collect()
}

fn since(state: &RunState) -> Timestamp {
    if state.life != Life::Running {
        return state.updated;
    }
    let at_work = state.steps.iter().filter(|step| !step.stage.is_final() && step.stage != Stage::Pending);
    at_work.map(|step| step.since).min().unwrap_or(state.updated)
}

fn waits_for(state: &RunState, live: bool) -> Vec<String> {
    let mut list = Vec::new();
    match state.life {
        Life::Awaiting => list.push("the approval of its plan".to_owned()),
        Life::Paused => list.push("a person to resume it".to_owned()),
        Life::Failed => {
            for (step, one) in state.pairs() {
                if let Some(failure) = &one.failure {
                    list.push(format!(
                        "step {} to be mended: {} {}",
                        step.path, failure.code, failure.message
                    ));
                }
            }
        }
        Life::Stuck => {
            if let Some((step, key, failure)) = &state.stuck {
                list.push(format!(
                    "the undo of {key} in {step} to be mended: {} {}",
                    failure.code, failure.message
                ));
            }
        }
        Life::Succeeded | Life::Undone | Life::PartlyUndone | Life::Cancelled => {}
        Life::Running | Life::Undoing => {
            if !live && standing(state) == Standing::Busy {
                list.push("a process to carry it on; the one that did is gone".to_owned());
            }
            for (step, one) in state.pairs() {
                list.extend(step_waits(state, step, one));
            }
        }
    }
    list
}

fn step_waits(state: &RunState, step: &model::Step, one: &model::StepState) -> Vec<String> {
    let mut list = Vec::new();
    let path = &step.path;
    for change in &one.changes {
        for progress in [&change.progress, &change.undo] {
            match progress {
                Progress::Asked { why } => {
                    list.push(format!("{path}: a person to decide about {}: {why}", change.change.key));
                }
                Progress::InDoubt { why, looks, .. } => {
                    list.push(format!(
                        "{path}: a look whether {} took effect ({why}; looks so far: {looks})",
                        change.change.key
                    ));
                }
                Progress::Sent { .. } => list.push(format!("{path}: the answer to {}", change.change.key)),
                Progress::Planned | Progress::Applied(_) => {}
            }
        }
    }
    if let Some(wait) = &one.wait {
        list.push(format!("{path}: {}", wait.why));
    } else if let Some(held) = &one.held {
        list.push(format!("{path}: an approval of its own ({})", held.why));
    } else if one.stage == Stage::Gate {
        if let Some(approval) = step.gate.as_ref().and_then(|gate| gate.approval.as_ref()) {
            list.push(format!("{path}: an approval by {}", approval.role));
        }
        for question in step.gate.iter().flat_map(|gate| &gate.form) {
            if question.required && !state.answers.contains_key(&(path.clone(), question.id.clone())) {
                list.push(format!("{path}: an answer to {}", question.id));
            }
        }
    } else if list.is_empty() && matches!(one.stage, Stage::Plan | Stage::Change | Stage::Verify) {
        let doing = match one.stage {
            Stage::Plan => "looking and planning",
            Stage::Change => "writing",
            _ => "verifying",
        };
        list.push(format!("{path}: {doing} to finish"));
    }
    list
}

fn next(state: &RunState, live: bool) -> Next {
    let nothing = |why: &str| Next { action: why.to_owned(), at: None };
    match standing(state) {
        Standing::Rests => nothing("nothing by itself: the run rests"),
        Standing::Person => nothing("nothing by itself: a person must act"),
        Standing::Timer { at, why } if live => Next { action: format!("looks again ({why})"), at: Some(at) },
        Standing::Timer { at, why } => Next {
            action: format!("nothing by itself: no process carries the run on; due is {why}"),
            at: Some(at),
        },
        Standing::Busy if live => nothing("it is at work right now"),
        Standing::Busy => nothing("nothing by itself: no process carries the run on"),
    }
}

fn may(state: &RunState, live: bool) -> Vec<Possibility> {
    let run = state.id;
    let doubts = Doubt::all(state, live);
    let mut list = Vec::new();
    let mut offer =
        |command: String, causes: &str| list.push(Possibility { command, causes: causes.to_owned() });
    match state.life {
        Life::Awaiting => {
            offer(format!("footbridge approve {run}"), "the plan is carried out as shown");
            let wrote = state.steps.iter().flat_map(|one| &one.changes).any(ChangeState::stands);
            let ends =
                if wrote { "the run ends; what it did stays" } else { "the run ends; nothing was written" };
            offer(format!("footbridge cancel {run}"), ends);
        }
        Life::Running | Life::Undoing => {
            for (step, one) in state.pairs() {
                let path = &step.path;
                for choice in doubts.iter().filter(|doubt| doubt.step == *path).flat_map(|one| &one.choices) {
                    offer(choice.command.clone(), &choice.causes);
                }
                if one.held.is_some() {
                    offer(
                        format!("footbridge approve {run} {path}"),
                        "the step's changes are carried out as shown",
                    );
                }
                if one.stage == Stage::Gate && one.wait.is_none() {
                    let form = step.gate.iter().flat_map(|gate| &gate.form);
                    for question in form.filter(|question| question.required) {
                        offer(
                            format!(
                                "footbridge approve {run} {path} --answer {}=yes|no|cannot-tell",
                                question.id
                            ),
                            "the answer is recorded",
                        );
                    }
                    if step.gate.as_ref().is_some_and(|gate| gate.approval.is_some()) {
                        offer(format!("footbridge approve {run} {path}"), "the step may start");
                    }
                }
            }
            if !live {
                offer(
                    format!("footbridge resume {run}"),
                    "it goes on exactly where it stopped; lost answers are settled by looking",
                );
            }
            if state.life == Life::Running {
                if live {
                    offer(
                        format!("footbridge pause {run}"),
                        "it stops at the next safe point and can be resumed",
                    );
                }
                offer(
                    format!("footbridge cancel {run}"),
                    "it stops at the next safe point for good; nothing is undone",
                );
            }
        }
        Life::Paused => {
            offer(format!("footbridge resume {run}"), "it goes on exactly where it stopped");
            offer(format!("footbridge cancel {run}"), "it stops for good; nothing is undone");
        }
        Life::Failed => {
            offer(format!("footbridge resume {run}"), "the failed steps look again and go on from there");
            offer(
                format!("footbridge resume {run} --with FOLDER"),
                "it goes on with the mended workflow in that folder, after showing what differs",
            );
            offer(
                format!("footbridge undo {run}"),
                "its changes are taken back, newest first, after showing them",
            );
        }
        Life::Cancelled => {
            offer(
                format!("footbridge undo {run}"),
                "its changes are taken back, newest first, after showing them",
            );
        }
        Life::Succeeded => {
            offer(format!("footbridge verify {run}"), "a look whether the world is still as the run left it");
            offer(
                format!("footbridge undo {run}"),
                "its changes are taken back, newest first, after showing them",
            );
        }
        Life::Stuck => {
            for (command, causes) in ways_on(state) {
                offer(command, &causes);
            }
        }
        Life::PartlyUndone => {
            offer(format!("footbridge undo {run}"), "what stands is taken back too, after showing it");
        }
        Life::Undone => {}
    }
    if matches!(state.life, Life::Succeeded | Life::Failed) {
        for (step, question, _) in state.unchecked().into_iter().filter(|(_, question, _)| !question.required)
        {
            offer(
                format!("footbridge approve {run} {step} --answer {}=yes|no|cannot-tell", question.id),
                &format!("recorded as checked by you; a yes proves {}", question.proves),
            );
        }
    }
    list.extend(stepping_in(state));
    list
}

/// `now` for "in 5m"; pass the moment of asking.
pub fn text(state: &RunState, live: bool, now: Timestamp, style: Style) -> String {
    let told = explain(state, live);
    let label = |name: &str| style.quiet(&format!("{name:17}"));
    let ago = format_duration(whole_seconds(now.since(told.since)));
    let ahead = told.since.since(now);
    let ago = if ahead > crate::CLOCKS_DIFFER {
        let ahead = format_duration(whole_seconds(ahead));
        format!("{ahead} ahead of this machine's clock, which was set back or was wrong before")
    } else {
        format!("{ago} ago")
    };
    let mut text = format!("{}{}\n", label("run"), style.strong(&told.run.to_string()));
    text.push_str(&format!("{}{}\n", label("state"), painted(told.state, style)));
    if let Some(asker) = &told.stopped_by {
        text.push_str(&format!("{}{}\n", label(""), stopped(told.state, asker)));
    }
    text.push_str(&format!("{}{} ({ago})\n", label("since"), told.since));
    text.push_str(&listed(&label("waits for"), &told.waits_for));
    for doubt in &told.doubts {
        text.push_str(&format!("{}{}\n", label("in doubt"), crate::doubt::which(doubt)));
        for fact in crate::doubt::facts(doubt) {
            text.push_str(&format!("{}{fact}\n", label("")));
        }
    }
    for one in &told.by_hand {
        let told = clean(&one.by_hand.told());
        text.push_str(&format!("{}{}: {} ({told})\n", label("by hand"), one.step, one.state));
    }
    for (name, lines) in [("taken back", &told.taken_back), ("stands", &told.stands)] {
        for line in lines {
            text.push_str(&format!("{}{}\n", label(name), clean(line)));
        }
    }
    let when = match told.next.at {
        Some(at) if at > now => format!(" at {at} (in {})", format_duration(whole_seconds(at.since(now)))),
        Some(at) => format!(" at {at} (due)"),
        None => String::new(),
    };
    text.push_str(&format!("{}{}{when}\n", label("next by itself"), clean(&told.next.action)));
    if told.may.is_empty() {
        text.push_str(&format!("{}nothing\n{}nothing\n", label("you may"), label("which causes")));
    }
    for one in &told.may {
        text.push_str(&format!("{}{}\n", label("you may"), style.paint(Paint::Strong, &clean(&one.command))));
        text.push_str(&format!("{}{}\n", label("which causes"), clean(&one.causes)));
    }
    for given in &told.files {
        text.push_str(&format!("{}{}\n", label("was given"), given_line(given)));
    }
    if let Some(plan) = state.plan.as_ref().filter(|_| state.life == Life::Awaiting) {
        text.push_str(&format!("\n{}", crate::plan::text(plan, style)));
    }
    for (step, one) in state.pairs() {
        if let Some(held) = &one.held {
            text.push_str(&format!(
                "\n{} waits with this plan, digest {}\n",
                style.strong(step.path.as_str()),
                held.digest.short()
            ));
            text.push_str(&crate::plan::changes_text(&held.changes, style));
            if !held.differences.is_empty() {
                text.push_str("  what moved since the approval:\n");
                text.push_str(&stale::text(&held.differences, style));
            }
        }
    }
    text
}

/// [`Explanation`] as JSON, times in RFC 3339; with the `plan` while that waits for its approval.
pub fn json(state: &RunState, live: bool) -> serde_json::Value {
    let told = explain(state, live);
    let mut document = serde_json::json!(told);
    if !told.doubts.is_empty() {
        document["doubts"] = crate::doubt::json(&told.doubts);
    }
    document["since"] = told.since.to_string().into();
    if let Some(plan) = state.plan.as_ref().filter(|_| state.life == Life::Awaiting) {
        document["plan"] = crate::plan::json(plan);
    }
    document["next"]["at"] = told.next.at.map(|at| at.to_string()).into();
    document
}

fn listed(label: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return format!("{label}nothing\n");
    }
    let mut text = String::new();
    for line in lines {
        text.push_str(&format!("{label}{}\n", clean(line)));
    }
    text
}

fn whole_seconds(span: std::time::Duration) -> std::time::Duration {
    std::time::Duration::from_secs(span.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{run, workflow};
    use model::value::Map;
    use model::{Digest, Event};

    #[test]
    fn promise_6_all_six_answers_are_given() {
        let events = vec![
            Event::Approved { digest: Digest::default(), by: "ann".into(), note: None },
            Event::StepReady { step: "a".into(), with: Map::new() },
            Event::Waits {
                step: "a".into(),
                until: Timestamp(303_000),
                why: "the domain controllers replicate".into(),
            },
        ];
        let state = run(workflow(&[("a", &[])]), events);
        let id = state.id;
        let expected = format!(
            "run              {id}\nstate            waiting\nsince            1970-01-01T00:00:02Z (1s ago)\n\
             waits for        a: the domain controllers replicate\n\
             next by itself   looks again (a: the domain controllers replicate) at 1970-01-01T00:05:03Z (in 5m)\n\
             you may          footbridge pause {id}\nwhich causes     it stops at the next safe point and can be resumed\n\
             you may          footbridge cancel {id}\nwhich causes     it stops at the next safe point for good; nothing is undone\n"
        );
        assert_eq!(text(&state, true, Timestamp(3_000), Style::Plain), expected);
    }

    #[test]
    fn an_interrupted_run_says_that_nobody_carries_it_on() {
        let events = vec![Event::Approved { digest: Digest::default(), by: "ann".into(), note: None }];
        let told = explain(&run(workflow(&[("a", &[])]), events), false);
        assert_eq!(told.state, RunStatus::Interrupted);
        assert!(told.next.action.contains("no process"));
        assert!(told.may.iter().any(|one| one.command.starts_with("footbridge resume")));
    }

    #[test]
    fn a_run_that_waits_for_approval_offers_it() {
        let told = explain(&run(workflow(&[("a", &[])]), vec![]), false);
        assert_eq!(told.waits_for, ["the approval of its plan"]);
        assert!(told.may[0].command.starts_with("footbridge approve"));
    }
}
