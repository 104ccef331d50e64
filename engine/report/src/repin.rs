//! What going on with another version of its workflow means for a run, step by step.

use model::comparison::{Fate, Standing, StepComparison};
use model::{ChangeKind, Comparison, Ownership, Reversibility, RunId, Stage, StepPath};

use crate::values::{clean, counted};
use crate::{Paint, Style};

pub fn text(run: RunId, comparison: &Comparison, style: Style) -> String {
    let (from, to) = (&comparison.from_version, &comparison.to_version);
    let versions = if from == to { format!("version {from}") } else { format!("version {from} → {to}") };
    let mut text = format!("{} with other code, {}\n\n", style.strong(&run.to_string()), clean(&versions));
    let width = comparison.steps.iter().map(|one| one.step.as_str().len()).max().unwrap_or(0);
    for one in &comparison.steps {
        let name = format!("{:width$}", one.step.as_str());
        let word = style.paint(paint(one.fate), &format!("{:8}", word(one.fate)));
        text.push_str(&format!("  {word} {}  {}\n", style.strong(&name), clean(&meaning(one))));
        for standing in &one.stands {
            text.push_str(&format!("             {}\n", standing_line(standing)));
        }
    }
    for name in &comparison.params_new {
        text.push_str(&format!("  parameter {} is new\n", clean(name)));
    }
    for name in &comparison.params_gone {
        text.push_str(&format!("  parameter {} is gone; its value stays for undo\n", clean(name)));
    }
    let count = |fate: Fate| comparison.steps.iter().filter(|one| one.fate == fate).count();
    let counts: Vec<String> = [Fate::Same, Fate::Moved, Fate::Changed, Fate::New, Fate::Gone]
        .into_iter()
        .filter(|fate| count(*fate) > 0)
        .map(|fate| format!("{} {}", count(fate), word(fate)))
        .collect();
    text.push_str(&format!("\n{}", counts.join(", ")));
    let stranded: usize =
        comparison.steps.iter().filter(|one| one.fate == Fate::Gone).map(|one| one.stands.len()).sum();
    if stranded > 0 {
        let objects = counted(stranded, "change", "changes");
        text.push_str(&format!("; {objects} of steps that are gone would stand with no step to look after"));
    }
    text.push('\n');
    text
}

/// `{"run", "differs", "comparison": Comparison, "plan"}`.
pub fn json(run: RunId, comparison: &Comparison, plan: &model::Plan) -> serde_json::Value {
    serde_json::json!({
        "run": run,
        "differs": !comparison.is_empty(),
        "comparison": comparison,
        "plan": crate::plan::json(plan),
    })
}

fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Same => "same",
        Fate::Moved => "moved",
        Fate::Changed => "changed",
        Fate::New => "new",
        Fate::Gone => "gone",
    }
}

fn paint(fate: Fate) -> Paint {
    match fate {
        Fate::Same => Paint::Quiet,
        Fate::Moved | Fate::Changed => Paint::Update,
        Fate::New => Paint::Create,
        Fate::Gone => Paint::Delete,
    }
}

/// What the fate means for this run.
fn meaning(one: &StepComparison) -> String {
    let mut parts = Vec::new();
    parts.extend(one.was.as_ref().map(|was| format!("was {was}")));
    if !one.differs.is_empty() {
        parts.push(one.differs.join(", "));
    }
    let over = one.is_over();
    let stage = one.stage.map_or("not begun", Stage::name);
    parts.push(match (one.fate, one.stage) {
        (Fate::Same, _) => stage.to_owned(),
        (Fate::Moved | Fate::Changed, Some(Stage::Retired)) => "comes back, and begins anew".to_owned(),
        (Fate::Moved, _) if one.differs.is_empty() => format!("{stage}; its state goes along"),
        (Fate::Moved | Fate::Changed, _) if over => {
            format!("{stage} already; what differs has no effect on it in this run")
        }
        (Fate::Moved | Fate::Changed, Some(Stage::Pending)) => "not begun".to_owned(),
        (Fate::Moved | Fate::Changed, _) if one.stands.is_empty() => format!("{stage}; it begins again"),
        (Fate::Moved | Fate::Changed, _) => {
            format!("{stage}; it begins again, and its undo takes back what was done before:")
        }
        (Fate::New, _) if one.overtaken_by.is_empty() => "will be done".to_owned(),
        (Fate::New, _) => {
            let done: Vec<&str> = one.overtaken_by.iter().map(StepPath::as_str).collect();
            format!("will be done, though {} after it is done already", done.join(", "))
        }
        (Fate::Gone, _) if one.stands.is_empty() => format!("{stage}; it leaves nothing behind"),
        (Fate::Gone, _) => format!("{stage}; what it did stays, and undo still takes it back:"),
    });
    parts.join("; ")
}

