//! From a run's state and records to its dossier.

use std::collections::{BTreeMap, BTreeSet};

use model::event::{Decision, Event};
use model::step_state::{ChangeState, Progress};
use model::summary::RunSummary;
use model::value::Map;
use model::{ChangeKind, Life, Ownership, Record, RunState, Stage, StepPath, Value};

use super::history::{self, moment};
use super::{AnswerPart, Dossier, Fate, Link, ObjectPart, Standing, StepPart, WritePart};
use crate::logs::told;
use crate::values::{rows, shown};

pub(super) fn dossier(state: &RunState, records: &[Record], live: bool) -> Dossier {
    let summary = RunSummary::new(state, live);
    let workflow_digest = model::event::pins(records).last().unwrap_or_default();
    let ended = state.life.rests() && !matches!(state.life, Life::Awaiting | Life::Paused | Life::Stuck);
    Dossier {
        title: state.workflow.title.clone(),
        source: state.workflow.source.clone(),
        workflow_digest,
        layers: state.workflow.layers.clone(),
        target_is: state.binding.as_ref().map(|binding| binding.identity.clone()),
        params: state.params.clone(),
        ended: ended.then(|| history::end(records)).flatten(),
        versions: history::versions(records),
        plans: history::plans(records),
        approvals: history::approvals(records),
        parts: parts(state, records, &summary),
        undos: history::undos(state, records),
        deeds: history::deeds(records),
        records: records
            .iter()
            .map(|record| Link {
                at: record.at,
                sequence: record.sequence,
                told: told(&record.event),
                hash: record.hash,
            })
            .collect(),
        drawing: super::drawing(&state.workflow, &summary),
        summary,
    }
}

/// What is looked up for every change of every step.
struct Known<'a> {
    state: &'a RunState,
    /// The records of each change.
    trails: BTreeMap<(&'a StepPath, &'a str), Vec<&'a Record>>,
    /// The changes that are in effect.
    standing: BTreeSet<(&'a StepPath, &'a str)>,
}

impl Known<'_> {
    fn trail<'k>(&'k self, step: &'k model::Step, change: &'k ChangeState) -> &'k [&'k Record] {
        let trail = self.trails.get(&(&step.path, change.change.key.as_str()));
        trail.map(Vec::as_slice).unwrap_or_default()
    }

    fn stands(&self, step: &model::Step, change: &ChangeState) -> bool {
        self.standing.contains(&(&step.path, change.change.key.as_str()))
    }
}

fn parts(state: &RunState, records: &[Record], summary: &RunSummary) -> Vec<StepPart> {
    let mut trails: BTreeMap<(&StepPath, &str), Vec<&Record>> = BTreeMap::new();
    let mut of_steps: BTreeMap<&StepPath, Vec<&Record>> = BTreeMap::new();
    for record in records {
        match about(&record.event) {
            Some((step, Some(key))) => trails.entry((step, key)).or_default().push(record),
            Some((step, None)) => of_steps.entry(step).or_default().push(record),
            None => {}
        }
        // A step that goes on under another name takes its history with it.
        if let Event::Repinned(repin) = &record.event {
            let now: BTreeMap<&StepPath, &StepPath> =
                repin.moved.iter().map(|(new, old)| (old, new)).collect();
            let moved = |step: &'_ StepPath| now.get(step).copied();
            trails = trails
                .into_iter()
                .map(|((step, key), list)| ((moved(step).unwrap_or(step), key), list))
                .collect();
            of_steps = of_steps.into_iter().map(|(step, list)| (moved(step).unwrap_or(step), list)).collect();
        }
    }
    let standing = state.standing().into_iter();
    let standing = standing.map(|(step, change)| (&step.path, change.change.key.as_str())).collect();
    let known = Known { state, trails, standing };
    let in_doubt = |step: &model::Step| summary.doubts.iter().any(|doubt| doubt.step == step.path);
    let with_words = state.pairs().zip(&summary.steps);
    with_words
        .map(|((step, one), word)| {
            let own = of_steps.get(&step.path).map(Vec::as_slice).unwrap_or_default();
            let answers = own.iter().filter_map(|record| answer(step, record)).collect();
            let verified = own.iter().rev().find(|record| matches!(record.event, Event::StepDone { .. }));
            let cannot_tell = one.left.iter().filter_map(|(target, left)| match left {
                Value::CannotTell(why) => Some((target.clone(), why.clone())),
                _ => None,
            });
            let failure = one.failure.as_ref().map(|failure| format!("{} {}", failure.code, failure.message));
            StepPart {
                step: step.path.clone(),
                title: step.title.clone(),
                state: if in_doubt(step) { "in doubt".to_owned() } else { word.state.clone() },
                by_hand: one.by_hand.as_ref().map(model::ByHand::told),
                why: failure.or_else(|| word.why.clone()),
                script: step.script.file.clone(),
                origin: step.script.origin.clone(),
                with: one.with.clone(),
                objects: objects(&known, step, one),
                already: one.already.keys().cloned().collect(),
                answers,
                verified: verified
                    .filter(|_| one.stage == Stage::Done && !one.left.is_empty())
                    .map(|record| record.at),
                cannot_tell: cannot_tell.collect(),
                outputs: one.outputs.clone(),
                trouble: own
                    .iter()
                    .filter(|record| is_trouble(&record.event))
                    .map(|one| moment(one))
                    .collect(),
            }
        })
        .collect()
}

