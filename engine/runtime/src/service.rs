//! Everything a front end may ask of the engine, answered by the supervisor.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contracts::{
    ApproveMode, ApproveRequest, DriftReport, Durability, History, ImportRequest, Imported, InterveneRequest,
    PlanReply, PlanRequest, RepinPlan, RepinRequest, Service, StartRequest, UndoPlan, UndoRequest,
    UndoWanted,
};
use model::{Asker, Code, Digest, Event, Failure, Life, Pinned, Record, RunId, RunState};

use crate::params::complete;
use crate::startable::startable;
use crate::supervisor::Supervisor;
use crate::{approve, attached, planner};

#[async_trait]
impl Service for Supervisor {
    async fn plan(&self, request: PlanRequest) -> Result<PlanReply, Failure> {
        let params = complete(&request.workflow, &request.params)?;
        let workflow = self.prepare(request.workflow)?;
        let bench = self.bench(workflow, &request.target, params, None).await?;
        let planned = planner::plan(&bench, None).await;
        let commands =
            if request.commands { crate::describe::describe(&bench, &planned).await } else { Vec::new() };
        bench.session.close().await;
        Ok(PlanReply { plan: planned.plan, commands })
    }

    async fn start(&self, request: StartRequest) -> Result<RunId, Failure> {
        let params = complete(&request.workflow, &request.params)?;
        let now = self.parts.clock.now();
        let run = self.next_run(now).await?;
        let workflow = self.prepare(request.workflow)?;
        let bench = self.bench(Arc::clone(&workflow), &request.target, params.clone(), Some(run)).await?;
        let plan = planner::plan(&bench, None).await.plan;
        if let Err(failure) = startable(&plan, &request.approve) {
            bench.session.close().await;
            return Err(failure);
        }
        let approver = match (&request.approve, &bench.session.approves_itself) {
            (ApproveMode::Yes | ApproveMode::Digest(_), _) => Some(request.by.clone()),
            (ApproveMode::Wait, Some(why)) => Some(why.clone()),
            (ApproveMode::Wait, None) => None,
        };
        let bytes = serde_json::to_vec(workflow.as_ref()).expect("a workflow always has a JSON form");
        let pin = self.parts.journal.put(bytes).await?;
        let created = Event::RunCreated {
            run,
            workflow: pin,
            workflow_id: workflow.id.clone(),
            version: workflow.version.clone(),
            target: bench.session.target.clone(),
            params,
            by: request.by,
            approves_later: matches!(request.approve, ApproveMode::Yes)
                || bench.session.approves_itself.is_some(),
            binding: bench.session.binding.clone(),
        };
        let digest = plan.digest;
        let mut events = vec![Event::Planned { plan }];
        events.extend(approver.map(|by| Event::Approved { digest, by, note: None }));
        // One batch: there is never a run without its plan.
        let bug = |error: model::fold::BadEvent| Failure::bug(error.to_string());
        let mut records = vec![Record::new(0, now, Digest::default(), created)];
        let pinned = Pinned::from([(pin, workflow)]);
        let mut state = RunState::begin(pinned, &records[0]).map_err(bug)?;
        for event in events {
            let record = Record::new(state.next_sequence, now, state.head, event);
            state.apply(&record).map_err(bug)?;
            records.push(record);
        }
        self.parts.journal.append(run, records, Durability::Awaited).await?;
        let open = self.runs.insert(self.opened(bench, state));
        self.carry_on(&open);
        Ok(run)
    }

    async fn resume(&self, run: RunId, asker: Asker) -> Result<(), Failure> {
        resumable(&self.state(run).await?)?;
        let open = self.open(run, &asker.by).await?;
        self.resume_here(&open, asker).await
    }

    async fn approve(&self, run: RunId, request: ApproveRequest) -> Result<(), Failure> {
        // Refused before anything is opened or written.
        let state = self.state(run).await?;
        let settled = approve::events(&state, &request)?;
        attached::are_kept(self.parts.journal.as_ref(), &request.files).await?;
        if let Some(Event::Approved { .. }) = settled.first() {
            self.still_so(&state, &request).await?;
        }
        let open = self.open(run, &request.by).await?;
        open.hand.log.append_as(|state| approve::events(state, &request)).await?;
        self.carry_on(&open);
        Ok(())
    }

    async fn pause(&self, run: RunId, asker: Asker) -> Result<(), Failure> {
        pausable(&self.state(run).await?)?;
        let open = self.open(run, &asker.by).await?;
        let event = Event::PauseAsked { by: asker.by, note: asker.note };
        open.hand.log.append_as(|state| pausable(state).map(|()| vec![event])).await?;
        self.carry_on(&open);
        Ok(())
    }

