//! What a whole manifest becomes.

use model::time::parse_duration;
use model::workflow::{Approval, Question};
use model::{Kind, Retry, Value};

use crate::support::{HEAD, layer, shipped};

const WHOLE: &str = r#"
[params.domain]
type = "domain"
required = true
help = "Primary domain"

[params.profile]
type = "enum"
values = ["full", "none"]
default = "full"

[params.hosts]
type = "list"
of = "fqdn"
default = ["DC01.contoso.com"]

[params.client]
type = "secret"
default = "graph_secret"

# declared before what it needs
[steps.second]
title = "Second"
needs = ["first"]
with = { domain = "params.domain", tenant = "steps.first.tenant" }
when = '''
params.profile != "none"'''
retry = { attempts = 3, backoff = "1s..1m" }
timeout = "5m"
deadline = "2h"

[steps.second.gate]
approval = { role = "exchange-admin", not = "requester" }
form = [{ id = "seen", ask = "Do you see it?", proves = "It is there", required = true }]
wait = "30m"
not_before = "params.domain"

[steps.first]
title = "First"
"#;

#[test]
fn who_needs_an_output_is_whom_check_would_refuse_had_the_step_a_condition() {
    for (with, when, expected) in [
        ("steps.a.x", None, vec!["steps.a.x"]),
        ("steps.a?.x", None, vec![]),
        ("steps.a == ()", None, vec![]),
        ("steps.b.x", None, vec![]),
        ("\"steps.a.x\"", None, vec![]),
        // Whoever has a condition of its own may know; the condition itself is always asked.
        ("steps.a.x", Some("steps.a?.x != ()"), vec![]),
        ("steps.a?.x", Some("steps.a.x == 1"), vec!["steps.a.x == 1"]),
    ] {
        let when_line = when.map(|when| format!("when = '{when}'\n")).unwrap_or_default();
        let reader = format!(
            "[steps.r]\ntitle = \"R\"\nneeds = [\"a\", \"b\"]\nwith = {{ v = '{with}' }}\n{when_line}"
        );
        let others = "[steps.a]\ntitle = \"A\"\n[steps.b]\ntitle = \"B\"\n";
        let workflow = manifest::resolve(&[shipped(&format!("{HEAD}{others}{reader}"), &["a", "b", "r"])]);
        let workflow = workflow.unwrap_or_else(|findings| panic!("{findings:?}"));
        let reader = workflow.step(&"r".into()).expect("the reader");
        assert_eq!(manifest::needed_outputs(reader, &"a".into()), expected, "{with} {when:?}");
    }
}

#[test]
fn everything_arrives() {
    let mut files = shipped(&format!("{HEAD}source = \"a document\"\n{WHOLE}"), &["first", "second"]);
    files.files.insert("lib/names.rhai".into(), "fn name() {}".into());
    files.files.insert("README.md".into(), "read me".into());
    let workflow = manifest::resolve(&[files]).expect("a good manifest");

    assert_eq!((workflow.id.as_str(), workflow.source.as_deref()), ("w", Some("a document")));
    assert_eq!(workflow.layers, ["shipped"]);
    assert_eq!(workflow.lib["names"].file, "w/lib/names.rhai");
    let kinds: Vec<&Kind> = workflow.params.iter().map(|param| &param.kind).collect();
    let words = Kind::Enum(vec!["full".into(), "none".into()]);
    assert_eq!(kinds, [&Kind::Domain, &words, &Kind::List(Box::new(Kind::Fqdn)), &Kind::Secret]);
    assert!(workflow.params[0].required && workflow.params[0].help == "Primary domain");
    assert_eq!(workflow.params[2].default, Some(Value::List(vec![Value::text("dc01.contoso.com")])));
    assert_eq!(workflow.params[3].default, Some(Value::Secret("graph_secret".into())));

    let paths: Vec<&str> = workflow.steps.iter().map(|step| step.path.as_str()).collect();
    assert_eq!(paths, ["first", "second"]);
    let [first, second] = &workflow.steps[..] else { panic!("two steps") };
    assert_eq!(first.retry, Retry::default());
    assert_eq!((first.timeout_ms, first.deadline_ms), (milliseconds("10m"), milliseconds("24h")));
    assert_eq!((second.timeout_ms, second.deadline_ms), (milliseconds("5m"), milliseconds("2h")));
    assert_eq!(second.retry, Retry { attempts: 3, wait_ms_min: 1_000, wait_ms_max: 60_000 });
    assert_eq!(
        (second.script.file.as_str(), second.script.source.as_str()),
        ("w/steps/second.rhai", "// second")
    );
    assert_eq!(second.script.origin, "shipped");
    assert!(second.needs == ["first".into()] && second.uses.iter().eq(&["first".into()]));

    let when = second.when.as_ref().expect("it has a condition");
    assert_eq!(when.text, "params.profile != \"none\"");
    let with = &second.with["tenant"];
    let line_of = |expression: &model::workflow::Expression| {
        let text = format!("{HEAD}source = \"a document\"\n{WHOLE}");
        let line = text.lines().nth(expression.line - 1).expect("the line exists").to_owned();
        line.chars().skip(expression.column - 1).collect::<String>()
    };
    assert!(line_of(when).starts_with("params.profile"), "{}", line_of(when));
    assert!(line_of(with).starts_with("steps.first.tenant"), "{}", line_of(with));

    let gate = second.gate.as_ref().expect("it has a gate");
    assert_eq!(gate.approval, Some(Approval { role: "exchange-admin".into(), not_requester: true }));
    assert_eq!(gate.wait_ms, Some(milliseconds("30m")));
    assert_eq!(gate.not_before.as_ref().map(|expression| expression.text.as_str()), Some("params.domain"));
    let question = Question {
        id: "seen".into(),
        ask: "Do you see it?".into(),
        proves: "It is there".into(),
        required: true,
    };
    assert_eq!(gate.form, [question]);
}

#[test]
fn steps_that_are_ready_together_keep_the_order_of_the_file() {
    let body = "[steps.z]\ntitle = \"Z\"\nneeds = [\"y\"]\n[steps.c]\ntitle = \"C\"\n[steps.y]\ntitle = \"Y\"\n[steps.a]\ntitle = \"A\"\n";
    let workflow = manifest::resolve(&[shipped(&format!("{HEAD}{body}"), &["z", "c", "y", "a"])])
        .expect("a good manifest");
    let paths: Vec<&str> = workflow.steps.iter().map(|step| step.path.as_str()).collect();
    assert_eq!(paths, ["c", "y", "z", "a"]);
}

#[test]
fn lines_may_end_as_on_windows() {
    let text = format!("{HEAD}[steps.a]\ntitle = \"A\"\nwhen = \"params.x\"\n").replace('\n', "\r\n");
    let found = crate::support::findings(&[shipped(&text, &["a"])]);
    assert_eq!(found, ["w/workflow.toml:7:16+1 FB0107 no parameter 'x' (declare it under [params])"]);
}

#[test]
fn shared_functions_may_lie_in_a_layer_below_the_manifest() {
    let common = layer("shipped", "workflows/", &[("lib/common.rhai", "fn one() { 1 }")]);
    let workflow =
        manifest::resolve(&[common, shipped(&format!("{HEAD}[steps.a]\ntitle = \"A\"\n"), &["a"])])
            .expect("a good manifest");
    assert_eq!(workflow.lib["common"].file, "workflows/lib/common.rhai");
    assert_eq!(workflow.layers, ["shipped"]);
}

fn milliseconds(text: &str) -> u64 {
    u64::try_from(parse_duration(text).expect("a duration").as_millis()).expect("a short one")
}
