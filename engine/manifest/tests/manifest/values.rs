//! Parameter values: precedence, origins, kinds, and what is said when one is missing or misspelt.

use manifest::{Given, origins, parameters};
use model::{Value, Workflow};

use crate::support::{HEAD, layer, shipped};

const PARAMS: &str = r#"
[params.domain]
type = "domain"
required = true
help = "Primary domain"
[params.count]
type = "int"
default = 1
[params.hosts]
type = "list"
of = "fqdn"
default = []
[params.name]
type = "string"
length_max = 4
[params.pass]
type = "secret"
[steps.a]
title = "A"
"#;

fn workflow(overlay: &str) -> Workflow {
    let files = layer("./contoso", "./contoso/", &[("overlay.toml", overlay)]);
    manifest::resolve(&[shipped(&format!("{HEAD}{PARAMS}"), &["a"]), files]).expect("good layers")
}

fn given(values: &[(&str, &str, &str)]) -> Vec<Given> {
    values.iter().map(|(name, text, origin)| ((*name).into(), (*text).into(), (*origin).into())).collect()
}

#[test]
fn the_later_and_the_nearer_win() {
    let workflow = workflow("[params]\ncount = 2\nname = \"abcd\"\n");
    let given = given(&[
        ("domain", "fabrikam.com", "values.txt"),
        ("domain", "Contoso.com", "--var"),
        ("hosts", "a.contoso.com, b.contoso.com", "--var"),
        ("pass", "graph_secret", "--var"),
    ]);
    let map = parameters(&workflow, &given).expect("good values");
    let hosts = Value::List(vec![Value::text("a.contoso.com"), Value::text("b.contoso.com")]);
    let expected = [
        ("domain", Value::text("contoso.com"), "--var"),
        ("count", Value::Int(2), "./contoso"),
        ("hosts", hosts, "--var"),
        ("name", Value::text("abcd"), "./contoso"),
        ("pass", Value::Secret("graph_secret".into()), "--var"),
    ];
    for (name, value, _) in &expected {
        assert_eq!(&map[*name], value, "{name}");
    }
    let shown: Vec<_> = origins(&workflow, &given);
    assert_eq!(shown, expected.map(|(name, value, origin)| (name.to_owned(), value, origin.to_owned())));
}

#[test]
fn what_is_not_given_is_null_or_the_default() {
    let workflow = workflow("");
    let map = parameters(&workflow, &given(&[("domain", "contoso.com", "--var")])).expect("good values");
    assert_eq!((&map["name"], &map["count"]), (&Value::Null, &Value::Int(1)));
    let shown = origins(&workflow, &[]);
    let origin_of = |name: &str| shown.iter().find(|row| row.0 == name).map(|row| row.2.as_str());
    assert_eq!((origin_of("domain"), origin_of("count")), (Some("not given"), Some("default")));
}

#[test]
fn every_wrong_value_is_said() {
    let workflow = workflow("");
    let given = given(&[
        ("domian", "contoso.com", "--var"),
        ("count", "many", "values.txt"),
        ("name", "abcde", "--var"),
        ("pass", "Not A Name", "--var"),
        ("hosts", "a.contoso.com,b", "--var"),
    ]);
    let failures = parameters(&workflow, &given).expect_err("wrong values");
    let shown: Vec<String> = failures
        .iter()
        .map(|failure| {
            format!("{} {failure} ({})", failure.code, failure.hint.as_deref().unwrap_or_default())
        })
        .collect();
    assert_eq!(
        shown,
        [
            "FB0110 workflow 'w' has no parameter 'domian' (given by --var) (did you mean 'domain'?)",
            "FB0112 parameter 'domain' (Primary domain) is required and was not given: a domain such as contoso.com (give it with --var domain=VALUE, as a line domain = VALUE in a --var-file, or under [params] in a layer's overlay.toml)",
            "FB0111 parameter 'count' (given by values.txt): 'many' is not an integer (write an integer)",
            "FB0111 parameter 'hosts' (given by --var): 'b' is not a host name with its domain such as dc01.contoso.com (write a list, each a host name with its domain such as dc01.contoso.com)",
            "FB0111 parameter 'name' (given by --var): 'abcde' has 5 characters; at most 4 are allowed (write a string)",
            "FB0111 parameter 'pass' (given by --var): 'Not A Name' is not the name of a secret (write the name of a secret)",
        ]
    );
    let shown = origins(&workflow, &given);
    assert_eq!(shown[1], ("count".to_owned(), Value::text("many"), "values.txt".to_owned()));
}
