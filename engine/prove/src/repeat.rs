//! Everything done twice: a run after a run, an undo after an undo, and the two in turn.

use contracts::{Service as _, UndoRequest};
use model::{Asker, Code, Failure, Life};

use crate::case::CaseUndo;
use crate::difference::differences;
use crate::disturbance::Repetition;
use crate::lab::BY;
use crate::reference::{Reference, Setup};
use crate::trial::Tried;

/// How often run and undo take turns.
const TURNS: usize = 2;

pub(crate) async fn repeat(setup: &Setup, reference: &Reference, what: Repetition) -> Tried {
    match what {
        Repetition::Run => run_again(reference).await?,
        Repetition::Undo => undo_again(reference).await?,
        Repetition::InTurn => in_turn(setup, reference).await?,
    }
    Ok(true)
}

async fn run_again(reference: &Reference) -> Result<(), String> {
    let lab = reference.finished().await?;
    let (from, process) = (lab.world.effects().len(), lab.process());
    let plan = process.plan(lab.plan()).await.map_err(|failure| failure.to_string())?.plan;
    let wanted: Vec<String> = plan
        .steps
        .iter()
        .flat_map(|step| step.changes.iter().map(move |change| (step, change)))
        .filter(|(_, change)| change.writes())
        .map(|(step, change)| format!("{}: {}", step.step, change.key))
        .collect();
    if !wanted.is_empty() {
        return Err(format!("after the run a new plan still wants changes: {}", wanted.join(", ")));
    }
    let second = lab.forward(&process).await.map_err(|failure| failure.to_string())?;
    lab.expect_life(second, Life::Succeeded).await?;
    lab.undo(&process, second).await.map_err(|failure| format!("undo of the second run: {failure}"))?;
    lab.expect_life(second, Life::Undone).await?;
    let effects = lab.effects_since(from);
    if !effects.is_empty() {
        return Err(format!("the second run and its undo changed something: {effects:?}"));
    }
    let moved = differences(&lab.picture().await?, &reference.run.world);
    if moved.is_empty() { Ok(()) } else { Err(moved.join("\n")) }
}

async fn undo_again(reference: &Reference) -> Result<(), String> {
    let (lab, run) = (reference.finished().await?, reference.id);
    let process = lab.process();
    refused("resuming the finished run", process.resume(run, Asker::new(BY, None)).await)?;
    refused("cancelling the finished run", process.cancel(run, Asker::new(BY, None)).await)?;
    lab.undo(&process, run).await.map_err(|failure| failure.to_string())?;
    let (from, records) = (lab.world.effects().len(), lab.records(run).await?.len());
    for process in [process, lab.process()] {
        let again = UndoRequest { by: BY.into(), ..UndoRequest::default() };
        refused("the second undo", process.undo(run, again).await)?;
        refused("resuming the undone run", process.resume(run, Asker::new(BY, None)).await)?;
    }
    if lab.records(run).await?.len() != records {
        return Err("a refusal was journaled".into());
    }
    let effects = lab.effects_since(from);
    if effects.is_empty() { Ok(()) } else { Err(format!("the second undo changed something: {effects:?}")) }
}

fn refused(what: &str, answer: Result<(), Failure>) -> Result<(), String> {
    match answer {
        Err(failure) if failure.code == Code::RunState => Ok(()),
        Err(failure) => Err(format!("{what} was refused with {failure}")),
        Ok(()) => Err(format!("{what} was not refused")),
    }
}

async fn in_turn(setup: &Setup, reference: &Reference) -> Result<(), String> {
    let left = differences(&reference.undo.world, &reference.untouched);
    if !left.is_empty() {
        // What cannot be taken back stays, so a second round would not begin where the first did.
        return match setup.case.expect.undo {
            None => Ok(()),
            Some(CaseUndo::Whole) => Err(format!("undo did not bring back what was:\n{}", left.join("\n"))),
        };
    }
    let lab = setup.lab().await?;
    let process = lab.process();
    for _ in 0..TURNS {
        let from = lab.world.effects().len();
        let run = lab.forward(&process).await.map_err(|failure| failure.to_string())?;
        lab.expect_life(run, Life::Succeeded).await?;
        reference.compare(&reference.run, &lab, run, from).await?;
        let from = lab.world.effects().len();
        lab.undo(&process, run).await.map_err(|failure| failure.to_string())?;
        lab.expect_life(run, Life::Undone).await?;
        reference.compare(&reference.undo, &lab, run, from).await?;
    }
    Ok(())
}
