//! A run goes on with another version of its workflow: compared, planned anew, and pinned in one batch.

use std::sync::Arc;

use contracts::{ApproveMode, RepinPlan, RepinRequest};
use model::step_state::{ChangeState, Progress};
use model::value::Map;
use model::{Class, Code, Comparison, Digest, Event, Failure, Life, Repin, RunId, RunState, Step, Workflow};

use crate::params::complete;
use crate::planner;
use crate::startable::startable;
use crate::supervisor::Supervisor;

/// What a re-pin would do, with all that doing it takes. Nothing is written yet.
struct Prepared {
    comparison: Comparison,
    plan: model::Plan,
    workflow: Arc<Workflow>,
    params: Map,
    approves_itself: Option<String>,
    /// The sequence and the epoch that the run was at.
    at: (u32, u32),
}

impl Prepared {
    /// Whether the run is where it was looked at: opening one that a dead process left takes it up, and does no more.
    fn still(&self, state: &RunState) -> bool {
        let (sequence, epoch) = self.at;
        [(sequence, epoch), (sequence + 1, epoch + 1)].contains(&(state.next_sequence, state.epoch))
    }
}

impl Supervisor {
    pub(crate) async fn repin_planned(
        &self,
        run: RunId,
        request: RepinRequest,
    ) -> Result<RepinPlan, Failure> {
        let Prepared { comparison, plan, .. } = self.prepared(run, &request).await?;
        Ok(RepinPlan { run, comparison, plan })
    }

    /// The re-pin, the plan of what remains and its approval are one batch: no process ever sees one without the others.
    pub(crate) async fn repinned(&self, run: RunId, request: RepinRequest) -> Result<(), Failure> {
        let prepared = self.prepared(run, &request).await?;
        startable(&prepared.plan, &request.approve)?;
        let workflow = Arc::clone(&prepared.workflow);
        let bytes = serde_json::to_vec(workflow.as_ref()).expect("a workflow always has a JSON form");
        let pin = self.parts.journal.put(bytes).await?;
        let digest = prepared.plan.digest;
        let approver = match (&request.approve, &prepared.approves_itself) {
            (ApproveMode::Yes | ApproveMode::Digest(_), _) => Some(request.by.clone()),
            (ApproveMode::Wait, itself) => itself.clone(),
        };
        let repin = Event::Repinned(Repin {
            workflow: pin,
            version: workflow.version.clone(),
            params: prepared.params.clone(),
            moved: prepared.comparison.moved(),
            changed: prepared.comparison.changed(),
            approves_later: matches!(request.approve, ApproveMode::Yes) || prepared.approves_itself.is_some(),
            by: request.by.clone(),
            note: request.note,
        });
        let mut events = vec![repin, Event::Planned { plan: prepared.plan.clone() }];
        events.extend(approver.map(|by| Event::Approved { digest, by, note: None }));
        let open = self.open(run, &request.by).await?;
        let forbids = |state: &RunState| {
            let moved = !prepared.still(state);
            (moved || self.carries(run)).then_some(())
        };
        // Nobody opens the run in between: there is one log of it at any time.
        let _lane = self.runs.lane(run).lock().await;
        if open.hand.log.close_with(forbids, (pin, workflow), events).await?.is_some() {
            return Err(Failure::new(Code::PlanStale, Class::Conflict, "the run went on in the meantime")
                .hint("look again; nothing was written"));
        }
        open.hand.bench.session.close().await;
        let state = open.hand.state().await;
        let bench = self.bench_of(&state).await?;
        let fresh = self.runs.insert(self.opened(bench, state));
        self.carry_on(&fresh);
        Ok(())
    }

    async fn prepared(&self, run: RunId, request: &RepinRequest) -> Result<Prepared, Failure> {
        let state = self.state(run).await?;
        allowed(&state, &request.workflow, self.carries(run))?;
        self.callable(&state, &request.workflow)?;
        let comparison = Comparison::new(&state, &request.workflow);
        let params = params(&state, &request.workflow, &request.params)?;
        let pinned = comparison.pinned(&state, &request.workflow);
        let workflow = self.prepare(pinned)?;
        // The state as the re-pin would leave it: what remains is planned from there.
        let after = after(&state, &workflow, &comparison, &params)?;
        let bench = self.bench_of(&after).await?;
        let plan = planner::plan(&bench, Some(&after)).await.plan;
        bench.session.close().await;
        let approves_itself = bench.session.approves_itself.clone();
        Ok(Prepared {
            comparison,
            plan,
            workflow,
            params,
            approves_itself,
            at: (state.next_sequence, state.epoch),
        })
    }