/// Of a step that made no plan of its own the approved plan's changes stand: planned, and not carried out.
fn objects(known: &Known<'_>, step: &model::Step, one: &model::StepState) -> Vec<ObjectPart> {
    let mut changes = one.changes.clone();
    if changes.is_empty() && !matches!(one.stage, Stage::Done | Stage::Skipped) {
        let held = one.held.as_ref().map(|held| &held.changes);
        let planned =
            known.state.plan.as_ref().and_then(|plan| plan.step(&step.path)).map(|part| &part.changes);
        let open = held.or(planned).into_iter().flatten();
        changes.extend(open.filter(|change| change.writes()).cloned().map(ChangeState::new));
    }
    let mut by_target: Vec<(&str, Vec<&ChangeState>)> = Vec::new();
    for change in &changes {
        let target = change.change.target.as_str();
        match by_target.iter_mut().find(|(known, _)| *known == target) {
            Some((_, list)) => list.push(change),
            None => by_target.push((target, vec![change])),
        }
    }
    by_target.into_iter().map(|(target, list)| object(known, step, one, target, &list)).collect()
}

fn object(
    known: &Known<'_>,
    step: &model::Step,
    one: &model::StepState,
    target: &str,
    changes: &[&ChangeState],
) -> ObjectPart {
    let stands = |change: &ChangeState| known.stands(step, change);
    let writes =
        changes.iter().map(|change| write(change, stands(change), known.trail(step, change))).collect();
    // An action leaves nothing to look at, and what nobody can tell is not verified.
    let seen = one.stage == Stage::Done
        && one.left.get(target).is_some_and(|left| !matches!(left, Value::CannotTell(_)));
    let standing = standing(seen, changes.iter().filter(|change| stands(change)).count(), changes);
    let before = changes.first().map_or(Value::Null, |change| change.change.before.clone());
    let planned = changes.last().map_or(Value::Null, |change| change.change.after.clone());
    let after = match (standing, one.left.get(target)) {
        (Standing::Verified | Standing::TakenBack, Some(left)) => left.clone(),
        _ => model::refine::fill(&planned, &|origin| known.state.known(origin)),
    };
    // An action is no state: what it gave back is told with the write.
    let action = changes.iter().all(|change| change.change.kind == ChangeKind::Run);
    let rows = if action { Vec::new() } else { rows(&before, &after) };
    ObjectPart { target: target.to_owned(), rows, standing, writes }
}

/// `seen`: the step ended by looking at the object. `stand`: how many of the changes are in effect.
fn standing(seen: bool, stand: usize, changes: &[&ChangeState]) -> Standing {
    let applied = changes.iter().filter(|change| change.applied().is_some()).count();
    if changes.iter().any(|change| change.progress.unsettled() || change.undo.unsettled()) {
        Standing::InDoubt
    } else if applied == 0 {
        Standing::Planned
    } else if stand == 0 {
        Standing::TakenBack
    } else if stand < changes.len() {
        Standing::Partly
    } else if seen {
        Standing::Verified
    } else {
        Standing::Written
    }
}

fn write(change: &ChangeState, stands: bool, trail: &[&Record]) -> WritePart {
    let function = trail.iter().find_map(|record| match &record.event {
        Event::Intent { function, undo: false, .. } => Some(function.clone()),
        _ => None,
    });
    let mut evidence = Vec::new();
    for record in trail {
        match &record.event {
            Event::Outcome { applied, undo, .. } => facts(&applied.evidence, *undo, &mut evidence),
            Event::NotDone { failure, undo, .. } => facts(&failure.evidence, *undo, &mut evidence),
            _ => {}
        }
    }
    WritePart {
        key: change.change.key.clone(),
        summary: change.change.summary.clone(),
        fate: fate(change, stands, trail),
        function,
        evidence,
        doubts: trail.iter().filter(|record| is_doubt(&record.event)).map(|one| moment(one)).collect(),
        trail: trail.iter().map(|record| moment(record)).collect(),
    }
}

