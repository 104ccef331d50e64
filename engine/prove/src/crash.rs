//! The process dies at one write to its journal; whoever takes the run up must end it as if nothing had happened.

use std::sync::Arc;

use contracts::Journal;
use model::Life;

use crate::disturbance::{Half, Moment};
use crate::dying_journal::DyingJournal;
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
    let _ = lab.forward(&lab.process_on(Arc::clone(&dying) as Arc<dyn Journal>)).await;
    if dying.writes() <= write {
        return Ok(false);
    }
    let process = lab.process();
    let run = match lab.runs().await.first() {
        Some(run) => {
            lab.take_up(&process, *run).await.map_err(|failure| failure.to_string())?;
            *run
        }
        None => lab.forward(&process).await.map_err(|failure| failure.to_string())?,
    };
    lab.expect_life(run, Life::Succeeded).await?;
    reference.compare(&reference.run, &lab, run, 0).await?;
    Ok(true)
}

async fn undo(reference: &Reference, moment: Moment, write: usize) -> Tried {
    let (lab, run) = (reference.finished().await?, reference.id);
    let from = lab.world.effects().len();
    let dying = Arc::new(DyingJournal::new(lab.journal(), write, moment));
    let _ = lab.undo(&lab.process_on(Arc::clone(&dying) as Arc<dyn Journal>), run).await;
    if dying.writes() <= write {
        return Ok(false);
    }
    let process = lab.process();
    match lab.state(run).await?.life {
        Life::Succeeded => lab.undo(&process, run).await.map_err(|failure| failure.to_string())?,
        _ => lab.take_up(&process, run).await.map_err(|failure| failure.to_string())?,
    }
    lab.expect_life(run, Life::Undone).await?;
    reference.compare(&reference.undo, &lab, run, from).await?;
    Ok(true)
}
