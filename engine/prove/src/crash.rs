//! The process dies at one write to its journal; whoever takes the run up must end it as if nothing had happened, and its
//! undo must bring back the same.

use std::sync::Arc;

use model::event::Decision;
use model::{Event, Life, RunId};

use crate::disturbance::{Half, Moment};
use crate::dying_journal::DyingJournal;
use crate::lab::{Lab, Write};
use crate::reference::{Reference, Setup};
use crate::trial::Tried;

pub(crate) async fn crash(
    setup: &Setup,
    reference: &Reference,
    half: Half,
    moment: Moment,
    write: usize,
) -> Tried {
    match half {
        Half::Run => forward(setup, reference, moment, write).await,
        Half::Undo => undo(reference, moment, write).await,
    }
}

async fn forward(setup: &Setup, reference: &Reference, moment: Moment, write: usize) -> Tried {
    let lab = setup.lab().await?;
    let dying = Arc::new(DyingJournal::new(lab.journal(), write, moment));
    // It fails or it does not: what counts is what the next process makes of it.
    let _ = lab.forward(&lab.dying_process(&dying)).await;
    if !dying.mortality().is_dead() {
        return Ok(false);
    }
    dying.mortality().quiet().await;
    let process = lab.process();
    let mut unrecorded = Vec::new();
    let run = match lab.runs().await.first() {
        Some(run) => {
            unrecorded = lab.unrecorded(*run).await;
            lab.take_up(&process, *run).await.map_err(|failure| failure.to_string())?;
            *run
        }
        None => lab.forward(&process).await.map_err(|failure| failure.to_string())?,
    };
    lab.expect_life(run, Life::Succeeded).await?;
    reference.compare(&reference.run, &lab, run, 0).await?;
    found(&lab, run, &unrecorded).await?;
    reference.compare_undo(&lab, &process, run).await?;
    Ok(true)
}

async fn undo(reference: &Reference, moment: Moment, write: usize) -> Tried {
    let (lab, run) = (reference.finished().await?, reference.id);
    let from = lab.world.effects().len();
    let dying = Arc::new(DyingJournal::new(lab.journal(), write, moment));
    let _ = lab.undo(&lab.dying_process(&dying), run).await;
    if !dying.mortality().is_dead() {
        return Ok(false);
    }
    dying.mortality().quiet().await;
    let unrecorded = lab.unrecorded(run).await;
    let process = lab.process();
    match lab.state(run).await?.life {
        Life::Succeeded => lab.undo(&process, run).await.map_err(|failure| failure.to_string())?,
        _ => lab.take_up(&process, run).await.map_err(|failure| failure.to_string())?,
    }
    lab.expect_life(run, Life::Undone).await?;
    reference.compare(&reference.undo, &lab, run, from).await?;
    found(&lab, run, &unrecorded).await?;
    Ok(true)
}

/// An effect that nobody wrote down must have been found, by looking or by asking, and not merely made again.
async fn found(lab: &Lab, run: RunId, unrecorded: &[Write]) -> Result<(), String> {
    let records = lab.records(run).await?;
    for write in unrecorded {
        let found = records.iter().any(|record| match &record.event {
            Event::Settled { step, key, took_effect: true, undo, .. }
            | Event::Decided { step, key, decision: Decision::Done, undo, .. } => {
                (step, key, *undo) == (&write.0, &write.1, write.2)
            }
            _ => false,
        });
        if !found {
            let (step, key, _) = write;
            let tale = lab.tale(run).await;
            return Err(format!(
                "'{key}' of step '{step}' was done and not recorded, and nobody found it\n{tale}"
            ));
        }
    }
    Ok(())
}
