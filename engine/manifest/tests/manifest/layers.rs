//! A customer's folder: what it may overrule, that the origin is kept, and what is refused.

use manifest::Layer;
use model::Value;

use crate::support::{HEAD, findings, layer, shipped};

fn base() -> Layer {
    let body = "[params.domain]\ntype = \"domain\"\n[params.count]\ntype = \"int\"\ndefault = 1\n[steps.account]\ntitle = \"A\"\n";
    let mut base = shipped(&format!("{HEAD}{body}"), &["account"]);
    base.files.insert("lib/names.rhai".into(), "fn name() { 1 }".into());
    base
}

fn contoso(files: &[(&str, &str)]) -> Layer {
    layer("./contoso", "./contoso/", files)
}

#[test]
fn a_stronger_layer_wins_and_says_so() {
    let weak = contoso(&[
        ("overlay.toml", "[params]\ndomain = \"Contoso.com\"\ncount = 2\n"),
        ("steps/account.rhai", "// ours"),
        ("lib/names.rhai", "fn name() { 2 }"),
    ]);
    let strong = layer("./target", "./target/", &[("overlay.toml", "[params]\ncount = 3\n")]);
    let workflow = manifest::resolve(&[base(), weak, strong]).expect("good layers");
    assert_eq!(workflow.layers, ["shipped", "./contoso", "./target"]);
    let script = &workflow.steps[0].script;
    assert_eq!(
        (script.file.as_str(), script.origin.as_str(), script.source.as_str()),
        ("./contoso/steps/account.rhai", "./contoso", "// ours")
    );
    assert_eq!(workflow.lib["names"].source, "fn name() { 2 }");
    let overlaid =
        |name: &str| (workflow.overlay[name].value.clone(), workflow.overlay[name].origin.as_str());
    assert_eq!(overlaid("domain"), (Value::text("contoso.com"), "./contoso"));
    assert_eq!(overlaid("count"), (Value::Int(3), "./target"));
}

#[test]
fn overruling_changes_the_digest() {
    let plain = manifest::resolve(&[base()]).expect("good layers").digest();
    let ours =
        manifest::resolve(&[base(), contoso(&[("steps/account.rhai", "// ours")])]).expect("good layers");
    assert_ne!(plain, ours.digest());
}

#[test]
fn a_stronger_manifest_replaces_the_whole_manifest() {
    let text = format!("{HEAD}[steps.other]\ntitle = \"O\"\n");
    let files = contoso(&[("workflow.toml", &text), ("steps/other.rhai", "// other"), ("lib/new.rhai", "")]);
    let workflow = manifest::resolve(&[base(), files]).expect("good layers");
    assert_eq!(workflow.steps.len(), 1);
    assert_eq!(workflow.steps[0].script.origin, "./contoso");
    assert_eq!(workflow.lib.keys().collect::<Vec<_>>(), ["names", "new"]);
}

#[test]
fn what_a_layer_gets_wrong() {
    for (path, text, expected) in [
        (
            "overlay.toml",
            "[param]\ncount = 1\n",
            "overlay.toml:1:2+5 FB0113 an overlay has no key 'param' (did you mean 'params'?)",
        ),
        (
            "overlay.toml",
            "[params]\ncuont = 1\n",
            "overlay.toml:2:1+5 FB0110 the workflow has no parameter 'cuont' (did you mean 'count'?)",
        ),
        (
            "overlay.toml",
            "[params]\nzzzzzz = 1\n",
            "overlay.toml:2:1+6 FB0110 the workflow has no parameter 'zzzzzz' (its parameters are domain, count)",
        ),
        (
            "overlay.toml",
            "[params]\ncount = \"2\"\n",
            "overlay.toml:2:9+3 FB0111 parameter 'count': '2' is not an integer (write an integer)",
        ),
        (
            "overlay.toml",
            "[params]\ndomain = \"contoso\"\n",
            "overlay.toml:2:10+9 FB0111 parameter 'domain': 'contoso' is not a domain such as contoso.com (write a domain such as contoso.com)",
        ),
        (
            "overlay.toml",
            "params = 1\n",
            "overlay.toml:1:10+1 FB0113 '[params]' is the number 1; a table is expected (write a table)",
        ),
        (
            "steps/acount.rhai",
            "",
            "steps/acount.rhai:0:0+0 FB0106 ./contoso/steps/acount.rhai is not used: there is no step 'acount' (did you mean 'account'?)",
        ),
        (
            "lib/name.rhai",
            "",
            "lib/name.rhai:0:0+0 FB0106 ./contoso/lib/name.rhai is not used: it replaces nothing: there is no lib/name.rhai (did you mean 'names'?)",
        ),
        (
            "step/account.rhai",
            "",
            "step/account.rhai:0:0+0 FB0106 ./contoso/step/account.rhai is not used: it belongs to no step (scripts of steps are steps/NAME.rhai, shared functions lib/NAME.rhai)",
        ),
        (
            "overlays.toml",
            "",
            "overlays.toml:0:0+0 FB0113 nothing reads ./contoso/overlays.toml (did you mean 'overlay.toml'?)",
        ),
    ] {
        let found = findings(&[base(), contoso(&[(path, text)])]);
        assert_eq!(found, [format!("./contoso/{expected}")], "{path}: {text}");
    }
    let found = findings(&[base(), contoso(&[("overlay.toml", "[params\n")])]);
    assert!(
        found[0].starts_with("./contoso/overlay.toml:1:8+") && found[0].contains(" FB0113 not TOML"),
        "{found:?}"
    );
}

#[test]
fn no_manifest_anywhere() {
    assert_eq!(
        findings(&[contoso(&[("steps/account.rhai", "")])]),
        [
            "./contoso/workflow.toml:0:0+0 FB0109 no workflow.toml in ./contoso/ (a workflow is a folder with workflow.toml and steps/*.rhai)"
        ]
    );
    assert_eq!(findings(&[]).len(), 1);
}
