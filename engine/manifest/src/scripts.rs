//! Which script each step gets: the one of the strongest layer that has it; and the scripts that belong to nothing.

use std::collections::{BTreeMap, BTreeSet};

use model::workflow::Script;
use model::{Code, Failure};

use crate::document::Document;
use crate::manifest::Manifest;
use crate::nearest::{nearest, suggestion};
use crate::reads::SUGGESTIONS_MAX;
use crate::{Finding, Layer};

/// Gives every step its script and collects the shared functions. `home` is the layer whose manifest is used:
/// layers below it may hold more than it uses, itself and the layers above may not.
pub(crate) fn settle_scripts(
    layers: &[Layer],
    home: usize,
    document: &Document<'_>,
    manifest: &mut Manifest,
) -> (BTreeMap<String, Script>, Vec<Finding>) {
    let names: BTreeSet<String> = manifest.steps.iter().map(|draft| draft.name().to_owned()).collect();
    let mut steps = BTreeMap::new();
    let mut lib = BTreeMap::new();
    let mut findings = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        for (path, source) in &layer.files {
            let script =
                || Script { file: layer.shown(path), origin: layer.name.clone(), source: source.clone() };
            match place_of(path) {
                PlaceOf::Step(name) if names.contains(name) => {
                    steps.insert(name, script());
                }
                PlaceOf::Step(name) if index >= home => {
                    let known = names.iter().map(String::as_str);
                    let hint = hint_unless_many(
                        &findings,
                        name,
                        known,
                        "declare it in workflow.toml, or remove the file",
                    );
                    findings.push(stray(layer, path, &format!("there is no step '{name}'"), hint));
                }
                PlaceOf::Lib(name) if index <= home || lib.contains_key(name) => {
                    lib.insert(name, script());
                }
                PlaceOf::Lib(name) => {
                    let hint = hint_unless_many(
                        &findings,
                        name,
                        lib.keys().copied(),
                        "a layer may only replace shared functions that the workflow has; put new ones into the step's own script",
                    );
                    findings.push(stray(
                        layer,
                        path,
                        &format!("it replaces nothing: there is no lib/{name}.rhai"),
                        hint,
                    ));
                }
                PlaceOf::Astray if index >= home => {
                    let hint = "scripts of steps are steps/NAME.rhai, shared functions lib/NAME.rhai";
                    findings.push(stray(layer, path, "it belongs to no step", hint.to_owned()));
                }
                PlaceOf::NearOverlay if index >= home => {
                    let message = format!("nothing reads {}", layer.shown(path));
                    let failure = Failure::invalid(Code::Layer, message).hint("did you mean 'overlay.toml'?");
                    findings.push(Finding::of_file(failure, layer.shown(path)));
                }
                PlaceOf::Step(_) | PlaceOf::Astray | PlaceOf::NearOverlay | PlaceOf::Elsewhere => {}
            }
        }
    }
    for draft in &mut manifest.steps {
        if let Some(script) = steps.get(draft.name()) {
            draft.step.script = script.clone();
            continue;
        }
        let name = draft.name();
        let hint = format!("write {}", layers[home].shown(&format!("steps/{name}.rhai")));
        let failure = Failure::invalid(Code::ManifestStep, format!("step '{name}' has no script")).hint(hint);
        findings.push(document.finding(failure, &draft.at));
    }
    let lib = lib.into_iter().map(|(name, script)| (name.to_owned(), script)).collect();
    (lib, findings)
}

enum PlaceOf<'p> {
    Step(&'p str),
    Lib(&'p str),
    /// A script where no script is looked for.
    Astray,
    /// Surely meant to be `overlay.toml`.
    NearOverlay,
    /// Something that is no business of ours: a README, cases, profiles.
    Elsewhere,
}

fn place_of(path: &str) -> PlaceOf<'_> {
    if let Some(stem) = path.strip_suffix(".rhai") {
        return match stem.split_once('/') {
            Some(("steps", name)) if !name.contains('/') => PlaceOf::Step(name),
            Some(("lib", name)) if !name.contains('/') => PlaceOf::Lib(name),
            _ => PlaceOf::Astray,
        };
    }
    let is_misspelt = !matches!(path, "overlay.toml" | "workflow.toml")
        && !path.contains('/')
        && nearest(path, ["overlay.toml"]).is_some();
    if is_misspelt { PlaceOf::NearOverlay } else { PlaceOf::Elsewhere }
}

fn stray(layer: &Layer, path: &str, why: &str, hint: String) -> Finding {
    let file = layer.shown(path);
    Finding::of_file(
        Failure::invalid(Code::ManifestStep, format!("{file} is not used: {why}")).hint(hint),
        file,
    )
}

fn hint_unless_many<'n>(
    findings: &[Finding],
    written: &str,
    known: impl Iterator<Item = &'n str>,
    otherwise: &str,
) -> String {
    if findings.len() > SUGGESTIONS_MAX {
        return otherwise.to_owned();
    }
    suggestion(written, known, || otherwise.to_owned())
}
