//! What undo would do: planned from recorded outcomes and a fresh look, newest change first.

use std::collections::BTreeMap;

use contracts::{UndoItem, UndoPlan, UndoVerdict, UndoWanted};
use model::merge::{is_another, take_back};
use model::step_state::ChangeState;
use model::value::Map;
use model::{
    ChangeKind, Choice, Digest, Failure, Ownership, Reversibility, RunState, StepPath, StepState, UndoEntry,
    Value,
};

use crate::bench::Bench;
use crate::phase::{Pause, Work, filled};

/// Each step's objects as they are, or why nobody can tell.
type Looks = BTreeMap<StepPath, Result<Map, String>>;

pub(crate) async fn undo_plan(
    bench: &Bench,
    state: &RunState,
    wanted: &UndoWanted,
) -> Result<UndoPlan, Failure> {
    let changes = flow::in_scope(state, &wanted.scope)?;
    let mut looks = Looks::new();
    for (step, _) in &changes {
        if !looks.contains_key(step) {
            looks.insert(step.clone(), look(bench, state, step).await);
        }
    }
    let mut items: Vec<UndoItem> = Vec::new();
    for (step, change) in changes {
        let Some((_, one)) = state.step(&step) else { continue };
        let item = Weighed { state, step, one, change, wanted }.item(&looks);
        if item.verdict.takes_back() {
            lay(&item, &mut looks);
        }
        items.push(item);
    }
    let digest = if wanted.scope.is_all() {
        Digest::of(&(state.id, &items))
    } else {
        Digest::of(&(state.id, &wanted.scope, &items))
    };
    Ok(UndoPlan { run: state.id, scope: wanted.scope.clone(), items, digest })
}

async fn look(bench: &Bench, state: &RunState, step: &StepPath) -> Result<Map, String> {
    let position = state.position(step).ok_or_else(|| format!("there is no step '{step}'"))?;
    let seen = bench.probe(&Work::of(position, &state.steps[position])).await.map_err(Pause::why)?;
    Ok(seen.objects().clone())
}

/// Older changes find what the undo of this one brings back: so does every other step that looks at the same object.
fn lay(item: &UndoItem, looks: &mut Looks) {
    for objects in looks.values_mut().flatten() {
        if let Some(now) = objects.get_mut(&item.target) {
            *now = take_back(&item.target, &item.before, &item.left, now).aim;
        }
    }
}

/// A change that stands, and what a person wants with it.
struct Weighed<'a> {
    state: &'a RunState,
    step: StepPath,
    one: &'a StepState,
    change: &'a ChangeState,
    wanted: &'a UndoWanted,
}

impl Weighed<'_> {
    fn item(&self, looks: &Looks) -> UndoItem {
        let whole = filled(&self.change.change, &|origin| self.state.known(origin));
        let left = flow::left_as(self.state, self.one, self.change);
        let now = match &looks[&self.step] {
            Err(why) => Err(why.clone()),
            Ok(objects) => match objects.get(&whole.target) {
                None => Err("probe no longer looks at it".to_owned()),
                Some(Value::CannotTell(why)) => Err(why.clone()),
                Some(now) => Ok(now),
            },
        };
        let mut item = UndoItem {
            step: self.step.clone(),
            key: whole.key,
            target: whole.target,
            left,
            now: now.as_ref().map_or(Value::Null, |now| (*now).clone()),
            before: whole.before,
            kept: Vec::new(),
            verdict: UndoVerdict::Left,
        };
        item.verdict = match (self.stands_by_itself(), now) {
            (Some(verdict), _) => verdict,
            (None, Err(why)) => UndoVerdict::CannotTell { why },
            (None, Ok(now)) => self.compared(&mut item, now),
        };
        item
    }

    /// What is clear without a look at the object.
    fn stands_by_itself(&self) -> Option<UndoVerdict> {
        if let Some(maker) = flow::maker(self.one, self.change) {
            let by = maker.change.key.clone();
            // Nobody wants an object left alone and its properties taken back.
            let left = self.choice(&by) == Some(Choice::Leave);
            return Some(if left { UndoVerdict::Left } else { UndoVerdict::Covered { by } });
        }
        if self.choice(&self.change.change.key) == Some(Choice::Leave) {
            return Some(UndoVerdict::Left);
        }
        flow::stays(self.change).map(|why| UndoVerdict::Irreversible { why: why.to_owned() })
    }

    fn choice(&self, key: &str) -> Option<Choice> {
        let choices = self.wanted.choices.iter();
        choices.rev().find(|one| one.step == self.step && one.key == key).map(|one| one.choice)
    }

    fn compared(&self, item: &mut UndoItem, now: &Value) -> UndoVerdict {
        let made = &self.change.change;
        let merge = take_back(&item.target, &item.before, &item.left, now);
        item.kept = merge.kept;
        if merge.conflicts.is_empty() {
            item.before = merge.aim;
            if item.before == *now {
                return UndoVerdict::AlreadySo;
            }
            if made.reversibility == Reversibility::WithLoss {
                let what = made.loss.clone().unwrap_or_else(|| "the plan did not say what".to_owned());
                return UndoVerdict::WithLoss { what };
            }
            return match self.change.applied().map(|applied| applied.ownership) {
                Some(Ownership::Presumed) => UndoVerdict::Presumed,
                Some(Ownership::Adopted | Ownership::Ours) | None => UndoVerdict::Undo,
            };
        }
        let differences = merge.conflicts;
        let made_anew =
            made.kind == ChangeKind::Create && is_another(self.step.as_str(), &made.after, &item.left, now);
        if made_anew {
            return UndoVerdict::Replaced { differences };
        }
        if self.choice(&item.key) != Some(Choice::Overrule) {
            return UndoVerdict::Conflict { differences };
        }
        item.before = take_back(&item.target, &item.before, &merge.accepted, now).aim;
        item.left = merge.accepted;
        UndoVerdict::Overruled { differences }
    }
}

/// The entries of an undo, or the item that stands in its way.
pub(crate) fn entries(plan: &UndoPlan) -> Result<Vec<UndoEntry>, &UndoItem> {
    plan.items
        .iter()
        .map(|item| {
            let (left, choice) = match &item.verdict {
                UndoVerdict::Undo | UndoVerdict::Presumed | UndoVerdict::WithLoss { .. } => (None, None),
                UndoVerdict::Overruled { .. } => (None, Some(Choice::Overrule)),
                UndoVerdict::Covered { by } => (Some(format!("removed with '{by}'")), None),
                UndoVerdict::AlreadySo => (Some("already as it was before".to_owned()), None),
                UndoVerdict::Irreversible { why } => (Some(why.clone()), None),
                UndoVerdict::Left => (Some("a person left it as it is".to_owned()), Some(Choice::Leave)),
                UndoVerdict::Conflict { .. }
                | UndoVerdict::Replaced { .. }
                | UndoVerdict::CannotTell { .. } => return Err(item),
            };
            Ok(UndoEntry {
                step: item.step.clone(),
                key: item.key.clone(),
                left,
                expected: item.left.clone(),
                choice,
            })
        })
        .collect()
}
