//! Scripts that never stop by themselves: each is stopped, says at which limit, and the process lives.

use std::sync::Arc;
use std::time::Duration;

use contracts::{End, PhaseCall, PhaseEnd, StepRunner};
use footbridge_script::{Limits, ScriptRunner};
use model::workflow::Phase;
use model::{Code, Value};

use crate::bench::{FakeGateway, failure, limits, probe, probe_with, run_in, workflow};

#[tokio::test]
async fn every_script_without_an_end_is_stopped_at_its_limit() {
    for (body, limit) in [
        ("loop {}", "200000 operations"),
        ("while true { try { loop {} } catch {} }", "200000 operations"),
        ("let f = |x| { loop {} }; while true { try { [1].map(f) } catch {} }", "200000 operations"),
        ("loop { [1, 2, 3].filter(|x| x > 1) }", "200000 operations"),
        ("loop { [2, 1].sort(|a, b| 1) }", "200000 operations"),
        ("let n = 0; for i in 0..9999999999999 { n += i }", "200000 operations"),
        ("let f = |g| g.call(g); f.call(f)", "64 calls"),
        ("let s = \"x\"; loop { s += s }", "262144 bytes in a string"),
        ("let s = \"x\"; loop { s = `${s}${s}` }", "262144 bytes in a string"),
        ("let s = \"x\"; s.pad(1000000000, \"y\")", "262144 bytes in a string"),
        ("let a = []; loop { a.push(1) }", "10000 entries in a list"),
        ("let a = [1]; loop { a += a }", "10000 entries in a list"),
        ("let a = []; a.pad(1000000000, 1)", "10000 entries in a list"),
        ("blob(1000000000)", "10000 entries in a list"),
        ("let a = []; loop { a = [a, a] }", "10000 entries in a list"),
        ("let m = #{}; let i = 0; loop { m[`${i}`] = i; i += 1; m.len() }", "10000 entries in a map"),
        ("let m = #{}; loop { m = #{ m: m } }", "10000 entries in a map"),
    ] {
        let failed = failure(probe(body).await);
        assert_eq!(failed.code, Code::ScriptLimit, "{body}: {failed}");
        assert!(failed.message.contains(limit), "{body}: {failed}");
    }
}

#[tokio::test]
async fn recursion_is_stopped() {
    let runner = ScriptRunner::new(limits());
    for source in [
        "fn probe(ctx) { probe(ctx) }",
        "fn a(x) { b(x) + 1 } fn b(x) { a(x) + 1 } fn probe(ctx) { a(1) }",
        "fn down(x) { [x].map(|y| down(y)) } fn probe(ctx) { down(1) }",
    ] {
        let end = run_in(&runner, workflow(source), Phase::Probe, vec![Value::Null], Arc::default()).await;
        let failed = failure(end);
        assert_eq!(failed.code, Code::ScriptLimit, "{source}: {failed}");
        assert!(failed.message.contains("64 calls"), "{source}: {failed}");
    }
}

/// Growing back from each caught stack overflow would take for ever; the operations end it.
#[tokio::test]
async fn recursion_that_catches_its_own_end_is_stopped() {
    let runner = ScriptRunner::new(limits());
    let source = "fn down(x) { try { [x].map(|y| down(y)) } catch {} try { [x].map(|y| down(y)) } catch {} }
        fn probe(ctx) { down(1) }";
    let end = run_in(&runner, workflow(source), Phase::Probe, vec![Value::Null], Arc::default()).await;
    assert_eq!(failure(end).code, Code::ScriptLimit);
}

#[tokio::test]
async fn source_that_nests_without_end_is_refused() {
    for body in [
        format!("{}1{}", "(".repeat(5_000), ")".repeat(5_000)),
        format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)),
        format!("{}{}", "if true {".repeat(5_000), "}".repeat(5_000)),
        format!("1{}", "+ (1".repeat(5_000)),
        format!("{}true", "!".repeat(5_000)),
    ] {
        let failed = failure(probe(&body).await);
        assert_eq!(failed.code, Code::ScriptLimit, "{}: {failed}", &body[..20]);
    }
}

#[tokio::test]
async fn a_value_as_deep_as_the_sizes_allow_is_dropped_and_refused_safely() {
    let body = "let m = #{}; let i = 0; while i < 9000 { m = #{ m: m }; i += 1 } m";
    assert_eq!(failure(probe(body).await).code, Code::ScriptResult);
}

#[tokio::test]
async fn time_is_a_limit_too() {
    let runner = ScriptRunner::new(Limits { operations: u64::MAX, ..limits() });
    let call = PhaseCall {
        workflow: Arc::new(workflow("fn probe(ctx) { loop {} }")),
        step: 0,
        phase: Phase::Probe,
        arguments: vec![Value::Null],
        timeout: Duration::ZERO,
        functions: Arc::default(),
    };
    let failed = failure(runner.run(call, Arc::<FakeGateway>::default()).await);
    assert_eq!(failed.code, Code::ScriptLimit);
    assert!(failed.message.contains("0 ms"), "{failed}");
}

#[tokio::test]
async fn the_gateway_can_end_a_script_that_only_computes() {
    let gateway = Arc::<FakeGateway>::default();
    *gateway.ended.lock().unwrap() = Some(End::Cancelled);
    assert_eq!(probe_with("loop {}", gateway).await, PhaseEnd::Cancelled);
}

#[tokio::test]
async fn the_language_has_no_way_out() {
    for body in [
        "eval(\"1\")",
        "switch 1 { 1 => 2, _ => 3 }",
        "print(1)",
        "debug(1)",
        "type_of(1)",
        "sleep(1)",
        "timestamp()",
        "exit(1)",
        "Fn(\"probe\")",
        "get_fn_metadata_list()",
        "open_file(\"x\")",
        "undeclared",
        "nowhere::call()",
    ] {
        let failed = failure(probe(body).await);
        assert!([Code::ScriptSyntax, Code::ScriptError].contains(&failed.code), "{body}: {failed}");
        assert!(failed.place.is_some(), "{body}");
    }
}