    /// Every function that is called must be there: of the new workflow, and of what is kept from the old one.
    fn callable(&self, state: &RunState, new: &Workflow) -> Result<(), Failure> {
        let functions = self.parts.targets.functions();
        if let Some(finding) = self.parts.steps.check(new, &functions).into_iter().next() {
            return Err(finding.failure);
        }
        let kept = |step: &&Step| {
            state.step(&step.path).is_some_and(|(_, one)| one.changes.iter().any(ChangeState::stands))
        };
        let findings = self.parts.steps.check(&state.workflow, &functions);
        for step in state.workflow.steps.iter().filter(kept) {
            let of_step = |place: &model::Place| place.file == step.script.file;
            let found = findings.iter().find(|one| one.failure.place.as_ref().is_some_and(of_step));
            if let Some(finding) = found {
                let why = &finding.failure.message;
                return Err(refused(format!(
                    "what step '{}' did could no longer be taken back: {why}",
                    step.path
                ))
                .hint("undo the run with the footbridge that made it, then start a new one"));
            }
        }
        Ok(())
    }
}

/// Whether the run may be re-pinned now, and what to do instead where it may not.
fn allowed(state: &RunState, new: &Workflow, live: bool) -> Result<(), Failure> {
    let run = state.id;
    if state.workflow.id != new.id {
        return Err(refused(format!(
            "run {run} is one of the workflow '{}', not of '{}'",
            state.workflow.id, new.id
        ))
        .hint("start a new run of the other workflow: what is already so is adopted"));
    }
    let no = |why: &str, instead: String| Err(refused(format!("run {run} {why}")).hint(instead));
    match state.life {
        Life::Awaiting | Life::Running | Life::Paused | Life::Failed => {}
        Life::Succeeded => {
            return no(
                "has succeeded: nothing of it remains to be done",
                "start a new run with the new workflow: what is already so is adopted".to_owned(),
            );
        }
        Life::Cancelled => {
            return no(
                "was cancelled for good",
                format!("footbridge undo {run} takes back what it did; a new run adopts what is already so"),
            );
        }
        Life::Undoing => {
            return no(
                "is being undone, with the scripts that did what is taken back",
                format!("let the undo end: footbridge resume {run}"),
            );
        }
        Life::PartlyUndone => {
            return no(
                "was undone in part",
                format!("take back the rest with footbridge undo {run}, then start a new run"),
            );
        }
        Life::Undone => return no("was undone", "start a new run with the new workflow".to_owned()),
        Life::Stuck => {
            return no(
                "is stuck in its undo",
                format!("put the object right that keeps it, then footbridge undo {run}"),
            );
        }
    }
    if state.cancel_asked {
        return no("is being cancelled", format!("let it end: footbridge resume {run}"));
    }
    if live {
        return no(
            "is being carried on right now",
            format!("stop it at a safe point first: footbridge pause {run}"),
        );
    }
    if let Some((step, key, progress)) = state.doubts().first() {
        let instead = if matches!(progress, Progress::Asked { .. }) {
            format!("decide first: footbridge approve {run} {step} --done, --retry or --abort")
        } else {
            format!("settle it first, as it was sent, by looking: footbridge resume {run}")
        };
        return no(&format!("does not know whether '{key}' of step '{step}' took effect"), instead);
    }
    Ok(())
}

/// What was given stays; only what the run has no value for may be given now.
fn params(state: &RunState, new: &Workflow, given: &Map) -> Result<Map, Failure> {
    if let Some(name) = given.keys().find(|name| state.params.get(*name).is_some_and(|old| !old.is_null())) {
        return Err(refused(format!("parameter '{name}' has its value in this run already"))
            .hint("values stay as they were given; another value needs another run"));
    }
    let known = |name: &String| new.params.iter().any(|param| &param.name == name);
    let mut all: Map = state.params.clone().into_iter().filter(|(name, _)| known(name)).collect();
    all.extend(given.clone());
    let mut params = complete(new, &all)?;
    for (name, value) in &state.params {
        params.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Ok(params)
}

/// The state as the event would leave it, told by the fold itself.
fn after(
    state: &RunState,
    workflow: &Arc<Workflow>,
    comparison: &Comparison,
    params: &Map,
) -> Result<RunState, Failure> {
    let mut after = state.clone();
    let pin = Digest::of(workflow.as_ref());
    Arc::make_mut(&mut after.pinned).insert(pin, Arc::clone(workflow));
    let repin = Repin {
        workflow: pin,
        version: workflow.version.clone(),
        params: params.clone(),
        moved: comparison.moved(),
        changed: comparison.changed(),
        approves_later: false,
        by: String::new(),
        note: None,
    };
    after.repin(&repin, state.updated).map_err(Failure::bug)?;
    Ok(after)
}

fn refused(message: String) -> Failure {
    Failure::new(Code::Repin, Class::Denied, message)
}
