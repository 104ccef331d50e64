//! A plan as a difference people read, and as JSON.

use model::value::Map;
use model::{Change, ChangeKind, Plan, PlannedStep, Reversibility, StepOutlook};
use serde_json::json;

use crate::values::{clean, counted, difference};
use crate::{Paint, Style};

/// Step by step what would change, the counts, and the digest that an approval binds to.
pub fn text(plan: &Plan, style: Style) -> String {
    let mut text = format!(
        "{} {} on {}\n",
        style.strong(&plan.workflow),
        plan.version,
        style.strong(&clean(&plan.target))
    );
    // Whoever approves should see which organisation and tenant a name stands for.
    if let Some(identity) = &plan.bound_to {
        text.push_str(&format!("{}: {}\n", clean(&plan.target), style.quiet(&clean(identity))));
    }
    for step in &plan.steps {
        text.push('\n');
        text.push_str(&step_text(step, style));
    }
    text.push_str(&format!("\n{}\n{}", counts(plan), lasting(plan, style)));
    for (step, why) in plan.obstacles() {
        text.push_str(&format!("{} {step}: {}\n", style.paint(Paint::Conflict, "!"), clean(&why)));
    }
    let digest = plan.digest.to_string();
    text.push_str(&format!("digest {} ({})\n", style.strong(&plan.digest.short()), style.quiet(&digest)));
    text
}

/// `{"digest","workflow","version","target","inputs","has_changes","changes":[…],"steps":[…]}`. `changes` has one
/// entry per object, those already so included (kind `none`).
pub fn json(plan: &Plan) -> serde_json::Value {
    let changes: Vec<serde_json::Value> = plan.steps.iter().flat_map(changes_json).collect();
    let steps: Vec<serde_json::Value> = plan
        .steps
        .iter()
        .map(|step| {
            let mut entry = json!(step.outlook);
            entry["id"] = json!(step.step);
            entry["title"] = json!(step.title);
            entry["script"] = json!(step.script);
            entry["origin"] = json!(step.origin);
            entry
        })
        .collect();
    let mut document = json!({
        "digest": plan.digest,
        "workflow": plan.workflow,
        "version": plan.version,
        "workflow_digest": plan.workflow_digest,
        "target": plan.target,
        "inputs": plan.inputs,
        "has_changes": plan.has_changes(),
        "changes": changes,
        "steps": steps,
    });
    if let Some(identity) = &plan.bound_to {
        document["target_is"] = json!(identity);
    }
    document
}

fn changes_json(step: &PlannedStep) -> Vec<serde_json::Value> {
    let mut rows: Vec<serde_json::Value> = step
        .changes
        .iter()
        .map(|change| {
            json!({
                "step": step.step, "key": change.key, "target": change.target, "kind": change.kind,
                "before": change.before, "after": change.after,
                "summary": change.summary, "reversibility": change.reversibility, "loss": change.loss,
            })
        })
        .collect();
    for (target, state) in untouched(step) {
        rows.push(json!({
            "step": step.step, "key": target, "target": target, "kind": ChangeKind::None,
            "before": state, "after": state, "summary": null, "reversibility": Reversibility::Reversible,
        }));
    }
    if let StepOutlook::KnownAfter { origin } = &step.outlook {
        rows.push(json!({
            "step": step.step, "key": "", "target": "", "kind": ChangeKind::Unknown,
            "before": {"unknown": origin}, "after": {"unknown": origin},
            "summary": format!("known after {origin}"), "reversibility": Reversibility::Reversible,
        }));
    }
    rows
}

/// Objects already so that no change of the same step names.
fn untouched(step: &PlannedStep) -> Map {
    let mut map = step.already.clone();
    map.retain(|target, _| !step.changes.iter().any(|change| &change.target == target));
    map
}