    async fn cancel(&self, run: RunId, asker: Asker) -> Result<(), Failure> {
        cancellable(&self.state(run).await?)?;
        let open = self.open(run, &asker.by).await?;
        open.hand.log.append_as(|state| cancelled(state, asker)).await?;
        self.carry_on(&open);
        Ok(())
    }

    async fn intervene(&self, run: RunId, request: InterveneRequest) -> Result<(), Failure> {
        self.step_in(run, request).await
    }

    async fn undo_plan(&self, run: RunId, wanted: UndoWanted) -> Result<UndoPlan, Failure> {
        self.plan_undo(run, &wanted).await
    }

    async fn undo(&self, run: RunId, request: UndoRequest) -> Result<(), Failure> {
        self.begin_undo(run, request).await
    }

    async fn verify(&self, run: RunId) -> Result<DriftReport, Failure> {
        let state = self.state(run).await?;
        if matches!(state.life, Life::Undoing | Life::Undone | Life::PartlyUndone | Life::Stuck) {
            return Err(not_now(
                &state,
                "it was undone, so what it left is not what should be there",
                "footbridge explain RUN",
            ));
        }
        let bench = self.bench_of(&state).await?;
        let report = crate::drift::drift(&bench, &state).await;
        bench.session.close().await;
        Ok(report)
    }

    async fn runs(&self) -> Result<Vec<RunId>, Failure> {
        Ok(self.parts.journal.list().await?)
    }

    async fn history(&self, run: RunId, from: u32, wait_ms: u64) -> Result<History, Failure> {
        let mut records = self.parts.journal.read(run, from).await?;
        if records.is_empty() && wait_ms > 0 {
            // Without news in time the answer is what there is.
            let _ = tokio::time::timeout(Duration::from_millis(wait_ms), self.news(run, from)).await;
            records = self.parts.journal.read(run, from).await?;
        }
        let live = self.carries(run);
        if records.is_empty() && from == 0 {
            return Err(Failure::invalid(Code::RunUnknown, format!("there is no run '{run}'"))
                .hint("footbridge status lists the runs"));
        }
        let ended = if live || !records.is_empty() { None } else { self.ended().get(&run).cloned() };
        ended.map_or(Ok(History { records, live }), Err)
    }

    async fn keep(&self, bytes: Vec<u8>) -> Result<Digest, Failure> {
        attached::keep(self.parts.journal.as_ref(), bytes).await
    }

    async fn kept(&self, digest: Digest) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.parts.journal.get(digest).await?)
    }

    async fn import(&self, request: ImportRequest) -> Result<Imported, Failure> {
        self.take_in(request).await
    }

    async fn repin_plan(&self, run: RunId, request: RepinRequest) -> Result<RepinPlan, Failure> {
        self.repin_planned(run, request).await
    }

    async fn repin(&self, run: RunId, request: RepinRequest) -> Result<(), Failure> {
        self.repinned(run, request).await
    }

    async fn pinned(&self, run: RunId) -> Result<Pinned, Failure> {
        Ok(self.state(run).await?.pinned.as_ref().clone())
    }
}

pub(crate) fn resumable(state: &RunState) -> Result<(), Failure> {
    match state.life {
        Life::Running | Life::Paused | Life::Failed | Life::Undoing => Ok(()),
        Life::Awaiting => Err(not_now(state, "its plan waits for an approval", "footbridge approve RUN")),
        Life::Stuck => Err(not_now(state, "its undo is stuck", "footbridge undo RUN")),
        Life::PartlyUndone => {
            Err(not_now(state, "a part of it was taken back", "footbridge undo RUN takes back the rest"))
        }
        Life::Cancelled | Life::Succeeded | Life::Undone => {
            Err(not_now(state, "it is over", "footbridge run starts a new one"))
        }
    }
}

fn pausable(state: &RunState) -> Result<(), Failure> {
    if state.life == Life::Running {
        return Ok(());
    }
    Err(not_now(state, "only a running run can be paused", "footbridge status RUN"))
}

fn cancellable(state: &RunState) -> Result<(), Failure> {
    if matches!(state.life, Life::Awaiting | Life::Running | Life::Paused) {
        return Ok(());
    }
    Err(not_now(state, "there is nothing left to cancel", "footbridge undo RUN takes back what it did"))
}

fn cancelled(state: &RunState, asker: Asker) -> Result<Vec<Event>, Failure> {
    cancellable(state)?;
    let by = asker.by.clone();
    let mut events = vec![Event::CancelAsked { by: asker.by, note: asker.note }];
    if state.life == Life::Paused && !state.doubts().is_empty() {
        // A lost answer is settled before the run ends, or nothing could undo it.
        events.insert(0, Event::Resumed { by, retry_failed: true, note: None });
    }
    Ok(events)
}

pub(crate) fn not_now(state: &RunState, why: &str, instead: &str) -> Failure {
    Failure::invalid(Code::RunState, format!("run {} cannot do that: {why}", state.id)).hint(instead)
}