fn is_doubt(event: &Event) -> bool {
    matches!(
        event,
        Event::NotDone { .. }
            | Event::Doubted { .. }
            | Event::Settled { .. }
            | Event::Asked { .. }
            | Event::Decided { .. }
            | Event::UndoStuck { .. }
    )
}

/// Lists of requests become one line a request.
fn facts(evidence: &Map, undo: bool, list: &mut Vec<(String, String)>) {
    let back = if undo { "undo: " } else { "" };
    for (name, value) in evidence {
        match value {
            Value::List(items) => {
                list.extend(items.iter().map(|item| (format!("{back}{name}"), line(item))));
            }
            other => list.push((format!("{back}{name}"), line(other))),
        }
    }
}

fn line(value: &Value) -> String {
    let Value::Map(map) = value else { return bare(value) };
    let entries: Vec<String> = map.iter().map(|(name, item)| format!("{name} {}", bare(item))).collect();
    entries.join(", ")
}

/// A text without its quotation marks: ids are copied from here.
fn bare(value: &Value) -> String {
    match value {
        Value::Text(text) => crate::values::clean(text),
        other => shown(other),
    }
}

fn fate(change: &ChangeState, stands: bool, trail: &[&Record]) -> Fate {
    if change.progress.unsettled() {
        return Fate::InDoubt;
    }
    let Some(applied) = change.applied() else { return Fate::NotDone };
    match &change.undo {
        Progress::Applied(_) => return Fate::TakenBack,
        Progress::Sent { .. } | Progress::InDoubt { .. } | Progress::Asked { .. } => return Fate::UndoOpen,
        Progress::Planned if !stands => return Fate::Covered,
        Progress::Planned => {}
    }
    let decided = trail
        .iter()
        .any(|record| matches!(&record.event, Event::Decided { decision: Decision::Done, undo: false, .. }));
    match applied.ownership {
        _ if decided => Fate::Decided,
        Ownership::Ours => Fate::Done,
        Ownership::Adopted => Fate::Adopted,
        Ownership::Presumed => Fate::Settled,
    }
}

fn answer(step: &model::Step, record: &Record) -> Option<AnswerPart> {
    let Event::FormAnswered { question, answer, by, note, files, .. } = &record.event else { return None };
    let asked = step.gate.iter().flat_map(|gate| &gate.form).find(|one| &one.id == question)?;
    Some(AnswerPart {
        at: record.at,
        by: by.clone(),
        question: question.clone(),
        ask: asked.ask.clone(),
        proves: asked.proves.clone(),
        answer: answer.clone(),
        note: note.clone(),
        files: files.clone(),
    })
}

fn is_trouble(event: &Event) -> bool {
    matches!(
        event,
        Event::StepHeld { .. }
            | Event::StepApproved { .. }
            | Event::Waits { .. }
            | Event::Retries { .. }
            | Event::StepFailed { .. }
            | Event::Intervened { .. }
    )
}

/// The step that an event is about, and the key of the change where it is about a single one.
fn about(event: &Event) -> Option<(&StepPath, Option<&str>)> {
    match event {
        Event::Intent { step, key, .. }
        | Event::Sending { step, key, .. }
        | Event::Outcome { step, key, .. }
        | Event::NotDone { step, key, .. }
        | Event::Doubted { step, key, .. }
        | Event::LookedInVain { step, key, .. }
        | Event::Settled { step, key, .. }
        | Event::Asked { step, key, .. }
        | Event::Decided { step, key, .. }
        | Event::UndoStuck { step, key, .. } => Some((step, Some(key))),
        Event::StepReady { step, .. }
        | Event::StepSkipped { step }
        | Event::GatePassed { step, .. }
        | Event::FormAnswered { step, .. }
        | Event::StepPlanned { step, .. }
        | Event::StepHeld { step, .. }
        | Event::StepApproved { step, .. }
        | Event::Waits { step, .. }
        | Event::Retries { step, .. }
        | Event::Woke { step }
        | Event::Refreshed { step }
        | Event::StepDone { step, .. }
        | Event::StepFailed { step, .. }
        | Event::Intervened { step, .. } => Some((step, None)),
        Event::RunCreated { .. }
        | Event::Planned { .. }
        | Event::Approved { .. }
        | Event::PinSet { .. }
        | Event::Resumed { .. }
        | Event::Repinned(_)
        | Event::PauseAsked { .. }
        | Event::Paused
        | Event::CancelAsked { .. }
        | Event::Cancelled
        | Event::Finished { .. }
        | Event::UndoStarted { .. }
        | Event::TakenOver { .. }
        | Event::UndoFinished
        | Event::UndoneInPart => None,
    }
}
