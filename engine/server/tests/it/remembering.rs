//! A service that only remembers what it was asked.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contracts::{
    ApproveRequest, DriftReport, Found, History, ImportRequest, Imported, InterveneRequest, PlanReply,
    PlanRequest, RepinPlan, RepinRequest, Service, StartRequest, UndoItem, UndoPlan, UndoRequest,
    UndoVerdict, UndoWanted,
};
use model::event::Decision;
use model::{
    Asker, Class, Code, Comparison, Digest, Event, Failure, Life, Pinned, Plan, Record, RunId, StepPath,
    Timestamp, Value, Workflow,
};

#[derive(Default)]
pub(crate) struct Remembering {
    pub(crate) asked: Mutex<Vec<String>>,
}

impl Remembering {
    fn note(&self, what: impl Into<String>) {
        self.asked.lock().expect("no test panics while it notes").push(what.into());
    }
}

/// No text at all: bytes must travel as they are.
pub(crate) const KEPT: &[u8] = b"\x89PNG\0\xff";

pub(crate) fn run() -> RunId {
    RunId::new(1_700_000_000_000, 7)
}

pub(crate) fn pinned() -> Pinned {
    Pinned::from([(Digest::of_bytes(b"w"), Arc::new(workflow()))])
}

pub(crate) fn workflow() -> Workflow {
    Workflow {
        id: "w".into(),
        version: "1.0.0".into(),
        title: "A workflow".into(),
        source: None,
        params: Vec::new(),
        steps: Vec::new(),
        lib: std::collections::BTreeMap::new(),
        overlay: std::collections::BTreeMap::new(),
        undo: None,
        own: std::collections::BTreeMap::new(),
        layers: vec!["shipped".into()],
    }
}

fn created() -> Record {
    let event = Event::RunCreated {
        run: run(),
        workflow: Digest::of_bytes(b"w"),
        workflow_id: "w".into(),
        version: "1.0.0".into(),
        target: "sim".into(),
        params: model::value::Map::new(),
        by: "ann".into(),
        approves_later: false,
        binding: None,
    };
    Record::new(0, Timestamp(1_700_000_000_000), Digest::default(), event)
}

#[async_trait]
impl Service for Remembering {
    async fn plan(&self, request: PlanRequest) -> Result<PlanReply, Failure> {
        self.note(format!("plan {} on {}", request.workflow.id, request.target));
        let plan = Plan::new(&request.workflow, &request.target, request.params, Vec::new());
        Ok(PlanReply { plan, commands: Vec::new() })
    }

    async fn start(&self, request: StartRequest) -> Result<RunId, Failure> {
        self.note(format!("start by {} {:?}", request.by, request.approve));
        Ok(run())
    }

    async fn resume(&self, run: RunId, asker: Asker) -> Result<(), Failure> {
        self.note(format!("resume {run} by {}", asker.told()));
        Ok(())
    }

    async fn approve(&self, _: RunId, request: ApproveRequest) -> Result<(), Failure> {
        self.note(format!("approve by {} {:?} {:?}", request.by, request.step, request.choice));
        if request.choice != Some(Decision::Done) {
            return Ok(());
        }
        Err(Failure::new(Code::Approval, Class::Denied, "whoever asked may not approve")
            .hint("ask a colleague")
            .evidence("role", "exchange-admin"))
    }

    async fn repin_plan(&self, run: RunId, request: RepinRequest) -> Result<RepinPlan, Failure> {
        self.note(format!("repin_plan of {} to {}", run, request.workflow.id));
        let comparison = Comparison {
            from_version: "1".into(),
            to_version: request.workflow.version.clone(),
            steps: Vec::new(),
            params_new: request.params.keys().cloned().collect(),
            params_gone: Vec::new(),
        };
        let plan = Plan::new(&request.workflow, "sim", request.params, Vec::new());
        Ok(RepinPlan { run, comparison, plan })
    }

    async fn repin(&self, run: RunId, request: RepinRequest) -> Result<(), Failure> {
        self.note(format!("repin of {} by {}: {:?}", run, request.by, request.note));
        Ok(())
    }

    async fn pause(&self, _: RunId, asker: Asker) -> Result<(), Failure> {
        self.note(format!("pause by {}", asker.told()));
        Ok(())
    }

    async fn cancel(&self, _: RunId, asker: Asker) -> Result<(), Failure> {
        self.note(format!("cancel by {}", asker.told()));
        Ok(())
    }

    async fn intervene(&self, _: RunId, request: InterveneRequest) -> Result<(), Failure> {
        self.note(format!("{:?} {} by {}", request.intervention, request.step, request.asker.told()));
        Ok(())
    }

    async fn undo_plan(&self, run: RunId, wanted: UndoWanted) -> Result<UndoPlan, Failure> {
        let items = vec![UndoItem {
            step: StepPath::from("a"),
            key: "create".into(),
            target: "mail_user:x".into(),
            left: Value::from([("hidden", Value::Bool(true))]),
            now: Value::Null,
            before: Value::Null,
            kept: Vec::new(),
            verdict: UndoVerdict::Covered { by: "mail_user:y".into() },
        }];
        Ok(UndoPlan { run, scope: wanted.scope, items, digest: Digest::of_bytes(b"undo") })
    }

    async fn undo(&self, _: RunId, request: UndoRequest) -> Result<(), Failure> {
        self.note(format!("undo by {} {:?} {:?}", request.by, request.wanted, request.digest));
        Ok(())
    }

    async fn verify(&self, run: RunId) -> Result<DriftReport, Failure> {
        Ok(DriftReport {
            run,
            drifts: Vec::new(),
            cannot_tell: vec![("a".into(), "no answer".into())],
            compared: 3,
        })
    }

    async fn runs(&self) -> Result<Vec<RunId>, Failure> {
        Ok(vec![run()])
    }

    async fn history(&self, _: RunId, from: u32, wait_ms: u64) -> Result<History, Failure> {
        self.note(format!("history from {from} waiting {wait_ms}"));
        Ok(History { records: vec![created()], live: true })
    }

    async fn keep(&self, bytes: Vec<u8>) -> Result<Digest, Failure> {
        Ok(Digest::of_bytes(&bytes))
    }

    async fn kept(&self, digest: Digest) -> Result<Option<Vec<u8>>, Failure> {
        Ok((digest == Digest::of_bytes(KEPT)).then(|| KEPT.to_vec()))
    }

    async fn import(&self, request: ImportRequest) -> Result<Imported, Failure> {
        self.note(format!("import {} by {} {:?}", request.whole.run, request.by, request.take_over));
        Ok(Imported {
            found: Found::Nothing,
            added: request.whole.records.len(),
            head: request.whole.head(),
            life: Life::Succeeded,
            target_missing: Some("there is no target 'lab'".into()),
            live: false,
        })
    }

    async fn pinned(&self, _: RunId) -> Result<Pinned, Failure> {
        Ok(pinned())
    }
}
