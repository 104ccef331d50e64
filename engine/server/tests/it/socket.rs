//! Client and server over a real socket.

use std::sync::Arc;
use std::time::Duration;

use contracts::{
    ApproveRequest, Found, ImportRequest, InterveneRequest, Payload, PlanRequest, RepinRequest, Service,
    StartRequest, TakeOver, UndoRequest, UndoVerdict, UndoWanted, WholeRun,
};
use footbridge_server::{Client, Server, SocketName};
use model::event::Decision;
use model::{Asker, Class, Code, Digest, Intervention, Life, Plan, UndoScope, Value};

use crate::remembering::{KEPT, Remembering, pinned, run, workflow};

/// Far longer than any request here takes.
pub(crate) const GRACE: Duration = Duration::from_mins(1);

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
