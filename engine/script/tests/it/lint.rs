//! Mistakes found without running: each with its code, its place and a hint.

use contracts::{Finding, StepRunner};
use footbridge_script::ScriptRunner;
use model::{Code, Kind, Param, StepPath, Workflow};

use crate::bench::{expression, functions, limits, step, with_lib, workflow};

fn check(workflow: &Workflow) -> Vec<Finding> {
    ScriptRunner::new(limits()).check(workflow, &functions())
}

/// The script has exactly this mistake, on this line, and its message and hint say these words.
fn expect(source: &str, code: Code, line: usize, words: &[&str]) {
    expect_in(&workflow(source), code, line, words);
}

fn expect_in(workflow: &Workflow, code: Code, line: usize, words: &[&str]) {
    let source = &workflow.steps.last().expect("a step").script.source;
    let findings = check(workflow);
    assert_eq!(findings.len(), 1, "{source}: {findings:#?}");
    let failure = &findings[0].failure;
    let said = format!("{} {}", failure.message, failure.hint.as_deref().unwrap_or_default());
    assert_eq!(failure.code, code, "{source}: {said}");
    assert_eq!(failure.place.as_ref().map(|place| place.line), Some(line), "{source}: {said}");
    for word in words {
        assert!(said.contains(word), "{source}: '{word}' is not in: {said}");
    }
}

