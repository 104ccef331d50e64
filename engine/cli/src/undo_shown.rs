//! An undo plan as a person reads it, and the questions about what stands in its way.

use contracts::{Service, UndoChoice, UndoItem, UndoPlan, UndoVerdict, UndoWanted};
use model::Choice;
use report::Style;
use report::undo::{Fate, Item};
use serde_json::json;

use crate::ask;
use crate::context::Context;
use crate::problem::Problem;

pub(crate) fn text(plan: &UndoPlan, style: Style) -> String {
    let items: Vec<Item<'_>> = plan.items.iter().map(item).collect();
    report::undo::text(plan.run, &plan.scope, plan.digest, &items, style)
}

pub(crate) fn json(plan: &UndoPlan) -> serde_json::Value {
    json!({ "run": plan.run, "undo": plan })
}

fn item(one: &UndoItem) -> Item<'_> {
    let fate = match &one.verdict {
        UndoVerdict::Undo => Fate::Undo,
        UndoVerdict::Covered { by } => Fate::Covered(by),
        UndoVerdict::AlreadySo => Fate::AlreadySo,
        UndoVerdict::Conflict { differences } => Fate::Conflict(differences),
        UndoVerdict::Replaced { differences } => Fate::Replaced(differences),
        UndoVerdict::Overruled { differences } => Fate::Overruled(differences),
        UndoVerdict::Left => Fate::Left,
        UndoVerdict::Irreversible { why } => Fate::Irreversible(why),
        UndoVerdict::WithLoss { what } => Fate::WithLoss(what),
        UndoVerdict::Presumed => Fate::Presumed,
        UndoVerdict::CannotTell { why } => Fate::CannotTell(why),
    };
    Item {
        step: one.step.as_str(),
        key: &one.key,
        target: &one.target,
        now: &one.now,
        before: &one.before,
        kept: &one.kept,
        fate,
    }
}

/// Asks about each thing in the way until nothing is: an answer may show what stood behind it. `None`: the person
/// stopped.
pub(crate) async fn settle(
    context: &Context,
    service: &dyn Service,
    mut plan: UndoPlan,
    wanted: &mut UndoWanted,
    note: &mut Option<String>,
) -> Result<Option<UndoPlan>, Problem> {
    while let Some(stuck) = plan.items.iter().find(|item| item.verdict.refuses()) {
        context.output.note(&shown(stuck, context.output.note_style()));
        // What was put in a lost object's place, and what nobody can look at, is never taken back.
        let may_overrule = matches!(stuck.verdict, UndoVerdict::Conflict { .. });
        let question = if may_overrule {
            "leave it as it is (l), take it back anyway and lose that (t), or stop (s)?"
        } else {
            "leave it as it is (l), or stop (s)?"
        };
        let choice = match ask::letter(question).await {
            Some('l') => Choice::Leave,
            Some('t') if may_overrule => Choice::Overrule,
            _ => return Ok(None),
        };
        wanted.choices.push(UndoChoice { step: stuck.step.clone(), key: stuck.key.clone(), choice });
        if note.is_none() {
            match ask::line("why? (kept with the undo)").await {
                Some(why) => *note = Some(why),
                None => return Ok(None),
            }
        }
        plan = service.undo_plan(plan.run, wanted.clone()).await?;
    }
    Ok(Some(plan))
}

fn shown(stuck: &UndoItem, style: Style) -> String {
    report::undo::line(&[item(stuck)], style)
}
