//! Everything done twice: a run after a run, an undo after an undo, and the two in turn.

use contracts::Service as _;
use model::{Code, Life};

use crate::difference::differences;
use crate::disturbance::Repetition;
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
    let moved = differences(&lab.picture().await, &reference.run.world);
    if moved.is_empty() { Ok(()) } else { Err(moved.join("\n")) }
}

async fn undo_again(reference: &Reference) -> Result<(), String> {
    let (lab, run) = (reference.finished().await?, reference.id);
    let process = lab.process();
    lab.undo(&process, run).await.map_err(|failure| failure.to_string())?;
    let from = lab.world.effects().len();
    for process in [process, lab.process()] {
        match process.undo(run, "proof", None).await {
            Err(failure) if failure.code == Code::RunState => {}
            Err(failure) => return Err(format!("the second undo was refused with {failure}")),
            Ok(()) => return Err("the second undo was not refused".into()),
        }
    }
    let effects = lab.effects_since(from);
    if effects.is_empty() { Ok(()) } else { Err(format!("the second undo changed something: {effects:?}")) }
}

async fn in_turn(setup: &Setup, reference: &Reference) -> Result<(), String> {
    // What cannot be taken back stays, so only the first round begins where the reference did.
    if reference.undo.world != reference.untouched {
        return Ok(());
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
