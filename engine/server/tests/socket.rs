//! Client and server over a real socket, with a service that only remembers what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use contracts::{
    ApproveRequest, DriftReport, Found, History, ImportRequest, Imported, InterveneRequest, Payload,
    PlanReply, PlanRequest, RepinPlan, RepinRequest, Service, StartRequest, TakeOver, UndoItem, UndoPlan,
    UndoRequest, UndoVerdict, UndoWanted, WholeRun,
};
use footbridge_server::{Client, Server, SocketName};
use model::event::Decision;
use model::{
    Asker, Class, Code, Comparison, Digest, Failure, Intervention, Life, Pinned, Plan, RunId, StepPath,
    UndoScope, Value, Workflow,
};

/// Far longer than any request here takes.
const GRACE: Duration = Duration::from_mins(1);

#[derive(Default)]
struct Remembering {
    asked: Mutex<Vec<String>>,
}

impl Remembering {
    fn note(&self, what: impl Into<String>) {
        self.asked.lock().expect("no test panics while it notes").push(what.into());
    }
}

/// No text at all: bytes must travel as they are.
const KEPT: &[u8] = b"\x89PNG\0\xff";

fn run() -> RunId {
    RunId::new(1_700_000_000_000, 7)
}

fn pinned() -> Pinned {
    Pinned::from([(Digest::of_bytes(b"w"), Arc::new(workflow()))])
}

fn workflow() -> Workflow {
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
        Ok(History { records: Vec::new(), live: true })
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
        })
    }

    async fn pinned(&self, _: RunId) -> Result<Pinned, Failure> {
        Ok(pinned())
    }
}

struct Bench {
    service: Arc<Remembering>,
    serving: footbridge_server::Serving,
    name: SocketName,
    _scratch: tempfile::TempDir,
}

fn bench() -> Bench {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let name = SocketName::of_state(scratch.path(), scratch.path());
    let service = Arc::new(Remembering::default());
    let serving = Server::serve(Arc::clone(&service) as Arc<dyn Service>, &name).expect("it listens");
    Bench { service, serving, name, _scratch: scratch }
}

#[tokio::test]
async fn every_method_reaches_the_service_and_its_answer_comes_back() {
    let bench = bench();
    let client = Client::connect(bench.name.clone()).await.expect("someone listens");
    let plan = PlanRequest {
        workflow: workflow(),
        target: "sim".into(),
        params: [("guid".to_owned(), Value::Unknown("a.guid".into()))].into(),
        commands: false,
    };
    let reply = client.plan(plan.clone()).await.expect("a plan");
    assert_eq!(reply.plan, Plan::new(&plan.workflow, "sim", plan.params.clone(), Vec::new()));
    let start = StartRequest {
        workflow: workflow(),
        target: "sim".into(),
        params: plan.params,
        by: "ann".into(),
        approve: contracts::ApproveMode::Digest(reply.plan.digest),
    };
    assert_eq!(client.start(start).await, Ok(run()));
    assert_eq!(client.resume(run(), Asker::new("ann", None)).await, Ok(()));
    let repin = RepinRequest {
        workflow: workflow(),
        params: reply.plan.inputs.clone(),
        by: "ann".into(),
        note: Some("mended".into()),
        approve: contracts::ApproveMode::Yes,
    };
    let compared = client.repin_plan(run(), repin.clone()).await.expect("a comparison");
    assert_eq!(compared.comparison.params_new, repin.params.keys().cloned().collect::<Vec<_>>());
    assert_eq!(client.repin(run(), repin).await, Ok(()));
    assert_eq!(client.pause(run(), Asker::new("bob", Some("lunch"))).await, Ok(()));
    assert_eq!(client.cancel(run(), Asker::new("bob", None)).await, Ok(()));
    let skip = InterveneRequest {
        step: "a".into(),
        intervention: Intervention::Skip,
        asker: Asker::new("bob", Some("not here")),
        files: Vec::new(),
    };
    assert_eq!(client.intervene(run(), skip).await, Ok(()));
    let wanted = UndoWanted { scope: UndoScope::Only("a".into()), choices: Vec::new() };
    let undo = client.undo_plan(run(), wanted.clone()).await.expect("an undo plan");
    assert_eq!(undo.scope, wanted.scope);
    let digest = Some(undo.digest);
    let request = UndoRequest { by: "ann".into(), wanted: wanted.clone(), digest, note: None };
    assert_eq!(client.undo(run(), request).await, Ok(()));
    assert!(matches!(&undo.items[0].verdict, UndoVerdict::Covered { by } if by == "mail_user:y"));
    assert_eq!(client.verify(run()).await.expect("a report").cannot_tell.len(), 1);
    assert_eq!(client.runs().await, Ok(vec![run()]));
    assert!(client.history(run(), 4, 99).await.expect("a history").live);
    assert_eq!(client.keep(KEPT.to_vec()).await, Ok(Digest::of_bytes(KEPT)));
    assert_eq!(client.kept(Digest::of_bytes(KEPT)).await, Ok(Some(KEPT.to_vec())));
    assert_eq!(client.kept(Digest::of_bytes(b"other")).await, Ok(None));
    assert_eq!(client.pinned(run()).await, Ok(pinned()));
    // Longer than any other request may be.
    let long = Payload(vec![b'x'; 40 * 1024 * 1024]);
    let whole = WholeRun { run: run(), payloads: vec![long], records: Vec::new() };
    let import = ImportRequest { whole, by: "ann".into(), take_over: TakeOver::No, note: None };
    let imported = client.import(import).await.expect("taken in");
    assert_eq!((imported.found, imported.life), (Found::Nothing, Life::Succeeded));
    let asked = bench.service.asked.lock().expect("not poisoned").clone();
    let expected = [
        "plan w on sim".to_owned(),
        format!("start by ann {:?}", contracts::ApproveMode::Digest(reply.plan.digest)),
        format!("resume {} by ann", run()),
        format!("repin_plan of {} to w", run()),
        format!("repin of {} by ann: Some(\"mended\")", run()),
        "pause by bob: lunch".to_owned(),
        "cancel by bob".to_owned(),
        "Skip a by bob: not here".to_owned(),
        format!("undo by ann {wanted:?} {digest:?}"),
        "history from 4 waiting 99".to_owned(),
        format!("import {} by ann No", run()),
    ];
    assert_eq!(asked, expected);
    bench.serving.stop(GRACE).await;
}