fn step_text(step: &PlannedStep, style: Style) -> String {
    let mut text = format!("{}  {}\n", style.strong(step.step.as_str()), clean(&step.title));
    let origin = format!("  {} ({})", clean(&step.script), clean(&step.origin));
    text.push_str(&format!("{}\n", style.quiet(&origin)));
    text.push_str(&changes_text(&step.changes, style));
    for target in untouched(step).keys() {
        text.push_str(&format!("  {} {} is already so\n", sign(ChangeKind::None, style), clean(target)));
    }
    let unknown = sign(ChangeKind::Unknown, style);
    match &step.outlook {
        StepOutlook::AlreadySo if step.changes.is_empty() && step.already.is_empty() => {
            text.push_str(&format!("  {} nothing to write\n", sign(ChangeKind::None, style)));
        }
        StepOutlook::Changes | StepOutlook::AlreadySo | StepOutlook::Conflict => {}
        StepOutlook::Done => {
            text.push_str(&format!("  {}\n", style.quiet("done before this plan was made")));
        }
        StepOutlook::Skipped => {
            text.push_str(&format!("  {}\n", style.quiet("skipped: its `when` is false")));
        }
        StepOutlook::KnownAfter { origin } => {
            text.push_str(&format!(
                "  {unknown} known after {origin}; it gets an approval of its own then\n"
            ));
        }
        StepOutlook::CannotTell { why } => {
            text.push_str(&format!("  {unknown} cannot tell: {}\n", clean(why)));
        }
        StepOutlook::Failed { failure } => {
            let bang = sign(ChangeKind::Conflict, style);
            text.push_str(&format!("  {bang} {} {}\n", failure.code, clean(&failure.message)));
            if let Some(hint) = &failure.hint {
                text.push_str(&format!("    {}\n", clean(hint)));
            }
        }
    }
    text
}

/// The changes alone, as in a plan; for steps that wait for an approval of their own.
pub fn changes_text(changes: &[Change], style: Style) -> String {
    let mut text = String::new();
    // Many small changes of one object in a row read as one.
    for group in changes.chunk_by(|one, other| {
        one.kind == other.kind
            && one.target == other.target
            && (one.reversibility, &one.loss) == (other.reversibility, &other.loss)
    }) {
        let first = &group[0];
        text.push_str(&format!(
            "  {} {} {}",
            sign(first.kind, style),
            word(first.kind),
            clean(&first.target)
        ));
        if group.len() > 1 {
            text.push_str(&style.quiet(&format!("  ({} changes)", group.len())));
        }
        match first.reversibility {
            Reversibility::Reversible => {}
            Reversibility::WithLoss => {
                let what = first.loss.as_deref().unwrap_or("something");
                text.push_str(&style.paint(Paint::Update, &format!("  (undo loses {})", clean(what))));
            }
            Reversibility::Irreversible => {
                text.push_str(&style.paint(Paint::Delete, "  (cannot be undone)"));
            }
        }
        text.push('\n');
        if let (Some(summary), 1) = (&first.summary, group.len()) {
            text.push_str(&format!("      {}\n", style.quiet(&clean(summary))));
        }
        for change in group {
            text.push_str(&difference(&change.before, &change.after, 6, style));
        }
    }
    text
}

fn sign(kind: ChangeKind, style: Style) -> String {
    match kind {
        ChangeKind::Create => style.paint(Paint::Create, "+"),
        ChangeKind::Update => style.paint(Paint::Update, "~"),
        ChangeKind::Delete => style.paint(Paint::Delete, "-"),
        ChangeKind::Run => style.paint(Paint::Create, ">"),
        ChangeKind::None => style.paint(Paint::Good, "="),
        ChangeKind::Conflict => style.paint(Paint::Conflict, "!"),
        ChangeKind::Unknown => style.paint(Paint::Unknown, "?"),
    }
}

pub(crate) fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Create => "create",
        ChangeKind::Update => "update",
        ChangeKind::Delete => "delete",
        ChangeKind::Run => "run",
        ChangeKind::None => "already so:",
        ChangeKind::Conflict => "conflict:",
        ChangeKind::Unknown => "not known:",
    }
}

/// The changes that undo will not bring back, or not whole, by name: whoever approves must not have to look for them.
fn lasting(plan: &Plan, style: Style) -> String {
    let changes = || plan.steps.iter().flat_map(|step| step.changes.iter().map(move |change| (step, change)));
    let all = counted(changes().filter(|(_, change)| change.writes()).count(), "change", "changes");
    let mut text = String::new();
    for (class, paint, note) in [
        (Reversibility::Irreversible, Paint::Delete, "cannot be taken back"),
        (Reversibility::WithLoss, Paint::Update, "with loss only"),
    ] {
        let names: Vec<String> = changes()
            .filter(|(_, change)| change.writes() && change.reversibility == class)
            .map(|(step, change)| format!("{}/{}", step.step, clean(&change.key)))
            .collect();
        if !names.is_empty() {
            let line = format!("{all}; {} {note}: {}", names.len(), names.join(", "));
            text.push_str(&format!("{}\n", style.paint(paint, &line)));
        }
    }
    text
}

