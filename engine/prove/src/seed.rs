//! Faults by seed, on reads and writes alike: a person who only ever repeats what `explain` offers gets the uninterrupted
//! run's world, with every effect made once.

use contracts::{ApproveMode, Service as _};
use model::{Life, RunId};
use runtime::Supervisor;

use crate::lab::Lab;
use crate::reference::{Reference, Setup};
use crate::trial::Tried;

/// Share of calls that fail.
const RATE: f64 = 0.06;
/// How often a command is repeated before the trial gives up.
const PATIENCE: usize = 20;

pub(crate) async fn faults(setup: &Setup, reference: &Reference, seed: u64) -> Tried {
    let lab = setup.lab().await?;
    lab.world.fail_by_seed(seed, RATE).map_err(|failure| failure.to_string())?;
    let process = lab.process();
    let run = started(&lab, &process).await?;
    carried_to(Life::Succeeded, &lab, &process, run).await?;
    reference.compare(&reference.run, &lab, run, 0).await?;
    let from = lab.world.effects().len();
    carried_to(Life::Undone, &lab, &process, run).await?;
    reference.compare(&reference.undo, &lab, run, from).await?;
    Ok(true)
}

/// A plan that could not look everywhere is refused; a person asks again.
async fn started(lab: &Lab, process: &Supervisor) -> Result<RunId, String> {
    let mut refused = Vec::new();
    for _ in 0..PATIENCE {
        match process.start(lab.start(ApproveMode::Yes)).await {
            Ok(run) => {
                process.idle().await;
                return Ok(run);
            }
            Err(failure) => refused.push(failure.to_string()),
        }
        if !lab.world.effects().is_empty() {
            return Err("a start that was refused changed something".into());
        }
    }
    Err(format!("the run never started: {}", refused.join("; ")))
}

async fn carried_to(wanted: Life, lab: &Lab, process: &Supervisor, run: RunId) -> Result<(), String> {
    let mut refused = Vec::new();
    for _ in 0..PATIENCE {
        let life = lab.state(run).await?.life;
        if life == wanted {
            return Ok(());
        }
        let result = match life {
            Life::Failed | Life::Running | Life::Undoing => lab.take_up(process, run).await,
            Life::Succeeded | Life::Stuck => lab.undo(process, run).await,
            Life::Awaiting | Life::Paused | Life::Cancelled | Life::Undone | Life::PartlyUndone => {
                return Err(format!("the run is {life:?}, which nobody asked for"));
            }
        };
        process.idle().await;
        refused.extend(result.err().map(|failure| format!("{life:?}: {failure}")));
    }
    Err(format!("never {wanted:?}: {}\n{}", refused.join("; "), lab.tale(run).await))
}
