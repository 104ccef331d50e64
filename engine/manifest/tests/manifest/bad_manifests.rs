//! Each way to get a manifest wrong: the exact place, the code, what is said and what is suggested.

use crate::support::{HEAD, findings, shipped};

/// `body` follows four lines of `[workflow]`, so its first line is line 5. The steps `a` and `b` have scripts.
#[track_caller]
fn check(body: &str, expected: &[&str]) {
    let manifest = format!("{HEAD}{body}");
    let names =
        ["a", "b"].into_iter().filter(|name| body.contains(&format!("[steps.{name}"))).collect::<Vec<_>>();
    let expected: Vec<String> = expected.iter().map(|line| format!("w/workflow.toml:{line}")).collect();
    assert_eq!(findings(&[shipped(&manifest, &names)]), expected, "{body}");
}

const STEP_A: &str = "[steps.a]\ntitle = \"A\"\n";

/// A step `a` with one more line, which is line 7.
#[track_caller]
fn check_line(line: &str, expected: &[&str]) {
    check(&format!("{STEP_A}{line}\n"), expected);
}

#[test]
fn not_toml() {
    for (text, line_column) in [
        ("[workflow\nid = 1", "1:10"),
        ("[workflow]\nid = \"w", "2:8"),
        ("[workflow]\nid = \n", "2:6"),
        ("[workflow]\nid = \"w\"\nid = \"v\"\n", "3:1"),
        ("[workflow]\n\u{fc} = 1", "2:1"),
    ] {
        let found = findings(&[shipped(text, &[])]);
        let start = format!("w/workflow.toml:{line_column}+");
        assert!(!found.is_empty() && found[0].starts_with(&start), "{text}: {found:?}");
        assert!(found.iter().all(|finding| finding.contains(" FB0101 not TOML: ")), "{text}: {found:?}");
    }
}

#[test]
fn every_syntax_error_is_found_at_once() {
    let found = findings(&[shipped("a = \nb = 1\nc = ]\n", &[])]);
    assert!(found.len() >= 2, "{found:?}");
}

#[test]
fn the_head() {
    for (text, expected) in [
        (
            "[steps.a]\ntitle = \"A\"",
            vec![
                "1:1+1 FB0103 the manifest lacks [workflow] (start it with [workflow], id, version and title)",
            ],
        ),
        (
            "workflow = 5\n[steps.a]\ntitle = \"A\"",
            vec!["1:12+1 FB0103 '[workflow]' is the number 5; a table is expected (write a table)"],
        ),
        (
            "[workflow]\nid = \"W w\"\nversion = 1\ntitel = \"W\"\n[steps.a]\ntitle = \"A\"",
            vec![
                "1:2+8 FB0103 [workflow] lacks 'title' (say what the workflow does: title = \"…\")",
                "2:6+5 FB0103 'W w' cannot be the id of a workflow (use lower-case letters, digits and '-', starting with a letter, at most 64)",
                "3:11+1 FB0103 'version' is the number 1; a text in quotes is expected (write a text in quotes)",
                "4:1+5 FB0102 [workflow] has no key 'titel' (did you mean 'title'?)",
            ],
        ),
        (
            "[workflow]\nid = \"w\"\nversion = \" \"\ntitle = \"W\"\n[steps.a]\ntitle = \"A\"",
            vec!["3:11+3 FB0103 'version' is blank (write version = \"1.0.0\")"],
        ),
        (
            "[workflow]\nid = \"w\"\nversion = \"1\"\ntitle = \"W\"\n[stepps.a]\n[steps.a]\ntitle = \"A\"",
            vec!["5:2+6 FB0102 the manifest has no key 'stepps' (did you mean 'steps'?)"],
        ),
    ] {
        let expected: Vec<String> = expected.iter().map(|line| format!("w/workflow.toml:{line}")).collect();
        assert_eq!(findings(&[shipped(text, &["a"])]), expected, "{text}");
    }
    check("", &["1:1+1 FB0103 the workflow has no steps (add one: [steps.NAME], with steps/NAME.rhai)"]);
}

