//! The process dies at one write to its journal; whoever takes the run up must end it as if nothing had happened, and its
//! undo must bring back the same.

use model::event::Decision;
use model::{Event, Life, RunId};

use crate::disturbance::{Half, Moment};
use crate::lab::{Lab, Write};
use crate::reference::Reference;
use crate::trial::Tried;

pub(crate) async fn crash(reference: &Reference, half: Half, moment: Moment, write: usize) -> Tried {
    let Some(point) = reference.half(half).points.at(moment, write) else { return Ok(false) };
    let verdict = point.verdict.get_or_init(|| async {
        let lab = point.lab().await;
        match half {
            Half::Run => forward(reference, &lab).await,
            Half::Undo => undo(reference, &lab).await,
        }
    });
    verdict.await.clone().map(|()| true)
}

/// A process died in the run; the next one takes it up, or begins it.
async fn forward(reference: &Reference, lab: &Lab) -> Result<(), String> {
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
    reference.compare(&reference.run, lab, run, 0).await?;
    found(lab, run, &unrecorded).await?;
    reference.compare_undo(lab, &process, run).await
}

/// A process died in the undo.
async fn undo(reference: &Reference, lab: &Lab) -> Result<(), String> {
    let run = reference.id;
    let unrecorded = lab.unrecorded(run).await;
    let process = lab.process();
    match lab.state(run).await?.life {
        Life::Succeeded => lab.undo(&process, run).await.map_err(|failure| failure.to_string())?,
        _ => lab.take_up(&process, run).await.map_err(|failure| failure.to_string())?,
    }
    lab.expect_life(run, Life::Undone).await?;
    reference.compare(&reference.undo, lab, run, reference.run.effects.len()).await?;
    found(lab, run, &unrecorded).await
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
