//! The steps of a workflow drawn as a tree, as DOT and as Mermaid.

use std::collections::BTreeMap;

use model::{Step, StepPath, Workflow};
use serde_json::json;

use crate::Style;
use crate::values::clean;

/// Each step under the last of the steps it needs; the others it needs are named beside it.
pub fn tree(workflow: &Workflow, style: Style) -> String {
    let order: BTreeMap<&StepPath, usize> =
        workflow.steps.iter().enumerate().map(|(at, step)| (&step.path, at)).collect();
    let mut below: BTreeMap<Option<&StepPath>, Vec<&Step>> = BTreeMap::new();
    for step in &workflow.steps {
        let parent = step.needs.iter().max_by_key(|need| order.get(need).copied());
        below.entry(parent).or_default().push(step);
    }
    let mut text =
        format!("{} {}  {}\n", style.strong(&workflow.id), workflow.version, clean(&workflow.title));
    // Children wait on a stack, last first, each with the lines that lead to it: deep chains need no call stack.
    let mut waiting: Vec<(&Step, String, bool)> = Vec::new();
    push_children(&below, None, "", &mut waiting);
    while let Some((step, lead, last)) = waiting.pop() {
        let (joint, onward) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let parent = step.needs.iter().max_by_key(|need| order.get(need).copied());
        let others: Vec<&str> =
            step.needs.iter().filter(|need| Some(*need) != parent).map(StepPath::as_str).collect();
        let also =
            if others.is_empty() { String::new() } else { format!("  (also needs {})", others.join(", ")) };
        let title = style.quiet(&format!("  {}{also}", clean(&step.title)));
        text.push_str(&format!("{lead}{joint}{}{title}\n", step.path));
        push_children(&below, Some(&step.path), &format!("{lead}{onward}"), &mut waiting);
    }
    text
}

fn push_children<'a>(
    below: &BTreeMap<Option<&StepPath>, Vec<&'a Step>>,
    parent: Option<&StepPath>,
    lead: &str,
    waiting: &mut Vec<(&'a Step, String, bool)>,
) {
    let children = below.get(&parent).map(Vec::as_slice).unwrap_or_default();
    for (at, step) in children.iter().enumerate().rev() {
        waiting.push((step, lead.to_owned(), at + 1 == children.len()));
    }
}

/// For Graphviz.
pub fn dot(workflow: &Workflow) -> String {
    let mut text = format!("digraph {} {{\n  rankdir=LR;\n  node [shape=box];\n", quoted(&workflow.id));
    for step in &workflow.steps {
        let label = format!("{}\\n{}", escaped(step.path.as_str()), escaped(&step.title));
        text.push_str(&format!("  {} [label=\"{label}\"];\n", quoted(step.path.as_str())));
    }
    for step in &workflow.steps {
        for need in &step.needs {
            text.push_str(&format!("  {} -> {};\n", quoted(need.as_str()), quoted(step.path.as_str())));
        }
    }
    text.push_str("}\n");
    text
}

/// For Markdown pages that draw Mermaid.
pub fn mermaid(workflow: &Workflow) -> String {
    let mut text = "graph LR\n".to_owned();
    for step in &workflow.steps {
        let title = clean(&step.title).replace('"', "#quot;");
        text.push_str(&format!("  {}[\"{}<br/>{title}\"]\n", mermaid_id(&step.path), step.path));
    }
    for step in &workflow.steps {
        for need in &step.needs {
            text.push_str(&format!("  {} --> {}\n", mermaid_id(need), mermaid_id(&step.path)));
        }
    }
    text
}

/// `{"workflow","steps":[{"id","title","needs","script","origin"}]}`.
pub fn json(workflow: &Workflow) -> serde_json::Value {
    let steps: Vec<serde_json::Value> = workflow
        .steps
        .iter()
        .map(|step| {
            json!({
                "id": step.path, "title": step.title, "needs": step.needs,
                "script": step.script.file, "origin": step.script.origin,
            })
        })
        .collect();
    json!({ "workflow": workflow.id, "version": workflow.version, "title": workflow.title, "steps": steps })
}

/// `end` is a word of Mermaid's own, so every id is prefixed.
fn mermaid_id(path: &StepPath) -> String {
    let safe: String =
        path.as_str().chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' }).collect();
    format!("s_{safe}")
}

fn escaped(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('"', "\\\"")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::workflow;

    #[test]
    fn a_diamond_is_drawn_three_ways() {
        let diamond = workflow(&[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])]);
        let expected = "w 1.0.0  A workflow\n└─ a  Step a\n   ├─ b  Step b\n   └─ c  Step c\n      └─ d  Step d  (also needs b)\n";
        assert_eq!(tree(&diamond, Style::Plain), expected);
        let dot = dot(&diamond);
        assert!(dot.contains("\"a\" -> \"b\";") && dot.contains("\"c\" -> \"d\";"));
        let mermaid = mermaid(&diamond);
        assert!(mermaid.contains("s_b --> s_d") && mermaid.contains("s_a[\"a<br/>Step a\"]"));
    }

    #[test]
    fn a_deep_chain_does_not_overflow() {
        let names: Vec<String> = (0..3000).map(|at| format!("s{at}")).collect();
        let mut deep = workflow(&[("s0", &[])]);
        let first = deep.steps[0].clone();
        for pair in names.windows(2) {
            let mut step = first.clone();
            step.path = StepPath::new(pair[1].as_str());
            step.needs = vec![StepPath::new(pair[0].as_str())];
            deep.steps.push(step);
        }
        assert_eq!(tree(&deep, Style::Plain).lines().count(), 3001);
    }
}