#[test]
fn parameters() {
    let check_param =
        |lines: &str, expected: &[&str]| check(&format!("{STEP_A}[params.p]\n{lines}\n"), expected);
    check_param(
        "",
        &["7:9+1 FB0103 [params.p] lacks 'type' (say what it holds, for example type = \"domain\")"],
    );
    check_param("type = \"domian\"", &["8:8+8 FB0103 'domian' is no type (did you mean 'domain'?)"]);
    check_param(
        "type = \"zzzzzzz\"",
        &[
            "8:8+9 FB0103 'zzzzzzz' is no type (types are string, int, bool, duration, domain, fqdn, guid, smtp, secret, list, enum)",
        ],
    );
    check_param(
        "type = \"int\"\nrequierd = true",
        &["9:1+8 FB0102 [params.p] has no key 'requierd' (did you mean 'required'?)"],
    );
    check_param(
        "type = \"int\"\nrequired = \"yes\"",
        &["9:12+5 FB0103 'required' is the text 'yes'; true or false is expected (write true or false)"],
    );
    check_param(
        "type = \"int\"\ndefault = \"five\"",
        &["9:11+6 FB0111 the default of 'p': 'five' is not an integer (write an integer)"],
    );
    check_param(
        "type = \"string\"\nlength_max = 3\ndefault = \"fünf\"",
        &[
            "10:11+6 FB0111 the default of 'p': 'fünf' has 4 characters; at most 3 are allowed (write a string)",
        ],
    );
    check_param(
        "type = \"int\"\ndefault = 99999999999999999999",
        &["9:11+20 FB0111 the default of 'p': the number is too large (write an integer)"],
    );
    check_param(
        "type = \"int\"\nrequired = true\ndefault = 5",
        &[
            "10:1+7 FB0103 parameter 'p' is required and has a default (leave out either 'required' or 'default')",
        ],
    );
    check_param(
        "type = \"list\"",
        &["8:8+6 FB0103 a list lacks 'of' (say what one entry holds: of = \"domain\")"],
    );
    check_param(
        "type = \"list\"\nof = \"list\"",
        &["9:6+6 FB0103 a list of lists is not possible (say what one entry holds)"],
    );
    check_param(
        "type = \"int\"\nof = \"int\"",
        &["9:1+2 FB0103 'of' is for lists; this is type 'int' (leave 'of' out)"],
    );
    check_param(
        "type = \"enum\"",
        &["8:8+6 FB0103 an enum lacks 'values' (list them: values = [\"full\", \"none\"])"],
    );
    check_param(
        "type = \"enum\"\nvalues = [\"a\", 1, \"a\"]",
        &[
            "9:16+1 FB0103 'an entry of values' is the number 1; a text in quotes is expected (write a text in quotes)",
            "9:19+3 FB0103 'a' stands twice among the values (leave one out)",
        ],
    );
    check_param(
        "type = \"int\"\nvalues = [\"a\"]",
        &["9:1+6 FB0103 'values' is for enums (leave it out, or write type = \"enum\")"],
    );
    check_param(
        "type = \"bool\"\nlength_max = 5",
        &["9:1+10 FB0103 'length_max' limits texts; 'p' is a bool (true or false) (leave it out)"],
    );
    check_param(
        "type = \"string\"\nlength_max = 0",
        &[
            "9:14+1 FB0103 'length_max' is the number 0; a whole number from 1 up is expected (write a whole number from 1 up)",
        ],
    );
}

#[test]
fn names() {
    let fit =
        "names are lower-case letters, digits and '_', start with a letter and have at most 64 characters";
    for name in ["export", "call", "private", "this", "type_of"] {
        let width = name.len();
        let word = format!("FB0103 '{name}' is a word of the script language and cannot be a name ({fit})");
        check(&format!("{STEP_A}[params.{name}]\ntype = \"int\"\n"), &[&format!("7:9+{width} {word}")]);
        check_line(&format!("with = {{ {name} = \"1\" }}"), &[&format!("7:10+{width} {word}")]);
        let manifest = format!("{HEAD}[steps.{name}]\ntitle = \"A\"\n");
        assert_eq!(findings(&[shipped(&manifest, &[name])]), [format!("w/workflow.toml:5:8+{width} {word}")]);
    }
    check(
        &format!("{STEP_A}[params.'Ä b']\ntype = \"int\"\n"),
        &[&format!("7:9+5 FB0103 'Ä b' cannot be a name ({fit})")],
    );
}

