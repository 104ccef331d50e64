//! Every case of every shipped workflow: the world before, what happens meanwhile, and what must hold afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use contracts::{Answered, ApproveMode, ApproveRequest, Service};
use model::value::Map;
use model::{Answer, Code, Life, Plan};
use serde::Deserialize;
use sim::{Action, WorldSpec};

use crate::lab::{Lab, shipped, story};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    title: String,
    #[serde(default)]
    world: WorldSpec,
    #[serde(default)]
    params: Map,
    #[serde(default)]
    during: Vec<During>,
    #[serde(default)]
    answers: BTreeMap<String, BTreeMap<String, String>>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct During {
    at: At,
    act: Action,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum At {
    Approval,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    state: End,
    plan: Option<BTreeMap<String, usize>>,
    unchecked: Option<Vec<String>>,
    code: Option<Code>,
    #[serde(default)]
    holds: Vec<Holds>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum End {
    Succeeded,
    Failed,
    Stale,
    Conflict,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holds {
    pointer: String,
    equals: Option<serde_json::Value>,
    #[serde(default)]
    absent: bool,
}

/// A world and parameters on which a workflow succeeds, nobody else acting.
pub(crate) struct Scenario {
    pub(crate) name: String,
    workflow: model::Workflow,
    world: WorldSpec,
    params: Map,
}

impl Scenario {
    /// The world that a target begins with, and no parameters.
    pub(crate) fn fresh(id: &str, workflow: &model::Workflow) -> Scenario {
        Scenario {
            name: id.to_owned(),
            workflow: workflow.clone(),
            world: WorldSpec::default(),
            params: Map::new(),
        }
    }

    pub(crate) async fn lab(&self) -> Lab {
        Lab::new(&self.workflow, &self.world, self.params.clone()).await
    }
}

/// Every case that succeeds: on these the process is killed everywhere.
pub(crate) fn succeeding() -> Vec<Scenario> {
    let undisturbed = |case: &Case| case.expect.state == End::Succeeded && case.during.is_empty();
    let all: Vec<Scenario> = every()
        .into_iter()
        .filter(|(_, _, case)| undisturbed(case))
        .map(|(name, workflow, case)| Scenario { name, workflow, world: case.world, params: case.params })
        .collect();
    assert!(all.len() >= 5, "only {} cases succeed", all.len());
    all
}

fn every() -> Vec<(String, model::Workflow, Case)> {
    let mut all = Vec::new();
    for (id, workflow) in shipped() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows").join(&id).join("cases");
        for entry in fs::read_dir(&folder).expect("the folder of cases").flatten() {
            let name = format!("{id}/{}", entry.file_name().to_string_lossy());
            let text = fs::read_to_string(entry.path()).expect("a case");
            let case: Case = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            all.push((name, workflow.clone(), case));
        }
    }
    all.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_ends_as_it_says() {
    let all = every();
    assert!(all.len() >= 10, "only {} cases were run", all.len());
    for (name, workflow, case) in all {
        check(&name, &workflow, case).await;
    }
}

async fn check(name: &str, workflow: &model::Workflow, case: Case) {
    let name = format!("{name} ({})", case.title);
    let lab = Lab::new(workflow, &case.world, case.params.clone()).await;
    let (end, plan, code) = play(&lab, &case, &name).await;
    assert_eq!(end, case.expect.state, "{name}: {code:?}");
    if let Some(expected) = &case.expect.plan {
        assert_eq!(&kinds(&plan), expected, "{name}: {:#?}", plan.steps);
    }
    if let Some(expected) = case.expect.code {
        assert_eq!(code, Some(expected), "{name}");
    }
    if matches!(end, End::Stale | End::Conflict) {
        assert_eq!(lab.our_effects(), Vec::<String>::new(), "{name}: nothing may be written");
    }
    let world = lab.world().snapshot();
    for holds in &case.expect.holds {
        let found = world.pointer(&holds.pointer).filter(|found| !found.is_null());
        let expected = if holds.absent { None } else { holds.equals.as_ref() };
        assert_eq!(found, expected, "{name}: {}", holds.pointer);
    }
}

/// Plans, lets others act, approves, and follows the run to its end.
async fn play(lab: &Lab, case: &Case, name: &str) -> (End, Plan, Option<Code>) {
    let process = lab.process(Arc::clone(&lab.journal));
    let plan = process.plan(lab.plan()).await.unwrap_or_else(|failure| panic!("{name}: {failure}")).plan;
    let run = match process.start(lab.start(ApproveMode::Wait)).await {
        Ok(run) => run,
        Err(failure) if failure.code == Code::PlanConflict => {
            let failed = plan.steps.iter().find_map(|step| match &step.outlook {
                model::StepOutlook::Failed { failure } => Some(failure.code),
                _ => None,
            });
            return (if failed.is_some() { End::Failed } else { End::Conflict }, plan, failed);
        }
        Err(failure) => return (End::Failed, plan, Some(failure.code)),
    };
    for during in &case.during {
        let At::Approval = during.at;
        lab.world().as_other_admin(&during.act).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let approval = ApproveRequest { by: "approver".into(), ..ApproveRequest::default() };
    if let Err(failure) = process.approve(run, approval).await {
        assert_eq!(failure.code, Code::PlanStale, "{name}: {failure}");
        return (End::Stale, plan, Some(failure.code));
    }
    process.idle().await;
    for (step, answers) in &case.answers {
        let answers = answers
            .iter()
            .map(|(question, text)| Answered { question: question.clone(), answer: answer(text) });
        let request = ApproveRequest {
            by: "approver".into(),
            step: Some(step.as_str().into()),
            answers: answers.collect(),
            ..ApproveRequest::default()
        };
        process.approve(run, request).await.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        process.idle().await;
    }
    let state = lab.state(run).await;
    let failed = state.steps.iter().find_map(|step| step.failure.as_ref().map(|failure| failure.code));
    match state.life {
        Life::Succeeded => {
            if let Some(expected) = &case.expect.unchecked {
                let mut open: Vec<String> = state
                    .unchecked()
                    .iter()
                    .map(|(step, question, _)| format!("{step}.{}", question.id))
                    .collect();
                open.sort();
                assert_eq!(&open, expected, "{name}");
            }
            (End::Succeeded, plan, None)
        }
        Life::Failed => (End::Failed, plan, failed),
        other => panic!("{name}: the run is {other:?}:\n{}", story(&lab.records(run).await)),
    }
}

fn answer(text: &str) -> Answer {
    match text.split_once(':') {
        None if text == "yes" => Answer::So,
        Some(("no", why)) => Answer::NotSo(why.trim().to_owned()),
        Some(("cannot tell", why)) => Answer::CannotTell(why.trim().to_owned()),
        _ => panic!("'{text}' is no answer"),
    }
}

fn kinds(plan: &Plan) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for change in plan.steps.iter().flat_map(|step| &step.changes) {
        let kind = match serde_json::to_value(change.kind) {
            Ok(serde_json::Value::String(kind)) => kind,
            other => panic!("a kind is a word, not {other:?}"),
        };
        *counts.entry(kind).or_default() += 1;
    }
    counts
}
