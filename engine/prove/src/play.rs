//! Plays a case as it is written, and judges what must hold.

use std::collections::BTreeMap;

use contracts::{Answered, ApproveMode, ApproveRequest, Service as _};
use model::{Code, Life, Plan};

use crate::case::{At, Case, CaseEnd};
use crate::lab::Lab;
use crate::reference::Setup;
use crate::trial::Tried;

const APPROVER: &str = "approver";

/// How the play ended.
struct Ended {
    end: CaseEnd,
    plan: Plan,
    code: Option<Code>,
    unchecked: Vec<String>,
    why: String,
}

pub(crate) async fn play(setup: &Setup) -> Tried {
    let lab = setup.lab().await?;
    let case = setup.case.as_ref();
    let ended = follow(&lab, case).await?;
    let mut wrong = Vec::new();
    let expect = &case.expect;
    if ended.end != expect.state {
        wrong.push(format!("it ended {:?}, not {:?}{}", ended.end, expect.state, ended.why));
    }
    if let Some(expected) = &expect.plan {
        let found = kinds(&ended.plan);
        if found != *expected {
            wrong.push(format!("the plan holds {found:?}, not {expected:?}"));
        }
    }
    if let Some(expected) = expect.code.filter(|expected| Some(*expected) != ended.code) {
        let found = ended.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        wrong.push(format!("the code is {found}, not {expected}"));
    }
    if let Some(expected) = expect.unchecked.as_ref().filter(|_| ended.end == CaseEnd::Succeeded)
        && *expected != ended.unchecked
    {
        wrong.push(format!("unchecked is {:?}, not {expected:?}", ended.unchecked));
    }
    let effects = lab.effects_since(0);
    if matches!(ended.end, CaseEnd::Stale | CaseEnd::Conflict) && !effects.is_empty() {
        wrong.push(format!("nothing may be written, and this was: {effects:?}"));
    }
    let world = lab.world.snapshot().map_err(|failure| failure.to_string())?;
    for holds in &expect.holds {
        let found = world.pointer(&holds.pointer).filter(|found| !found.is_null());
        if found != holds.equals.as_ref() {
            let shown =
                |value: Option<&serde_json::Value>| value.map_or("absent".to_owned(), ToString::to_string);
            wrong.push(format!(
                "{} is {}, not {}",
                holds.pointer,
                shown(found),
                shown(holds.equals.as_ref())
            ));
        }
    }
    if wrong.is_empty() { Ok(true) } else { Err(wrong.join("\n")) }
}

/// Plans, lets others act, approves, and follows the run to its end.
async fn follow(lab: &Lab, case: &Case) -> Result<Ended, String> {
    let process = lab.process();
    let plan = process.plan(lab.plan()).await.map_err(|failure| format!("plan: {failure}"))?.plan;
    let ended = |end, code, why: String| Ended { end, plan: plan.clone(), code, unchecked: Vec::new(), why };
    let run = match process.start(lab.start(ApproveMode::Wait)).await {
        Ok(run) => run,
        Err(failure) if failure.code == Code::PlanConflict => {
            return Ok(ended(CaseEnd::Conflict, None, format!(": {failure}")));
        }
        Err(failure) => return Ok(ended(CaseEnd::Failed, Some(failure.code), format!(": {failure}"))),
    };
    for during in &case.during {
        let At::Approval = during.at;
        lab.world.act(&during.act).map_err(|failure| failure.to_string())?;
    }
    let approval = ApproveRequest { by: APPROVER.into(), ..ApproveRequest::default() };
    match process.approve(run, approval).await {
        Err(failure) if failure.code == Code::PlanStale => {
            return Ok(ended(CaseEnd::Stale, Some(failure.code), String::new()));
        }
        Err(failure) => return Err(format!("approve: {failure}")),
        // A target that approves by itself has done so.
        Ok(()) => process.idle().await,
    }
    for (step, answers) in &case.answers {
        let answers = answers
            .iter()
            .map(|(question, one)| Answered { question: question.clone(), answer: one.0.clone() });
        let request = ApproveRequest {
            by: APPROVER.into(),
            step: Some(step.as_str().into()),
            answers: answers.collect(),
            ..ApproveRequest::default()
        };
        process.approve(run, request).await.map_err(|failure| format!("answers for '{step}': {failure}"))?;
        process.idle().await;
    }
    let state = lab.state(run).await?;
    let failed = state.steps.iter().find_map(|step| step.failure.as_ref());
    match state.life {
        Life::Succeeded => {
            let mut unchecked: Vec<String> = state
                .unchecked()
                .iter()
                .map(|(step, question, _)| format!("{step}.{}", question.id))
                .collect();
            unchecked.sort();
            Ok(Ended { unchecked, ..ended(CaseEnd::Succeeded, None, String::new()) })
        }
        Life::Failed => Ok(ended(
            CaseEnd::Failed,
            failed.map(|failure| failure.code),
            failed.map_or_else(String::new, |failure| format!(": {} {}", failure.code, failure.message)),
        )),
        other => Err(format!("the run is {other:?}, which no case can end as\n{}", lab.tale(run).await)),
    }
}

fn kinds(plan: &Plan) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for change in plan.steps.iter().flat_map(|step| &step.changes) {
        let word = serde_json::to_value(change.kind).expect("a kind is a word");
        *counts.entry(word.as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    counts
}
