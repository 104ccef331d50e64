//! The end of a phase cannot be swallowed, wherever in the script it came about.

use std::sync::Arc;

use contracts::{End, PhaseEnd};
use model::{Code, Failure, Value};

use crate::bench::{FakeGateway, failure, probe_with};

/// Ways to run an expression so that Rhai alone would swallow its error.
const SWALLOWING: [&str; 10] = [
    "CALL",
    "try { CALL } catch { 1 }",
    "try { [1].map(|x| CALL) } catch { 1 }",
    "try { [1].filter(|x| CALL) } catch { 1 }",
    "try { [1, 2].reduce(|sum, x| CALL) } catch (e) { 1 }",
    "try { [1].for_each(|| { CALL; }) } catch { 1 }",
    "[3, 2, 1].sort(|a, b| CALL)",
    "let a = [3, 2, 1]; a.sort_by(|a, b| CALL); a",
    "let f = || CALL; try { f.call() } catch { 1 }",
    "try { try { [1].map(|x| CALL) } catch { throw 1 } } catch { 1 }",
];

fn scripts(call: &str) -> impl Iterator<Item = String> {
    SWALLOWING.into_iter().map(move |body| {
        // Whatever stands after it must not reach the host.
        format!(
            "let result = {{ {} }};\nexchange::mail_user(#{{ name: \"after\" }});\nresult",
            body.replace("CALL", call)
        )
    })
}

#[tokio::test]
async fn an_end_from_the_gateway_is_never_swallowed() {
    let failure = Failure::bug("the journal is gone");
    for (end, expected) in [
        (
            End::NotYet { why: "busy".into(), after_ms: 7 },
            PhaseEnd::NotYet { why: "busy".into(), after_ms: 7 },
        ),
        (End::Needs { origin: "a.b".into() }, PhaseEnd::Needs { origin: "a.b".into() }),
        (End::Recorded, PhaseEnd::Recorded),
        (End::Cancelled, PhaseEnd::Cancelled),
    ] {
        for body in scripts("exchange::organization()") {
            let gateway = FakeGateway::answering("exchange::organization", Err(end.clone()));
            assert_eq!(probe_with(&body, Arc::clone(&gateway)).await, expected, "{body}");
            assert_eq!(gateway.called(), ["exchange::organization"], "{body}");
        }
    }
    for body in scripts("exchange::organization()") {
        let end = End::Failed { failure: failure.clone(), catchable: false };
        let gateway = FakeGateway::answering("exchange::organization", Err(end));
        let failed = crate::bench::failure(probe_with(&body, Arc::clone(&gateway)).await);
        assert_eq!((failed.code, failed.message.as_str()), (Code::Internal, "the journal is gone"), "{body}");
        assert_eq!(failed.place.expect("a place").line, 2, "{body}");
        assert_eq!(gateway.called(), ["exchange::organization"], "{body}");
    }
}

#[tokio::test]
async fn an_end_from_the_prelude_is_never_swallowed() {
    for body in scripts("not_yet(\"later\", \"1s\")") {
        let gateway = Arc::<FakeGateway>::default();
        let end = probe_with(&body, Arc::clone(&gateway)).await;
        assert_eq!(end, PhaseEnd::NotYet { why: "later".into(), after_ms: 1_000 }, "{body}");
        assert!(gateway.called().is_empty(), "{body}");
    }
    for body in scripts("fail(\"broken\")") {
        let gateway = Arc::<FakeGateway>::default();
        assert_eq!(failure(probe_with(&body, Arc::clone(&gateway)).await).message, "broken", "{body}");
        assert!(gateway.called().is_empty(), "{body}");
    }
}

/// Uses that Rhai refuses by itself, so that no function of ours is asked.
#[tokio::test]
async fn the_use_of_an_unknown_is_never_swallowed() {
    for call in [
        "ctx.inputs.hole == 1",
        "if ctx.inputs.hole { 1 } else { 2 }",
        "ctx.inputs.hole && true",
        "ctx.inputs.hole.len()",
        "[1, 2][ctx.inputs.hole]",
        "\"abc\".split(ctx.inputs.hole)",
    ] {
        for body in scripts(&call.replace("ctx.inputs.hole", "hole")) {
            let gateway = Arc::<FakeGateway>::default();
            let body = format!("let hole = ctx.inputs.hole; {body}");
            let end = probe_with(&body, Arc::clone(&gateway)).await;
            assert_eq!(end, PhaseEnd::Needs { origin: "other.guid".into() }, "{body}");
            assert!(gateway.called().is_empty(), "{body}");
        }
    }
}

/// The script's own errors stay its own.
#[tokio::test]
async fn other_errors_are_caught_as_ever() {
    for (body, expected) in [
        ("try { throw \"x\" } catch (e) { return e }", Value::text("x")),
        ("try { throw \"<unknown value>\" } catch (e) { return 1 }", Value::Int(1)),
        ("try { [1].map(|x| x.nope()) } catch { return 3 }", Value::Int(3)),
        ("try { 1 / 0 } catch { return 2 }", Value::Int(2)),
        ("try\n{ 1 / 0 }\ncatch\n\n{ return 2 }", Value::Int(2)),
        ("try { 1 / 0 } catch /* { */ (e) /* { */ { let f = e; return is_unknown(f) }", Value::Bool(false)),
        ("try { return 1 } catch { return 2 }", Value::Int(1)),
    ] {
        assert_eq!(probe_with(body, Arc::default()).await, PhaseEnd::Returned(expected), "{body}");
    }
}