#[test]
fn a_whole_script_has_no_findings() {
    let source = r#"
        import "lib/text" as t;
        const KIND = "mail_user";
        fn probe(ctx) {
            let found = exchange::mail_user(#{ name: ctx.params.name });
            let objects = #{};
            objects[t::target(global::KIND, ctx.params.name)] = shown(found);
            #{ objects: objects, names: ["a"].filter(|x| x != text::target("", "")) }
        }
        fn shown(found) { if found == () { () } else { #{ guid: found.guid } } }
        fn plan(ctx, seen) { [] }
        fn apply(ctx, change) {
            if change.kind == "create" { exchange::new_mail_user(#{ name: change.target, hidden: true }) }
            else { exchange::new_mail_user(change.after) }
        }
        fn undo(ctx, change, outcome) { try { exchange::new_mail_user(#{ name: "x" }) } catch { () } }
        fn verify(ctx, seen) { if exchange::organization() == () { fail("gone") } }
        fn outputs(ctx, seen) { #{ guid: unknown("guid") } }
    "#;
    let flow = with_lib(workflow(source), "text", "fn target(kind, name) { `${kind}:${name}` }");
    assert_eq!(check(&flow), []);
}

#[test]
fn syntax_and_unknown_names() {
    expect("fn probe(ctx) {\n let a = ;\n}", Code::ScriptSyntax, 2, &[]);
    expect("fn probe(ctx) {\n undeclared\n}", Code::ScriptSyntax, 2, &["undeclared"]);
    expect("fn probe(ctx) {\n switch 1 { _ => 2 }\n}", Code::ScriptSyntax, 2, &["switch"]);
    expect("fn probe(ctx) { 1 }\nfn probe(ctx) { 2 }", Code::ScriptSyntax, 2, &["probe"]);
    expect(
        "fn probe(ctx) {\n exchang::mail_user()\n}",
        Code::FunctionUnknown,
        2,
        &["did you mean 'exchange'"],
    );
    expect(
        "fn probe(ctx) {\n\n exchange::mail_usr(#{ name: 1 })\n}",
        Code::FunctionUnknown,
        3,
        &["exchange::mail_usr", "did you mean exchange::mail_user"],
    );
}

#[test]
fn arguments_written_out_are_checked() {
    for (call, words) in [
        ("exchange::mail_user()", &["needs the argument 'name'"] as &[&str]),
        ("exchange::mail_user(#{})", &["needs the argument 'name'"]),
        ("exchange::mail_user(#{ nam: ctx })", &["no argument 'nam'", "did you mean 'name'"]),
        ("exchange::mail_user(#{ nam: 1 })", &["no argument 'nam'"]),
        ("exchange::mail_user(\"x\")", &["one map of named arguments"]),
        ("exchange::mail_user(ctx, 1)", &["one map of named arguments"]),
        ("[1].map(|x| exchange::mail_user(#{ nam: x }))", &["no argument 'nam'"]),
    ] {
        expect(&format!("fn probe(ctx) {{\n {call}\n}}"), Code::Argument, 2, words);
    }
}

#[test]
fn the_rules_of_the_step_contract() {
    expect("let a = 1;\nfn probe(ctx) { 1 }", Code::ScriptRule, 1, &["outside a function"]);
    expect("fn probe(ctx) { 1 }\nexchange::organization();", Code::ScriptRule, 2, &["outside a function"]);
    expect(
        "const A = exchange::organization();\nfn probe(ctx) { 1 }",
        Code::ScriptRule,
        1,
        &["outside a function"],
    );
    expect("fn helper() { 1 }", Code::ScriptRule, 1, &["no phase"]);
    expect(
        "fn probe(ctx) { 1 }\nfn plan(ctx) { [] }",
        Code::ScriptRule,
        2,
        &["plan takes 2", "fn plan(ctx, seen)"],
    );
    expect("fn probe(ctx) { 1 }\nfn fail(why) { 1 }", Code::ScriptRule, 2, &["hide"]);
    expect("fn probe(ctx) { 1 }\nfn aply(ctx, change) { 1 }", Code::ScriptRule, 2, &["did you mean 'apply'"]);
    expect(
        "import \"../x\" as x;\nfn probe(ctx) { 1 }",
        Code::ScriptRule,
        1,
        &["\"../x\"", "no shared scripts"],
    );
    let hiding = workflow("import \"lib/text\" as exchange;\nfn probe(ctx) { 1 }");
    expect_in(
        &with_lib(hiding, "text", "fn a() { 1 }"),
        Code::ScriptRule,
        1,
        &["hide the module 'exchange'"],
    );
    let inside = workflow("fn probe(ctx) {\n import \"lib/text\" as exchange;\n 1 }");
    expect_in(
        &with_lib(inside, "text", "fn a() { 1 }"),
        Code::ScriptRule,
        2,
        &["hide the module 'exchange'"],
    );
    let named = with_lib(workflow("fn probe(ctx) { 1 }"), "exchange", "fn a() { 1 }");
    expect_in(&named, Code::ScriptRule, 1, &["name of a host module"]);
}

#[test]
fn effects_are_followed_through_functions_closures_and_shared_scripts() {
    let write = "exchange::new_mail_user(#{ name: \"x\" })";
    for (source, line) in [
        (format!("fn probe(ctx) {{\n {write}\n}}"), 2),
        (format!("fn probe(ctx) {{ a() }}\nfn a() {{ b() }}\nfn b() {{ {write} }}"), 3),
        (format!("fn probe(ctx) {{\n [1].map(|x| {write})\n}}"), 2),
        (format!("fn verify(ctx, seen) {{ let x = 1; x.change() }}\nfn change() {{ {write} }}"), 2),
    ] {
        expect(&source, Code::WriteRefused, line, &["only apply and undo may write"]);
    }
    for phase in ["plan", "outputs"] {
        let source = format!("fn {phase}(ctx, seen) {{\n exchange::organization()\n}}");
        expect(&source, Code::ScriptRule, 2, &["probe"]);
    }
    let flow = workflow("\nfn probe(ctx) { tools::make() }");
    let flow = with_lib(flow, "tools", &format!("fn make() {{ {write} }}"));
    expect_in(&flow, Code::WriteRefused, 2, &["probe calls exchange::new_mail_user"]);
    // A function that only apply reaches may write.
    assert_eq!(check(&workflow(&format!("fn apply(ctx, change) {{ a() }} fn a() {{ {write} }}"))), []);
}

#[test]
fn two_writes_in_a_row_are_refused_and_branches_are_not() {
    let write = "exchange::new_mail_user(#{ name: \"x\" })";
    expect(
        &format!("fn apply(ctx, change) {{\n {write};\n {write}\n}}"),
        Code::ScriptRule,
        3,
        &["second time"],
    );
    let branches = format!("fn apply(ctx, change) {{ if change.a {{ {write} }} else {{ {write} }} }}");
    assert_eq!(check(&workflow(&branches)), []);
}

#[test]
fn expressions_are_judged_too() {
    let flow = |text: &str, needs: &[&str]| {
        let mut flow = workflow("fn probe(ctx) { 1 }");
        flow.params.push(Param {
            name: "role".into(),
            kind: Kind::String,
            required: true,
            default: None,
            help: String::new(),
            length_max: None,
        });
        let mut maybe = step("maybe", "fn probe(ctx) { 1 }");
        maybe.when = Some(expression("params.role == 'x'.to_string()"));
        let mut last = step("last", "fn probe(ctx) { 1 }");
        last.needs = needs.iter().map(|name| StepPath::new(*name)).collect();
        last.with.insert("input".into(), expression(text));
        flow.steps.extend([maybe, last]);
        flow
    };
    for text in ["params.role", "steps.account.guid", "steps.maybe?.guid", "steps.account.guid + params.role"]
    {
        assert_eq!(check(&flow(text, &["account", "maybe"])), [], "{text}");
    }
    for (text, words) in [
        ("params.", &["cannot be read"] as &[&str]),
        ("params.rol", &["no parameter 'rol'", "params.role"]),
        ("nowhere", &["nowhere"]),
        ("steps.acount.guid", &["no step 'acount'", "steps.account"]),
        ("steps.maybe.guid", &["may be skipped", "?."]),
        ("steps.last.guid", &["does not need 'last'"]),
    ] {
        expect_in(&flow(text, &["account", "maybe"]), Code::ManifestExpression, 3, words);
    }
    expect_in(&flow("steps.account.guid", &[]), Code::ManifestExpression, 3, &["add 'account'"]);
}
