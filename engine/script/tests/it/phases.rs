//! Phases from their arguments to their end, and manifest expressions.

use std::sync::Arc;

use contracts::{PhaseEnd, StepRunner};
use footbridge_script::ScriptRunner;
use model::workflow::Phase;
use model::{Code, Value};

use crate::bench::{self, expression, failure, limits, probe, run_in, with_lib, workflow};

#[tokio::test]
async fn a_phase_gives_back_its_value() {
    let end = probe(
        "let objects = #{}; objects[`mail_user:${ctx.params.name}`] = (); #{ objects: objects, hole: ctx.inputs.hole }",
    ).await;
    let expected = Value::from([
        ("objects", Value::from([("mail_user:sfb", Value::Null)])),
        ("hole", Value::Unknown("other.guid".into())),
    ]);
    assert_eq!(end, PhaseEnd::Returned(expected));
}

#[tokio::test]
async fn constants_of_the_top_level_are_seen_inside_functions() {
    let source = "const KIND = \"mail_user\";\nfn probe(ctx) { global::KIND }";
    let runner = ScriptRunner::new(limits());
    let end = run_in(&runner, workflow(source), Phase::Probe, vec![Value::Null], Arc::default()).await;
    assert_eq!(end, PhaseEnd::Returned(Value::text("mail_user")));
}

#[tokio::test]
async fn the_prelude_ends_phases_and_makes_values() {
    assert_eq!(
        probe("not_yet(\"replicating\", \"5m\"); 1").await,
        PhaseEnd::NotYet { why: "replicating".into(), after_ms: 300_000 }
    );
    assert_eq!(
        probe("#{ a: cannot_tell(\"no answer\"), b: unknown(\"guid\") }").await,
        PhaseEnd::Returned(Value::from([
            ("a", Value::CannotTell("no answer".into())),
            ("b", Value::Unknown("account.guid".into())),
        ]))
    );
    assert_eq!(
        probe("[is_unknown(ctx.inputs.hole), is_unknown(1), is_cannot_tell(cannot_tell(\"x\")), is_cannot_tell(())]")
            .await,
        PhaseEnd::Returned(Value::List([true, false, true, false].map(Value::Bool).to_vec()))
    );
    let failed = failure(probe("fail(\"wrong\", \"do this\")").await);
    assert_eq!((failed.code, failed.message.as_str()), (Code::ScriptError, "wrong"));
    assert_eq!(failed.hint.as_deref(), Some("do this"));
    assert_eq!(failure(probe("not_yet(\"x\", \"soon\")").await).code, Code::ScriptError);
}

#[tokio::test]
async fn fail_in_verify_has_its_own_code() {
    let source = "fn verify(ctx, seen) { fail(`not there`) }";
    let runner = ScriptRunner::new(limits());
    let arguments = vec![Value::Null, Value::Null];
    let end = run_in(&runner, workflow(source), Phase::Verify, arguments, Arc::default()).await;
    assert_eq!(failure(end).code, Code::VerifyFailed);
}

#[tokio::test]
async fn an_error_shows_its_place_and_line() {
    let failed = failure(probe("let a = #{};\n  a.missing").await);
    assert_eq!(failed.code, Code::ScriptError);
    let place = failed.place.expect("a place");
    assert_eq!((place.file.as_str(), place.line), ("steps/account.rhai", 3));
    assert_eq!(place.text.as_deref(), Some("  a.missing"));
    assert!(failed.message.contains("missing"), "{}", failed.message);

    let failed = failure(probe("let x = ;").await);
    assert_eq!(failed.code, Code::ScriptSyntax);
    assert_eq!(failed.place.expect("a place").line, 2);

    // The hook in the catch block must not move the column.
    let failed = failure(probe("try { throw 1 } catch (e) { let b = 1; b.nope() }").await);
    assert_eq!(failed.place.expect("a place").column, 42);
}