fn standing_line(standing: &Standing) -> String {
    let did = match standing.kind {
        ChangeKind::Create => "created",
        ChangeKind::Update => "changed",
        ChangeKind::Delete => "deleted",
        ChangeKind::Run => "done",
        ChangeKind::None | ChangeKind::Conflict | ChangeKind::Unknown => "touched",
    };
    let owned = match standing.ownership {
        Ownership::Ours => "ours",
        Ownership::Adopted => "it was there before",
        Ownership::Presumed => "presumed ours: its answer was lost",
    };
    let back = match (standing.kind, standing.reversibility) {
        (ChangeKind::Run, _) | (_, Reversibility::Irreversible) => "cannot be taken back",
        (_, Reversibility::WithLoss) => "can be taken back with loss",
        (_, Reversibility::Reversible) => "can be taken back",
    };
    format!("{did} {} ({owned}, {back})", clean(&standing.target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{change, run, workflow};
    use model::change::Applied;
    use model::value::Map;
    use model::{Digest, Event, Value};

    #[test]
    fn every_fate_is_told_with_what_it_means() {
        let old = workflow(&[("a", &[]), ("b", &["a"]), ("old", &["b"]), ("twin", &[])]);
        let mut old = old;
        for (at, source) in ["one", "two", "three", "four"].iter().enumerate() {
            old.steps[at].script.source = (*source).to_owned();
        }
        let mut new = workflow(&[("a", &[]), ("check", &["a"]), ("b", &["check"]), ("young", &["b"])]);
        for (at, source) in ["one", "five", "two, mended", "three"].iter().enumerate() {
            new.steps[at].script.source = (*source).to_owned();
        }
        "1.1.0".clone_into(&mut new.version);
        let done = |step: &str, key: &str| {
            let thing = change(key, ChangeKind::Create, Value::Null, Value::text("x"));
            let applied = Applied { ownership: Ownership::Ours, outcome: Value::Null, evidence: Map::new() };
            [
                Event::StepReady { step: step.into(), with: Map::new() },
                Event::StepPlanned { step: step.into(), changes: vec![thing], already: Map::new() },
                Event::Outcome { step: step.into(), key: key.into(), applied, undo: false },
                Event::StepDone { step: step.into(), outputs: Map::new(), left: Map::new() },
            ]
        };
        let mut events = vec![Event::Approved { digest: Digest::default(), by: "ann".into(), note: None }];
        for (step, key) in [("a", "k"), ("twin", "t"), ("b", "j")] {
            events.extend(done(step, key));
        }
        let state = run(old, events);
        let comparison = Comparison::new(&state, &new);
        let text = text(state.id, &comparison, Style::Plain);
        let expected = format!(
            "{} with other code, version 1.0.0 → 1.1.0\n\n  same     a      done\n  \
             new      check  will be done, though b after it is done already\n  \
             changed  b      script, needs; done already; what differs has no effect on it in this run\n             \
             created thing:j (ours, can be taken back)\n  \
             moved    young  was old; pending; its state goes along\n  \
             gone     twin   done; what it did stays, and undo still takes it back:\n             \
             created thing:t (ours, can be taken back)\n\n\
             1 same, 1 moved, 1 changed, 1 new, 1 gone; 1 change of steps that are gone would stand with no step to \
             look after\n",
            state.id
        );
        assert_eq!(text, expected);
        // What is done stays as it was done; what is gone and stands is kept.
        let pinned = comparison.pinned(&state, &new);
        let scripts: Vec<(&str, &str, bool)> = pinned
            .steps
            .iter()
            .map(|step| (step.path.as_str(), step.script.source.as_str(), step.retired))
            .collect();
        let expected = [
            ("a", "one", false),
            ("check", "five", false),
            ("b", "two", false),
            ("young", "three", false),
            ("twin", "four", true),
        ];
        assert_eq!(scripts, expected);
        assert_eq!(comparison.changed(), std::collections::BTreeSet::new());
    }
}
