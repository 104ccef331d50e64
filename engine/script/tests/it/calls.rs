//! Host calls: what reaches the gateway, and what its answers mean for the script.

use std::sync::Arc;

use contracts::{End, PhaseEnd};
use footbridge_script::ScriptRunner;
use model::workflow::Phase;
use model::{Class, Code, Failure, Value};

use crate::bench::{FakeGateway, failure, limits, probe_with, run_in, workflow};

fn refused(catchable: bool) -> Result<Value, End> {
    let failure = Failure::new(Code::ExchangeTransient, Class::Transient, "the server is busy")
        .evidence("request_id", "r1");
    Err(End::Failed { failure, catchable })
}

#[tokio::test]
async fn a_call_takes_named_arguments_and_gives_its_answer() {
    let gateway =
        FakeGateway::answering("exchange::mail_user", Ok(Value::from([("guid", Value::text("g"))])));
    let end = probe_with("exchange::mail_user(#{ name: \"sfb\" }).guid", Arc::clone(&gateway)).await;
    assert_eq!(end, PhaseEnd::Returned(Value::text("g")));
    assert_eq!(
        *gateway.calls.lock().unwrap(),
        [("exchange::mail_user".to_owned(), [("name".to_owned(), Value::text("sfb"))].into())]
    );
    let gateway = Arc::<FakeGateway>::default();
    assert_eq!(
        probe_with("exchange::organization()", Arc::clone(&gateway)).await,
        PhaseEnd::Returned(Value::Null)
    );
    assert_eq!(gateway.called(), ["exchange::organization"]);
}

#[tokio::test]
async fn wrong_arguments_never_reach_the_gateway() {
    for call in [
        "exchange::mail_user()",
        "exchange::mail_user(#{})",
        "exchange::mail_user(#{ name: () })",
        "exchange::mail_user(#{ name: 1 })",
        "exchange::mail_user(#{ nam: \"sfb\" })",
        "exchange::mail_user(\"sfb\")",
        "exchange::mail_user(#{ name: |x| x })",
    ] {
        let gateway = Arc::<FakeGateway>::default();
        let failed = failure(probe_with(call, Arc::clone(&gateway)).await);
        assert_eq!(failed.code, Code::Argument, "{call}: {failed}");
        assert_eq!(failed.place.expect("a place").line, 2, "{call}");
        assert!(gateway.called().is_empty(), "{call}");
    }
}

#[tokio::test]
async fn an_unknown_is_handed_on() {
    let gateway = FakeGateway::answering("exchange::mail_user", Ok(Value::Unknown("other.guid".into())));
    let end = probe_with("exchange::mail_user(#{ name: ctx.inputs.hole })", Arc::clone(&gateway)).await;
    assert_eq!(end, PhaseEnd::Returned(Value::Unknown("other.guid".into())));
    assert_eq!(gateway.calls.lock().unwrap()[0].1["name"], Value::Unknown("other.guid".into()));
}

/// Every phase calls each effect; only what the contract allows reaches the gateway, caught or not.
#[tokio::test]
async fn phases_reach_only_what_they_may() {
    let runner = ScriptRunner::new(limits());
    for phase in Phase::ALL {
        let parameters = ["ctx", "a", "b"][..phase.arity()].join(", ");
        for (call, allowed, code) in [
            ("exchange::organization()", phase.may_read(), Code::ScriptRule),
            ("exchange::new_mail_user(#{ name: \"x\" })", phase.may_write(), Code::WriteRefused),
        ] {
            for body in [call.to_owned(), format!("try {{ {call} }} catch {{ 1 }}")] {
                let gateway = Arc::<FakeGateway>::default();
                let source = format!("fn {phase}({parameters}) {{ {body} }}");
                let arguments = vec![Value::Null; phase.arity()];
                let end = run_in(&runner, workflow(&source), phase, arguments, Arc::clone(&gateway)).await;
                if allowed {
                    assert_eq!(end, PhaseEnd::Returned(Value::Null), "{source}");
                } else {
                    assert_eq!(failure(end).code, code, "{source}");
                }
                assert_eq!(gateway.called().len(), usize::from(allowed), "{source}");
            }
        }
    }
}

#[tokio::test]
async fn a_failure_may_be_caught_or_comes_back_whole() {
    let call = "exchange::organization()";
    let gateway = || FakeGateway::answering("exchange::organization", refused(true));
    let caught = format!("try {{ {call} }} catch (e) {{ return [e.code, e.class, e.message] }}");
    assert_eq!(
        probe_with(&caught, gateway()).await,
        PhaseEnd::Returned(Value::List(vec![
            "FB0601".into(),
            "transient".into(),
            "the server is busy".into()
        ]))
    );
    for body in [
        call.to_owned(),
        format!("try {{ {call} }} catch (e) {{ throw e }}"),
        format!("[1].map(|x| {call})"),
        format!("[2, 1].sort(|a, b| {call})"),
    ] {
        let failed = failure(probe_with(&body, gateway()).await);
        assert_eq!((failed.code, failed.class), (Code::ExchangeTransient, Class::Transient), "{body}");
        assert_eq!(failed.evidence["request_id"], Value::text("r1"), "{body}");
        assert_eq!(failed.place.expect("a place").line, 2, "{body}");
    }
}

#[tokio::test]
async fn a_failure_that_is_not_catchable_is_not_caught() {
    let gateway = FakeGateway::answering("exchange::organization", refused(false));
    let end = probe_with("try { exchange::organization() } catch { 1 }", gateway).await;
    assert_eq!(failure(end).code, Code::ExchangeTransient);
}

#[tokio::test]
async fn host_functions_cannot_be_replaced() {
    let runner = ScriptRunner::new(limits());
    let gateway = FakeGateway::answering("exchange::organization", Ok(Value::text("real")));
    let source = "fn organization() { \"mine\" }\nfn probe(ctx) { exchange::organization() }";
    let end = run_in(&runner, workflow(source), Phase::Probe, vec![Value::Null], gateway).await;
    assert_eq!(end, PhaseEnd::Returned(Value::text("real")));
}