#[tokio::test]
async fn shared_functions_are_there_by_name_and_by_import() {
    let runner = ScriptRunner::new(limits());
    let library = "fn shout(text) { text.to_upper() }\nfn broken() {\n  let a = 1; a.nope()\n}";
    for source in [
        "fn probe(ctx) { text::shout(\"a\") }",
        "import \"lib/text\" as t;\nfn probe(ctx) { t::shout(\"a\") }",
    ] {
        let flow = with_lib(workflow(source), "text", library);
        let end = run_in(&runner, flow, Phase::Probe, vec![Value::Null], Arc::default()).await;
        assert_eq!(end, PhaseEnd::Returned(Value::text("A")), "{source}");
    }
    let flow = with_lib(workflow("fn probe(ctx) { text::broken() }"), "text", library);
    let end = run_in(&runner, flow, Phase::Probe, vec![Value::Null], Arc::default()).await;
    let place = failure(end).place.expect("a place");
    assert_eq!((place.file.as_str(), place.line), ("lib/text.rhai", 3));
}

#[tokio::test]
async fn an_import_cannot_leave_the_workflow() {
    let runner = ScriptRunner::new(limits());
    for path in ["../outside", "lib/../outside", "/etc/passwd", "lib/none", "outside"] {
        let source = format!("import \"{path}\" as x;\nfn probe(ctx) {{ 1 }}");
        for flow in [workflow(&source), with_lib(workflow(&source), "text", "fn a() { 1 }")] {
            let end = run_in(&runner, flow, Phase::Probe, vec![Value::Null], Arc::default()).await;
            failure(end);
        }
    }
}

#[tokio::test]
async fn shared_functions_that_import_in_a_circle_are_refused() {
    let runner = ScriptRunner::new(limits());
    let flow = with_lib(workflow("fn probe(ctx) { 1 }"), "a", "import \"lib/b\" as b; fn x() { 1 }");
    let flow = with_lib(flow, "b", "import \"lib/a\" as a; fn y() { 1 }");
    let end = run_in(&runner, flow, Phase::Probe, vec![Value::Null], Arc::default()).await;
    assert!(failure(end).message.contains("circle"));
}

#[test]
fn the_phases_of_a_script_are_found_without_host_modules() {
    let runner = ScriptRunner::new(limits());
    let flow = workflow("fn probe(ctx) { exchange::mail_user(#{}) } fn apply(ctx, change) {} fn helper() {}");
    let phases = runner.phases(&flow, &flow.steps[0]).expect("it compiles");
    assert_eq!(phases.into_iter().collect::<Vec<_>>(), [Phase::Probe, Phase::Apply]);
}

#[test]
fn expressions_read_parameters_and_outputs() {
    let runner = ScriptRunner::new(limits());
    let scope = [
        ("params".to_owned(), Value::from([("role", Value::text("none"))])),
        (
            "steps".to_owned(),
            Value::from([
                (
                    "done",
                    Value::from([("guid", Value::text("g")), ("hole", Value::Unknown("done.hole".into()))]),
                ),
                ("skipped", Value::Null),
            ]),
        ),
    ]
    .into_iter()
    .collect();
    let evaluate = |text: &str| runner.evaluate(&expression(text), &scope);
    for (text, expected) in [
        ("params.role == \"none\"", Value::Bool(true)),
        ("steps.done.guid", Value::text("g")),
        ("steps.done.hole", Value::Unknown("done.hole".into())),
        ("steps.skipped?.guid", Value::Null),
        ("steps.never?.guid", Value::Null),
        ("[params.role, steps.done.guid]", Value::List(vec!["none".into(), "g".into()])),
        ("steps.skipped?.guid ?? \"other\"", Value::text("other")),
    ] {
        assert_eq!(evaluate(text), PhaseEnd::Returned(expected), "{text}");
    }
    assert_eq!(evaluate("steps.done.hole == 1"), PhaseEnd::Needs { origin: "done.hole".into() });
    assert_eq!(
        evaluate("if steps.done.hole { 1 } else { 2 }"),
        PhaseEnd::Needs { origin: "done.hole".into() }
    );
    for text in
        ["steps.skipped.guid", "params.none", "1 +", "let a = 1", "while true {}", "exchange::mail_user(#{})"]
    {
        let failed = failure(evaluate(text));
        assert_eq!(failed.code, Code::ManifestExpression, "{text}: {failed}");
        assert_eq!(failed.place.expect("a place").line, 3);
    }
    assert!(failure(evaluate("steps.skipped.guid")).hint.expect("a hint").contains("?."));
}

#[tokio::test]
async fn a_result_that_cannot_be_kept_is_refused() {
    let failed = failure(bench::probe("#{ a: |x| x }").await);
    assert_eq!(failed.code, Code::ScriptResult);
}
