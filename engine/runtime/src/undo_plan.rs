//! What undo would do: planned from recorded outcomes and a fresh look, newest change first.

use std::collections::BTreeMap;

use contracts::{UndoItem, UndoPlan, UndoVerdict};
use model::change::Ownership;
use model::event::UndoEntry;
use model::refine::{compare, matches};
use model::step_state::ChangeState;
use model::{ChangeKind, Digest, Reversibility, RunState, Seen, StepPath, StepState, Value};

use crate::bench::Bench;
use crate::phase::{Pause, Work, filled};

pub(crate) async fn undo_plan(bench: &Bench, state: &RunState) -> UndoPlan {
    let mut looks: BTreeMap<StepPath, Result<Seen, String>> = BTreeMap::new();
    let mut items: Vec<UndoItem> = Vec::new();
    for (step, change) in flow::newest_first(state) {
        let Some((_, one)) = state.step(&step) else { continue };
        if !looks.contains_key(&step) {
            let position = state.position(&step).unwrap_or_default();
            let looked = bench.probe(&Work::of(position, one)).await.map_err(Pause::why);
            looks.insert(step.clone(), looked);
        }
        let whole = filled(&change.change, &|origin| state.known(origin));
        // Several changes of one object are taken back one after the other: each finds what the newer one brought back.
        let newer = items.iter().rev().find(|item| {
            item.step == step
                && item.target == whole.target
                && matches!(item.verdict, UndoVerdict::Undo | UndoVerdict::Presumed | UndoVerdict::AlreadySo)
        });
        let left = match newer {
            Some(newer) => newer.before.clone(),
            None => flow::left_as(state, one, &whole.target),
        };
        let brought_back = newer.is_some_and(|newer| !matches!(newer.verdict, UndoVerdict::AlreadySo));
        let verdict = if brought_back {
            verdict(one, change, &whole.before, &left, Ok(&left))
        } else {
            let now = match &looks[&step] {
                Err(why) => Err(why.clone()),
                Ok(seen) => match seen.object(&whole.target) {
                    None => Err("probe no longer looks at it".to_owned()),
                    Some(Value::CannotTell(why)) => Err(why.clone()),
                    Some(now) => Ok(now),
                },
            };
            verdict(one, change, &whole.before, &left, now)
        };
        items.push(UndoItem {
            step,
            key: whole.key,
            target: whole.target,
            left,
            before: whole.before,
            verdict,
        });
    }
    let digest = Digest::of(&(state.id, &items));
    UndoPlan { run: state.id, items, digest }
}

fn verdict(
    one: &StepState,
    change: &ChangeState,
    before: &Value,
    left: &Value,
    now: Result<&Value, String>,
) -> UndoVerdict {
    let target = &change.change.target;
    let maker = one.changes.iter().find(|other| {
        other.change.target == *target && other.change.kind == ChangeKind::Create && other.stands()
    });
    if let Some(maker) = maker
        && maker.change.key != change.change.key
    {
        return UndoVerdict::Covered { by: maker.change.key.clone() };
    }
    if change.change.kind == ChangeKind::Run {
        return UndoVerdict::Irreversible { why: "an action cannot be taken back".into() };
    }
    if change.change.reversibility == Reversibility::Irreversible {
        return UndoVerdict::Irreversible { why: "the plan said that this cannot be taken back".into() };
    }
    let now = match now {
        Err(why) => return UndoVerdict::CannotTell { why },
        Ok(now) => now,
    };
    if matches(before, now) {
        return UndoVerdict::AlreadySo;
    }
    if !matches(left, now) {
        let mut differences = Vec::new();
        compare(target, "", left, now, before, &mut differences);
        return UndoVerdict::Conflict { differences };
    }
    match change.applied().map(|applied| applied.ownership) {
        Some(Ownership::Presumed) => UndoVerdict::Presumed,
        Some(Ownership::Adopted) => UndoVerdict::Irreversible { why: "it was so before the run".into() },
        Some(Ownership::Ours) | None => UndoVerdict::Undo,
    }
}

/// The entries of an undo, or the item that stands in its way.
pub(crate) fn entries(plan: &UndoPlan) -> Result<Vec<UndoEntry>, &UndoItem> {
    plan.items
        .iter()
        .map(|item| {
            let left = match &item.verdict {
                UndoVerdict::Undo | UndoVerdict::Presumed => None,
                UndoVerdict::Covered { by } => Some(format!("removed with '{by}'")),
                UndoVerdict::AlreadySo => Some("already as it was before".to_owned()),
                UndoVerdict::Irreversible { why } => Some(why.clone()),
                UndoVerdict::Conflict { .. } | UndoVerdict::CannotTell { .. } => return Err(item),
            };
            Ok(UndoEntry {
                step: item.step.clone(),
                key: item.key.clone(),
                left,
                expected: item.left.clone(),
            })
        })
        .collect()
}