#[tokio::test]
async fn a_failure_travels_whole() {
    let bench = bench();
    let client = Client::connect(bench.name.clone()).await.expect("someone listens");
    let request = ApproveRequest {
        by: "ann".into(),
        step: Some("a".into()),
        choice: Some(Decision::Done),
        ..ApproveRequest::default()
    };
    let failure = client.approve(run(), request).await.expect_err("it is refused");
    assert_eq!((failure.code, failure.class), (Code::Approval, Class::Denied));
    assert_eq!(failure.hint.as_deref(), Some("ask a colleague"));
    assert_eq!(failure.evidence.get("role"), Some(&Value::text("exchange-admin")));
}

#[tokio::test]
async fn nobody_listening_is_said_with_its_code() {
    let bench = bench();
    let client = Client::connect(bench.name.clone()).await.expect("someone listens");
    bench.serving.stop(GRACE).await;
    assert_eq!(client.runs().await.expect_err("nobody is there").code, Code::Holder);
    assert_eq!(Client::connect(bench.name).await.expect_err("nobody is there").code, Code::Holder);
}

#[cfg(unix)]
/// The clock is the test's own: the wait for an answer that never comes takes no time.
#[tokio::test(start_paused = true)]
async fn a_holder_that_hangs_is_said_with_its_code() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let name = SocketName::of_state(scratch.path(), scratch.path());
    let _silent = std::os::unix::net::UnixListener::bind(name.path()).expect("it listens, and never answers");
    let failure = Client::connect(name).await.expect_err("nobody answers");
    assert_eq!(failure.code, Code::Holder);
    assert!(failure.message.contains("no answer"), "{}", failure.message);
}

#[tokio::test]
async fn a_holder_that_died_leaves_nothing_in_the_way() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let name = SocketName::of_state(scratch.path(), scratch.path());
    std::fs::write(name.path(), b"left behind").expect("a file in the way");
    let service: Arc<dyn Service> = Arc::new(Remembering::default());
    let serving = Server::serve(service, &name).expect("it listens all the same");
    assert!(Client::connect(name).await.is_ok());
    serving.stop(GRACE).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn only_the_owner_may_open_the_socket() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = bench();
    let mode = std::fs::metadata(bench.name.path()).expect("the socket is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
