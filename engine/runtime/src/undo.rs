//! Undo as the service does it: planned afresh each time, refused where it would not be safe, then recorded and begun.

use contracts::{UndoItem, UndoPlan, UndoRequest, UndoVerdict, UndoWanted};
use model::change::Applied;
use model::undo::Conflicts;
use model::value::Map;
use model::{Choice, Class, Code, Event, Failure, Life, Ownership, RunId, RunState, UndoPolicy, Value};

use crate::service::not_now;
use crate::supervisor::Supervisor;
use crate::undo_plan::{entries, undo_plan};

impl Supervisor {
    pub(crate) async fn plan_undo(&self, run: RunId, wanted: &UndoWanted) -> Result<UndoPlan, Failure> {
        let state = self.state(run).await?;
        may_begin(&state)?;
        let bench = self.bench_of(&state).await?;
        let plan = undo_plan(&bench, &state, wanted).await;
        bench.session.close().await;
        let plan = plan?;
        fitting(&plan, wanted)?;
        Ok(plan)
    }

    pub(crate) async fn begin_undo(&self, run: RunId, request: UndoRequest) -> Result<(), Failure> {
        let state = self.state(run).await?;
        allowed(state.workflow.undo.as_ref(), &request)?;
        let plan = self.plan_undo(run, &request.wanted).await?;
        if request.digest.is_some_and(|digest| digest != plan.digest) {
            return Err(Failure::new(
                Code::PlanStale,
                Class::Conflict,
                "the undo plan is no longer what was shown",
            )
            .hint("look at it again with 'footbridge undo RUN'"));
        }
        let entries = entries(&plan).map_err(|item| in_the_way(run, item))?;
        let unread = plan.items.iter().find_map(|item| Some((item, item.verdict.needs_a_look()?)));
        if let (None, Some((item, why))) = (request.digest, unread) {
            return Err(Failure::new(
                Code::Approval,
                Class::Denied,
                format!("the undo of '{}' in step '{}' must be seen by a person: {why}", item.key, item.step),
            )
            .hint(
                "run 'footbridge undo RUN' at a terminal, or give the digest of the undo plan that was read",
            ));
        }
        let mut events = vec![Event::UndoStarted {
            by: request.by.clone(),
            digest: plan.digest,
            entries,
            scope: plan.scope,
            note: request.note,
        }];
        // What is as it was before counts as taken back from here on, by whomever it was.
        events.extend(
            plan.items.into_iter().filter(|item| matches!(item.verdict, UndoVerdict::AlreadySo)).map(
                |item| Event::Outcome {
                    step: item.step,
                    key: item.key,
                    applied: Applied {
                        ownership: Ownership::Adopted,
                        outcome: Value::Null,
                        evidence: Map::new(),
                    },
                    undo: true,
                },
            ),
        );
        let open = self.open(run, &request.by).await?;
        open.hand.log.append_as(|state| may_begin(state).map(|()| events)).await?;
        self.carry_on(&open);
        Ok(())
    }
}

fn may_begin(state: &RunState) -> Result<(), Failure> {
    match state.life {
        Life::Succeeded | Life::Failed | Life::Cancelled | Life::PartlyUndone | Life::Stuck => {}
        Life::Undone => return Err(not_now(state, "it is undone already", "footbridge status RUN")),
        Life::Undoing => {
            return Err(not_now(state, "its undo is under way", "footbridge resume RUN carries it on"));
        }
        Life::Awaiting | Life::Running | Life::Paused => {
            let instead = "footbridge cancel RUN, then undo it";
            return Err(not_now(state, "it must rest before it can be undone", instead));
        }
    }
    if let Some((step, key, _)) = state.doubts().first().filter(|_| state.life != Life::Stuck) {
        return Err(Failure::new(
            Code::InDoubt,
            Class::InDoubt,
            format!("nobody can tell whether '{key}' of step '{step}' took effect"),
        )
        .hint(format!("decide first: footbridge approve {} {step} --done, --retry or --abort", state.id)));
    }
    Ok(())
}

/// A decision about something that does not call for it was made about another state of the world.
fn fitting(plan: &UndoPlan, wanted: &UndoWanted) -> Result<(), Failure> {
    for one in &wanted.choices {
        let item = plan.items.iter().find(|item| item.step == one.step && item.key == one.key);
        let why = match (item.map(|item| &item.verdict), one.choice) {
            (Some(UndoVerdict::Overruled { .. }), Choice::Overrule)
            | (Some(UndoVerdict::Left), Choice::Leave) => {
                continue;
            }
            (None, _) => "is no change that this undo would take back",
            (Some(UndoVerdict::Replaced { .. }), Choice::Overrule) => {
                "is another object of that name, which is never removed; it can only be left"
            }
            (Some(_), Choice::Overrule) => "is no conflict, so there is nothing to overrule",
            (Some(_), Choice::Leave) => "cannot be left by itself",
        };
        return Err(Failure::invalid(Code::Settings, format!("'{}/{}' {why}", one.step, one.key))
            .hint("'footbridge undo RUN' shows each change and what would become of it"));
    }
    Ok(())
}

/// Whether the pinned workflow lets a person decide so, and whether the person said why.
fn allowed(policy: Option<&UndoPolicy>, request: &UndoRequest) -> Result<(), Failure> {
    let choices = &request.wanted.choices;
    let overrules = choices.iter().any(|one| one.choice == Choice::Overrule);
    if let Some(policy) = policy.filter(|policy| overrules && policy.conflicts == Conflicts::Refuse) {
        return Err(Failure::new(
            Code::UndoPolicy,
            Class::Denied,
            format!("conflicts may not be overruled: [undo] conflicts = \"refuse\" in {}", policy.origin),
        )
        .hint("put the object back by hand, or leave it as it is: --leave STEP/KEY --note WHY"));
    }
    if !choices.is_empty() && request.note.as_deref().is_none_or(|note| note.trim().is_empty()) {
        return Err(Failure::new(
            Code::Approval,
            Class::Denied,
            "whoever leaves or overrules a change must say why",
        )
        .hint("add --note WHY; it is kept with the run"));
    }
    Ok(())
}

fn in_the_way(run: RunId, item: &UndoItem) -> Failure {
    let why = match &item.verdict {
        UndoVerdict::CannotTell { why } => format!("nobody can tell how {} is now: {why}", item.target),
        UndoVerdict::Replaced { .. } => format!("{} is another object of that name now", item.target),
        _ => format!("someone changed {} since the run", item.target),
    };
    Failure::new(Code::UndoConflict, Class::Conflict, format!("undo would not be safe: {why}")).hint(format!(
        "'footbridge undo {run}' shows the difference; nothing was taken back. Put it back, or decide: \
         --leave {}/{} --note WHY, or --conflicts ask at a terminal",
        item.step, item.key
    ))
}
