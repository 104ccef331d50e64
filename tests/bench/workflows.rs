//! The workflows that are measured, written as manifests and scripts and resolved as any other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::Workflow;

/// A step as it is measured.
struct Step {
    name: String,
    needs: Vec<String>,
    /// Its one input `n`.
    input: Option<String>,
    script: &'static str,
}

/// Gives on one more than the step before gave: one script call and one expression a step, nothing written.
const COUNTS: &str = "fn outputs(ctx, seen) { #{ n: ctx.inputs.n + 1 } }\n";

/// Nothing but a shared constant: no phase at all, so that a step costs what the executor costs.
const BARE: &str = "const NOTHING = 0;\n";

/// One write, each time anew.
const WRITES: &str = "fn apply(ctx, change) { bench::set(#{ name: ctx.step, value: 1 }) }\n";

/// Two objects, each looked at, planned, looked at again and written: two durable writes a step.
const WRITES_TWICE: &str = r#"
fn name(ctx, part) { `thing:${ctx.params.name}-${ctx.step}-${part}` }

fn probe(ctx) {
    let objects = #{};
    for part in ["a", "b"] {
        let target = name(ctx, part);
        objects[target] = bench::get(#{ name: target });
    }
    #{ objects: objects }
}

fn plan(ctx, seen) {
    let changes = [];
    for part in ["a", "b"] {
        let target = name(ctx, part);
        let before = seen.objects[target];
        if before == () {
            changes.push(#{ key: part, target: target, kind: "create", before: before, after: 1 });
        }
    }
    changes
}

fn apply(ctx, change) { bench::set(#{ name: change.target, value: change.after }) }
"#;

/// Steps one behind the other, with nothing to do.
pub(crate) fn bare_chain(length: usize) -> Workflow {
    resolved("bare-chain", chain(length, |_| None, BARE))
}

/// Steps one behind the other, each of which uses what the one before gave.
pub(crate) fn counting_chain(length: usize) -> Workflow {
    let input = |at: usize| {
        Some(at.checked_sub(1).map_or("0".to_owned(), |before| format!("steps.{}.n", name(before))))
    };
    resolved("counting-chain", chain(length, input, COUNTS))
}

/// Steps one behind the other, with one write each.
pub(crate) fn writing_chain(length: usize) -> Workflow {
    resolved("writing-chain", chain(length, |_| None, WRITES))
}

/// Six steps one behind the other, with two writes each.
pub(crate) fn six_steps() -> Workflow {
    resolved("six-steps", chain(6, |_| None, WRITES_TWICE))
}

/// One step that all others need.
pub(crate) fn fan_out(width: usize) -> Workflow {
    let step = |at: usize| Step {
        name: name(at),
        needs: if at == 0 { Vec::new() } else { vec![name(0)] },
        input: None,
        script: BARE,
    };
    resolved("fan-out", (0..=width).map(step))
}

fn chain(
    length: usize,
    input: impl Fn(usize) -> Option<String>,
    script: &'static str,
) -> impl Iterator<Item = Step> {
    (0..length).map(move |at| Step {
        name: name(at),
        needs: at.checked_sub(1).map(name).into_iter().collect(),
        input: input(at),
        script,
    })
}

fn name(at: usize) -> String {
    format!("step_{at}")
}

fn resolved(id: &str, steps: impl IntoIterator<Item = Step>) -> Workflow {
    let mut manifest = format!(
        "[workflow]\nid = \"{id}\"\nversion = \"1.0.0\"\ntitle = \"Measured\"\n\n\
         [params.name]\ntype = \"string\"\ndefault = \"run\"\nhelp = \"Tells the objects of one run from those of another\"\n"
    );
    let mut files = BTreeMap::new();
    for step in steps {
        let Step { name, needs, input, script } = step;
        write!(manifest, "\n[steps.{name}]\ntitle = \"Measured\"\nneeds = {needs:?}\n").expect("texts grow");
        if let Some(input) = input {
            writeln!(manifest, "with = {{ n = \"{input}\" }}").expect("texts grow");
        }
        files.insert(format!("steps/{name}.rhai"), script.to_owned());
    }
    files.insert("workflow.toml".to_owned(), manifest);
    let layer = manifest::Layer { name: "shipped".into(), files, prefix: format!("workflows/{id}/") };
    manifest::resolve(&[layer]).unwrap_or_else(|findings| panic!("{id}: {:?}", findings.first()))
}
