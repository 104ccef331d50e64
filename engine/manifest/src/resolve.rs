//! Layers of files to one whole workflow, or everything that is wrong with them.

use std::collections::BTreeMap;

use model::{Code, Failure, StepPath, Workflow};
use toml::de::DeTable;

use crate::dag::Dag;
use crate::document::Document;
use crate::manifest::{Manifest, read_manifest};
use crate::nearest::suggestion;
use crate::overlay::lay_over;
use crate::own::read_functions;
use crate::reads::{SUGGESTIONS_MAX, check_reads};
use crate::scripts::settle_scripts;
use crate::{Finding, Layer};

const MANIFEST: &str = "workflow.toml";
const OVERLAY: &str = "overlay.toml";
const FUNCTIONS: &str = "functions.toml";

/// Resolves layers, weakest first, to the workflow that a run is pinned to. Its steps stand in topological order.
///
/// The manifest is that of the strongest layer that has one; scripts and shared functions are those of the strongest
/// layer that has them, and so are host modules of the customer's own; parameter values of `overlay.toml` files are laid
/// over each other.
/// Errors are all mistakes at once, in the order of the files, except that files that are not TOML hide what is in them.
pub fn resolve(layers: &[Layer]) -> Result<Workflow, Vec<Finding>> {
    let Some(home) = layers.iter().rposition(|layer| layer.files.contains_key(MANIFEST)) else {
        return Err(vec![no_manifest(layers)]);
    };
    let document = Document::new(layers[home].shown(MANIFEST), &layers[home].files[MANIFEST]);
    let mut findings = Vec::new();
    let table = parse(&document, Code::ManifestSyntax, &mut findings);
    let overlays: Vec<(&Layer, Document<'_>)> = layers
        .iter()
        .filter_map(|layer| Some((layer, Document::new(layer.shown(OVERLAY), layer.files.get(OVERLAY)?))))
        .collect();
    let overlay_tables: Vec<Option<DeTable<'_>>> =
        overlays.iter().map(|(_, document)| parse(document, Code::Layer, &mut findings)).collect();
    let Some(table) = table else { return Err(sorted(findings)) };

    let (mut manifest, manifest_findings) = read_manifest(&document, &table, &layers[home].name);
    findings.extend(manifest_findings);
    let order = settle_order(&document, &mut manifest, &mut findings);
    let (lib, script_findings) = settle_scripts(layers, home, &document, &mut manifest);
    findings.extend(script_findings);
    let mut overlay = BTreeMap::new();
    let mut undo = manifest.undo.take();
    for ((layer, document), table) in overlays.iter().zip(&overlay_tables) {
        if let Some(table) = table {
            findings.extend(lay_over(
                document,
                table,
                &layer.name,
                &manifest.params,
                &mut overlay,
                &mut undo,
            ));
        }
    }
    let mut own = BTreeMap::new();
    for layer in layers {
        let Some(text) = layer.files.get(FUNCTIONS) else { continue };
        let document = Document::new(layer.shown(FUNCTIONS), text);
        let Some(table) = parse(&document, Code::Functions, &mut findings) else { continue };
        findings.extend(read_functions(&document, &table, layer, &lib, &mut own));
    }
    if !findings.is_empty() {
        return Err(sorted(findings));
    }
    let mut drafts: Vec<_> = manifest.steps.into_iter().map(Some).collect();
    let steps =
        order.into_iter().filter_map(|number| drafts[number].take()).map(|draft| draft.step).collect();
    let mut names: Vec<String> = layers.iter().map(|layer| layer.name.clone()).collect();
    names.dedup();
    Ok(Workflow {
        id: manifest.id,
        version: manifest.version,
        title: manifest.title,
        source: manifest.source,
        params: manifest.params,
        steps,
        lib,
        overlay,
        undo,
        own,
        layers: names,
    })
}

/// Looks up all needs and reads, and orders the steps; the order is empty where there is none.
fn settle_order(document: &Document<'_>, manifest: &mut Manifest, findings: &mut Vec<Finding>) -> Vec<usize> {
    let numbers: BTreeMap<String, usize> =
        manifest.steps.iter().enumerate().map(|(number, draft)| (draft.name().to_owned(), number)).collect();
    let edges = settle_needs(document, manifest, &numbers, findings);
    let dag = Dag::new(manifest.steps.len(), edges);
    let (order, ancestry) = match dag.order() {
        Ok(order) => {
            let ancestry = dag.ancestry(&order);
            (order, Some(ancestry))
        }
        Err(circles) => {
            findings.extend(circles.iter().map(|circle| circle_finding(document, manifest, circle)));
            (Vec::new(), None)
        }
    };
    findings.extend(check_reads(document, manifest, &numbers, ancestry.as_ref()));
    order
}

/// The edges of the graph as (step, needed); a need that no step answers is a finding.
fn settle_needs(
    document: &Document<'_>,
    manifest: &mut Manifest,
    numbers: &BTreeMap<String, usize>,
    findings: &mut Vec<Finding>,
) -> Vec<(usize, usize)> {
    let mut edges = Vec::new();
    let mut unknown = 0;
    for (number, draft) in manifest.steps.iter_mut().enumerate() {
        for need in &draft.needs {
            if let Some(&needed) = numbers.get(&need.text) {
                edges.push((number, needed));
                draft.step.needs.push(StepPath::new(need.text.as_str()));
                continue;
            }
            unknown += 1;
            let otherwise = || "declare it under [steps], or leave it out".to_owned();
            let hint = if unknown > SUGGESTIONS_MAX {
                otherwise()
            } else {
                suggestion(&need.text, numbers.keys().map(String::as_str), otherwise)
            };
            let message = format!("step '{}' needs '{}', which does not exist", draft.step.path, need.text);
            let failure = Failure::invalid(Code::ManifestNeeds, message).hint(hint);
            findings.push(document.finding(failure, &need.span));
        }
    }
    edges
}

/// Points at the need that a person meets first on the circle.
fn circle_finding(document: &Document<'_>, manifest: &Manifest, circle: &[usize]) -> Finding {
    let name = |number: &usize| manifest.steps[*number].name();
    let names: Vec<&str> = circle.iter().map(name).collect();
    let first = &manifest.steps[circle[0]];
    let span = first
        .needs
        .iter()
        .find(|need| Some(&need.text.as_str()) == names.get(1))
        .map_or_else(|| first.at.clone(), |need| need.span.clone());
    let message = format!("steps need each other in a circle: {}", circle_shown(&names));
    let failure = Failure::invalid(Code::ManifestCycle, message)
        .hint("each step stands before the arrow and needs the one after it; take one of these needs away");
    document.finding(failure, &span)
}

/// The way round; of a very long one its start and its end.
fn circle_shown(names: &[&str]) -> String {
    const SHOWN: usize = 20;
    if names.len() <= SHOWN {
        return names.join(" → ");
    }
    let (start, end) = (&names[..SHOWN - 2], &names[names.len() - 2..]);
    format!("{} → … ({} more) → {}", start.join(" → "), names.len() - SHOWN, end.join(" → "))
}

fn parse<'t>(document: &Document<'t>, code: Code, findings: &mut Vec<Finding>) -> Option<DeTable<'t>> {
    document.parse(code).map_err(|errors| findings.extend(errors)).ok()
}

fn no_manifest(layers: &[Layer]) -> Finding {
    let folders: Vec<String> = layers.iter().map(|layer| layer.shown("")).collect();
    let message = format!("no {MANIFEST} in {}", folders.join(" or "));
    let failure = Failure::invalid(Code::WorkflowUnknown, message)
        .hint("a workflow is a folder with workflow.toml and steps/*.rhai");
    Finding::of_file(
        failure,
        layers.first().map_or_else(|| MANIFEST.to_owned(), |layer| layer.shown(MANIFEST)),
    )
}

fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    Finding::sort(&mut findings);
    findings
}