#[test]
fn steps() {
    check("[steps.a]\n", &["5:8+1 FB0103 [steps.a] lacks 'title' (say what the step does: title = \"…\")"]);
    check(
        "[steps]\na = 1\n",
        &[
            "6:1+1 FB0106 step 'a' has no script (write w/steps/a.rhai)",
            "6:5+1 FB0103 '[steps.a]' is the number 1; a table is expected (write a table)",
        ],
    );
    check_line("need = []", &["7:1+4 FB0102 [steps.a] has no key 'need' (did you mean 'needs'?)"]);
    check_line(
        "needs = \"b\"",
        &[
            "7:9+3 FB0103 'needs' is the text 'b'; a list of texts such as [\"a\", \"b\"] is expected (write a list of texts such as [\"a\", \"b\"])",
        ],
    );
    check_line(
        "with = { n = 5 }",
        &[
            "7:14+1 FB0103 'n' is the number 5; an expression in quotes (such as \"params.domain\" or \"5\") is expected (write an expression in quotes (such as \"params.domain\" or \"5\"))",
        ],
    );
    check_line(
        "when = true",
        &["7:8+4 FB0103 'when' is true; a text in quotes is expected (write a text in quotes)"],
    );
    check_line("when = \" \"", &["7:9+1 FB0107 an expression is empty (write one, or leave it out)"]);
    let duration = "write a duration such as \"90s\", \"10m\" or \"2h30m\"";
    check_line(
        "timeout = \"soon\"",
        &[&format!(
            "7:11+6 FB0103 'timeout' is 'soon'; a duration longer than nothing is expected ({duration})"
        )],
    );
    check_line(
        "deadline = \"0s\"",
        &[&format!(
            "7:12+4 FB0103 'deadline' is '0s'; a duration longer than nothing is expected ({duration})"
        )],
    );
    check_line(
        "retry = { attempts = 0, backoff = \"5m..2s\", jitter = true }",
        &[
            "7:22+1 FB0103 'attempts' is the number 0; a whole number from 1 up is expected (write a whole number from 1 up)",
            "7:35+8 FB0103 'backoff' is '5m..2s'; the shortest and the longest wait are expected (write the shorter one first: backoff = \"2s..2m\")",
            "7:45+6 FB0102 retry has no key 'jitter' (known here: attempts, backoff)",
        ],
    );
}

#[test]
fn gates() {
    check_line(
        "gate = {}",
        &["7:1+4 FB0103 gate is empty (give approval, form, wait or not_before, or leave the gate out)"],
    );
    check_line(
        "gate = { aproval = {} }",
        &["7:10+7 FB0102 gate has no key 'aproval' (did you mean 'approval'?)"],
    );
    check_line(
        "gate = { approval = {} }",
        &["7:10+8 FB0103 approval lacks 'role' (say who may approve, for example role = \"exchange-admin\")"],
    );
    check_line(
        "gate = { approval = { role = \"r\", not = \"me\" } }",
        &[
            "7:41+4 FB0103 'not' is 'me'; only \"requester\" is known (write not = \"requester\", or leave it out)",
        ],
    );
    check_line(
        "gate = { form = [] }",
        &["7:10+4 FB0103 the form asks nothing (add a question, or leave the form out)"],
    );
    check_line(
        "[[steps.a.gate.form]]\nid = \"x\"\nask = \"?\"\nproves = \"p\"\n[[steps.a.gate.form]]\nid = \"x\"\nask = \"?\"\nproves = \"p\"",
        &["12:6+3 FB0103 question 'x' stands twice in the form (give each question an id of its own)"],
    );
    check_line(
        "gate = { not_before = \"params.start\" }",
        &["7:31+5 FB0107 no parameter 'start' (declare it under [params])"],
    );
}

#[test]
fn words_reserved_for_later() {
    check_line(
        "each = \"params.servers\"\nworkflow = \"other\"",
        &[
            "7:1+4 FB0108 'each' (a step for every item of a list) is reserved and not yet possible (write one step for each item, or loop over the items in one plan)",
            "8:1+8 FB0108 'workflow' (a step that is a whole workflow) is reserved and not yet possible (write its steps here, or run that workflow by itself before)",
        ],
    );
}

#[test]
fn needs() {
    let step_b = "[steps.bravo]\ntitle = \"B\"\n";
    let manifest = format!("{HEAD}{STEP_A}needs = [\"brovo\", \"bravo\", \"bravo\"]\n{step_b}");
    assert_eq!(
        findings(&[shipped(&manifest, &["a", "bravo"])]),
        [
            "w/workflow.toml:7:10+7 FB0105 step 'a' needs 'brovo', which does not exist (did you mean 'bravo'?)",
            "w/workflow.toml:7:28+7 FB0103 'bravo' stands twice in needs (leave one out)",
        ]
    );
    let circle = "each step stands before the arrow and needs the one after it; take one of these needs away";
    check_line(
        "needs = [\"a\"]",
        &[&format!("7:10+3 FB0104 steps need each other in a circle: a → a ({circle})")],
    );
    check(
        "[steps.a]\ntitle = \"A\"\nneeds = [\"b\"]\n[steps.b]\ntitle = \"B\"\nneeds = [\"a\"]\n",
        &[&format!("7:10+3 FB0104 steps need each other in a circle: a → b → a ({circle})")],
    );
}