fn counts(plan: &Plan) -> String {
    let of = |kind: ChangeKind| {
        plan.steps.iter().flat_map(|step| &step.changes).filter(|change| change.kind == kind).count()
    };
    let already: usize =
        of(ChangeKind::None) + plan.steps.iter().map(|step| untouched(step).len()).sum::<usize>();
    let later =
        plan.steps.iter().filter(|step| matches!(step.outlook, StepOutlook::KnownAfter { .. })).count();
    let mut parts = vec![
        format!("{} to create", of(ChangeKind::Create)),
        format!("{} to update", of(ChangeKind::Update)),
        format!("{} to delete", of(ChangeKind::Delete)),
        format!("{already} already so"),
    ];
    for (count, one, many) in [
        (of(ChangeKind::Run), "action to run", "actions to run"),
        (of(ChangeKind::Conflict), "conflict", "conflicts"),
        (later, "step known later", "steps known later"),
    ] {
        if count > 0 {
            parts.push(counted(count, one, many));
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{change, workflow};
    use model::Value;

    fn plan() -> Plan {
        let mut loss = change(
            "k2",
            ChangeKind::Update,
            Value::from([("a", Value::Int(1))]),
            Value::from([("a", Value::Int(2))]),
        );
        loss.reversibility = Reversibility::Irreversible;
        loss.summary = Some("drops the expired key".into());
        let made = change(
            "k1",
            ChangeKind::Create,
            Value::Null,
            Value::from([("guid", Value::Unknown("one.guid".into()))]),
        );
        let step = |id: &str, outlook, changes, already: Map| PlannedStep {
            step: id.into(),
            title: format!("Step {id}"),
            outlook,
            changes,
            already,
            script: format!("steps/{id}.rhai"),
            origin: "shipped".into(),
        };
        let already: Map = [("thing:old".to_owned(), Value::Bool(true))].into();
        let steps = vec![
            step("one", StepOutlook::Changes, vec![made, loss], already),
            step("two", StepOutlook::KnownAfter { origin: "one.guid".into() }, vec![], Map::new()),
            step("three", StepOutlook::CannotTell { why: "no answer".into() }, vec![], Map::new()),
        ];
        Plan::new(&workflow(&[]), "sim", Map::new(), steps)
    }

    #[test]
    fn a_plan_reads_as_a_difference() {
        let plan = plan();
        let expected = format!(
            "w 1.0.0 on sim\n\n\
             one  Step one\n  steps/one.rhai (shipped)\n  + create thing:k1\n      + guid = (known after one.guid)\n  \
             ~ update thing:k2  (cannot be undone)\n      drops the expired key\n      ~ a : 1 → 2\n  = thing:old is already so\n\n\
             two  Step two\n  steps/two.rhai (shipped)\n  ? known after one.guid; it gets an approval of its own then\n\n\
             three  Step three\n  steps/three.rhai (shipped)\n  ? cannot tell: no answer\n\n\
             1 to create, 1 to update, 0 to delete, 1 already so, 1 step known later\n\
             2 changes; 1 cannot be taken back: one/k2\n! three: cannot tell: no answer\n\
             digest {} ({})\n",
            plan.digest.short(),
            plan.digest
        );
        assert_eq!(text(&plan, Style::Plain), expected);
    }

    #[test]
    fn many_changes_of_one_object_read_as_one() {
        let entries = |names: &[&str]| {
            Value::from([("entries", Value::List(names.iter().map(|name| Value::text(*name)).collect()))])
        };
        let mut one = change("k", ChangeKind::Update, entries(&["A", "B", "C"]), entries(&["B", "C"]));
        one.summary = Some("remove A".into());
        let other = change("k", ChangeKind::Update, entries(&["B", "C"]), entries(&["C"]));
        let expected =
            "  ~ update thing:k  (2 changes)\n      - entries[] = \"A\"\n      - entries[] = \"B\"\n";
        assert_eq!(changes_text(&[one, other], Style::Plain), expected);
    }

    #[test]
    fn the_json_has_one_row_per_object() {
        let document = json(&plan());
        let kinds: Vec<&str> = document["changes"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|row| row["kind"].as_str())
            .collect();
        assert_eq!(kinds, ["create", "update", "none", "unknown"]);
        assert_eq!(document["target"], "sim");
        assert_eq!(document["changes"][0]["after"]["guid"]["unknown"], "one.guid");
    }
}
