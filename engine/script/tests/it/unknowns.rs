//! No operator, function or statement answers about an unknown; storing and handing on stay allowed.

use contracts::PhaseEnd;
use model::{Code, Value};

use crate::bench::{failure, probe};

const OTHERS: [&str; 13] = [
    "()",
    "true",
    "1",
    "1.5",
    "'c'",
    "\"text\"",
    "[]",
    "[1]",
    "#{}",
    "#{ a: 1 }",
    "(|x| x)",
    "blob(2)",
    "ctx.inputs.hole",
];

fn needs() -> PhaseEnd {
    PhaseEnd::Needs { origin: "other.guid".into() }
}

#[tokio::test]
async fn no_operator_answers() {
    for operator in [
        "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "**", "<<", ">>", "&", "|", "^", "&&",
        "||", "..", "..=", "in", "!in",
    ] {
        for other in OTHERS {
            // These have their answer before they look at the right side, as they should.
            let short = matches!((operator, other), ("||", "true"));
            let left = format!("let u = ctx.inputs.hole; let o = {other}; u {operator} o");
            assert_eq!(probe(&left).await, needs(), "{left}");
            let right = format!("let u = ctx.inputs.hole; let o = {other}; o {operator} u");
            let end = probe(&right).await;
            if short {
                assert_eq!(end, PhaseEnd::Returned(Value::Bool(true)), "{right}");
            } else if ["&&", "||"].contains(&operator) && other != "true" && other != "ctx.inputs.hole" {
                // The left side is refused first.
                assert_eq!(failure(end).code, Code::ScriptError, "{right}");
            } else {
                assert_eq!(end, needs(), "{right}");
            }
        }
    }
}

#[tokio::test]
async fn no_assigning_operator_answers() {
    for operator in ["+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", "&=", "|=", "^="] {
        for other in OTHERS {
            let left = format!("let u = ctx.inputs.hole; u {operator} {other}; u");
            assert_eq!(probe(&left).await, needs(), "{left}");
            let right = format!("let u = ctx.inputs.hole; let v = {other}; v {operator} u; v");
            let end = probe(&right).await;
            if operator == "+=" && other.starts_with('[') {
                assert!(matches!(end, PhaseEnd::Returned(Value::List(_))), "a list takes it in: {right}");
            } else {
                assert_eq!(end, needs(), "{right}");
            }
        }
    }
}

#[tokio::test]
async fn no_other_use_answers() {
    for body in [
        "-u",
        "+u",
        "!u",
        "if u { 1 }",
        "while u { break; }",
        "do { 1 } while u",
        "u.name",
        "u.name = 1",
        "u[0]",
        "u[\"a\"]",
        "u[0] = 1",
        "u?.name",
        "u?[0]",
        "`text ${u}`",
        "\"text\" + u",
        "u + \"text\"",
        "u.to_string()",
        "u.to_debug()",
        "to_string(u)",
        "`${[u]}`",
        "[u].to_string()",
        "#{ a: u }.to_json()",
        "\"\" + [u]",
        "\"\" + #{ a: u }",
        "u.len()",
        "len(u)",
        "u.to_upper()",
        "u.trim()",
        "u.contains(\"a\")",
        "\"abc\".contains(u)",
        "\"abc\".starts_with(u)",
        "\"abc\".index_of(u)",
        "\"abc\".replace(\"a\", u)",
        "u in \"abc\"",
        "u in [1, 2]",
        "u in [u]",
        "1 in [u]",
        "u in #{ a: 1 }",
        "[1].contains(u)",
        "[u].contains(1)",
        "[u] == [u]",
        "[u] != [1]",
        "#{ a: u } == #{ a: u }",
        "#{ a: u } == #{ a: 1 }",
        "[1].index_of(u)",
        "[u, u].dedup()",
        "[1, 2][u]",
        "#{ a: 1 }[u]",
        "\"abc\"[u]",
        "for x in u { 1 }",
        "for x in 0..u { 1 }",
        "[u, 1].sort(|a, b| a < b)",
        "[1, 2].filter(|x| u)",
        "[1, 2].some(|x| u)",
        "[1, 2].all(|x| x == u)",
        "u.parse_int()",
        "parse_int(u)",
        "u.floor()",
        "u.abs()",
        "max(u, 1)",
        "min(1, u)",
        "u.is_empty()",
        "u.keys()",
        "u.values()",
        "u.split(\",\")",
        "u.map(|x| x)",
        "throw `${u}`",
        "range(0, u)",
        "u.call()",
        "u.tag",
    ] {
        let body = format!("let u = ctx.inputs.hole; {body}");
        assert_eq!(probe(&body).await, needs(), "{body}");
    }
}

#[tokio::test]
async fn storing_and_asking_are_allowed() {
    let hole = Value::Unknown("other.guid".into());
    for (body, expected) in [
        ("u", hole.clone()),
        ("let v = u; v", hole.clone()),
        ("[u]", Value::List(vec![hole.clone()])),
        ("let a = []; a.push(u); a", Value::List(vec![hole.clone()])),
        ("let a = [1]; a[0] = u; a", Value::List(vec![hole.clone()])),
        ("let m = #{}; m.a = u; m", Value::from([("a", hole.clone())])),
        ("let m = #{ a: 1 }; m[\"a\"] = u; m", Value::from([("a", hole.clone())])),
        ("[1].map(|x| u)", Value::List(vec![hole.clone()])),
        ("[u].len()", Value::Int(1)),
        ("#{ a: u }.keys()", Value::List(vec!["a".into()])),
        ("is_unknown(u)", Value::Bool(true)),
        ("[1, u].filter(|x| is_unknown(x))", Value::List(vec![hole.clone()])),
        ("u ?? 1", hole.clone()),
        ("if is_unknown(u) { 1 } else { 2 }", Value::Int(1)),
    ] {
        let body = format!("let u = ctx.inputs.hole; {body}");
        assert_eq!(probe(&body).await, PhaseEnd::Returned(expected), "{body}");
    }
}

#[tokio::test]
async fn what_could_not_be_told_is_no_answer_either() {
    for body in
        ["c == ()", "() == c", "c != ()", "if c { 1 }", "`${c}`", "c.name", "[c] == [1]", "for x in c { 1 }"]
    {
        let body = format!("let c = cannot_tell(\"no answer\"); {body}");
        let failed = failure(probe(&body).await);
        assert_eq!(failed.code, Code::CannotTell, "{body}: {failed}");
    }
}