#[test]
fn scripts() {
    let manifest = format!("{HEAD}[steps.bravo]\ntitle = \"B\"\n");
    assert_eq!(
        findings(&[shipped(&manifest, &["brave"])]),
        [
            "w/steps/brave.rhai:0:0+0 FB0106 w/steps/brave.rhai is not used: there is no step 'brave' (did you mean 'bravo'?)",
            "w/workflow.toml:5:8+5 FB0106 step 'bravo' has no script (write w/steps/bravo.rhai)",
        ]
    );
}

#[test]
fn expressions() {
    let check_with = |expression: &str, expected: &[&str]| {
        let rest =
            "[params.domain]\ntype = \"domain\"\n[steps.b]\ntitle = \"B\"\nwhen = \"params.domain != ()\"\n";
        check(&format!("{STEP_A}with = {{ x = {expression} }}\n{rest}"), expected);
    };
    check_with("\"params.domain\"", &[]);
    check(
        &format!("{STEP_A}when = \"params.domain\"\n[params.domain]\ntype = \"domain\"\n"),
        &[
            "7:16+6 FB0107 a condition must be true or false; 'domain' is a domain such as contoso.com (compare it with something)",
        ],
    );
    check_with("\"params.domian\"", &["7:22+6 FB0107 no parameter 'domian' (did you mean 'domain'?)"]);
    check_with(
        "'''\nü + params.domian'''",
        &["8:12+6 FB0107 no parameter 'domian' (did you mean 'domain'?)"],
    );
    check_with(
        "\"\\\"\\\" + params.domian\"",
        &["7:14+22 FB0107 no parameter 'domian' (did you mean 'domain'?)"],
    );
    check_with("\"steps.bb.y\"", &["7:21+2 FB0107 no step 'bb' (did you mean 'b'?)"]);
    check_with(
        "\"steps.a.y\"",
        &[
            "7:21+1 FB0107 step 'a' reads its own outputs (its outputs exist only after it; read an earlier step)",
        ],
    );
    check_with(
        "\"steps.b?.y\"",
        &["7:21+1 FB0107 step 'a' reads 'b', which is not done before it (add \"b\" to the needs of 'a')"],
    );
    check_with(
        "\"params['x'] + steps\"",
        &[
            "7:15+6 FB0107 'params' is not followed by a name, so what it reads cannot be checked (write params.NAME)",
            "7:29+5 FB0107 'steps' is not followed by a name, so what it reads cannot be checked (write steps.NAME.OUTPUT)",
        ],
    );
}

#[test]
fn outputs_of_a_step_that_may_be_skipped() {
    let skipped = "7:21+1 FB0107 'b' has a condition: when it is skipped, there is no such output (write steps.b?.OUTPUT, which then gives ())";
    let in_when = skipped.replace("7:21", "7:15");
    for (line, finding) in [
        ("with = { x = \"steps.b.y\" }", Some(skipped)),
        ("with = { x = \"steps.b?.y\" }", None),
        ("with = { x = \"steps.b != ()\" }", None),
        ("with = { x = \"steps.b.y\" }\nwhen = \"steps.b != ()\"", None),
        ("when = \"steps.b.y\"", Some(in_when.as_str())),
    ] {
        let body = format!("{STEP_A}{line}\nneeds = [\"b\"]\n[steps.b]\ntitle = \"B\"\nwhen = \"false\"\n");
        check(&body, &finding.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn all_mistakes_come_at_once_in_the_order_of_the_file() {
    let body =
        "[params.p]\ntype = \"in\"\n[steps.a]\ntitle = 5\nneeds = [\"c\"]\nwhen = \"params.q\"\ncolour = 1\n";
    let manifest = format!("{HEAD}{body}");
    let lines: Vec<String> = findings(&[shipped(&manifest, &["a", "x"])])
        .iter()
        .map(|finding| finding.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        lines,
        [
            "w/steps/x.rhai:0:0+0 FB0106",
            "w/workflow.toml:6:8+4 FB0103",
            "w/workflow.toml:8:9+1 FB0103",
            "w/workflow.toml:9:10+3 FB0105",
            "w/workflow.toml:10:16+1 FB0107",
            "w/workflow.toml:11:1+6 FB0102",
        ]
    );
}
