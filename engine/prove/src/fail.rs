//! One write to the world fails in one way: the end is that of the uninterrupted run, the write is never sent blindly a
//! second time, and a lost answer is settled by looking.

use std::collections::BTreeMap;

use model::event::Decision;
use model::{Event, Life, Record};

use crate::disturbance::{Half, Way};
use crate::laboratory::{Fate, Fault, LabWorld};
use crate::reference::{Done, Reference, Setup, Write};
use crate::trial::Tried;

pub(crate) async fn fail(setup: &Setup, reference: &Reference, half: Half, fault: Fault) -> Tried {
    let (lab, done, life) = match half {
        Half::Run => (setup.lab().await?, &reference.run, Life::Succeeded),
        Half::Undo => (reference.finished().await?, &reference.undo, Life::Undone),
    };
    let from = lab.world.effects().len();
    lab.world.fail(std::slice::from_ref(&fault)).map_err(|failure| failure.to_string())?;
    let process = lab.process();
    let run = match half {
        Half::Run => lab.forward(&process).await.map_err(|failure| failure.to_string())?,
        Half::Undo => {
            lab.undo(&process, reference.id).await.map_err(|failure| failure.to_string())?;
            reference.id
        }
    };
    lab.expect_life(run, life).await?;
    reference.compare(done, &lab, run, from).await?;
    let fate = lab.world.fate(&fault.operation, fault.way);
    if let Err(why) = told(&lab.records(run).await?, half == Half::Undo, fate) {
        return Err(format!("{why}\n{}", lab.tale(run).await));
    }
    if half == Half::Run {
        reference.compare_undo(&lab, &process, run).await?;
    }
    Ok(true)
}

/// Every write of the run and then of its undo is done, and every answer lost.
pub(crate) async fn lose_every_answer(setup: &Setup, reference: &Reference) -> Tried {
    let lab = setup.lab().await?;
    let lost = |done: &Done| -> Vec<Fault> {
        let fault =
            |write: &Write| Fault { operation: write.operation.clone(), nth: write.nth, way: Way::CutAfter };
        done.writes.iter().map(fault).collect()
    };
    lab.world.fail(&lost(&reference.run)).map_err(|failure| failure.to_string())?;
    let process = lab.process();
    let run = lab.forward(&process).await.map_err(|failure| failure.to_string())?;
    lab.expect_life(run, Life::Succeeded).await?;
    reference.compare(&reference.run, &lab, run, 0).await?;
    let from = lab.world.effects().len();
    lab.world.fail(&lost(&reference.undo)).map_err(|failure| failure.to_string())?;
    lab.undo(&lab.process(), run).await.map_err(|failure| failure.to_string())?;
    lab.expect_life(run, Life::Undone).await?;
    reference.compare(&reference.undo, &lab, run, from).await?;
    Ok(true)
}

/// All ways at the first and the last write of an operation, and one in turn at the many equal ones in between.
pub(crate) fn faults(world: &dyn LabWorld, done: &Done) -> Vec<Fault> {
    let mut lasts: BTreeMap<&str, u32> = BTreeMap::new();
    for write in &done.writes {
        lasts.insert(&write.operation, write.nth);
    }
    let mut faults = Vec::new();
    for write in &done.writes {
        let at_an_end = write.nth == 1 || lasts[write.operation.as_str()] == write.nth;
        let ways = world.ways(&write.operation);
        for (index, way) in ways.iter().enumerate() {
            if at_an_end || index == write.nth as usize % ways.len() {
                faults.push(Fault { operation: write.operation.clone(), nth: write.nth, way: *way });
            }
        }
    }
    faults
}

/// The journal tells what happened to the one change that met the fault, and its intents say how often it was sent.
fn told(records: &[Record], in_undo: bool, fate: Fate) -> Result<(), String> {
    let mut refused = Vec::new();
    let mut doubted = Vec::new();
    let mut settled = Vec::new();
    for record in records {
        match &record.event {
            Event::NotDone { step, key, undo, .. } if *undo == in_undo => refused.push((step, key)),
            Event::Doubted { step, key, undo, .. } if *undo == in_undo => doubted.push((step, key)),
            Event::Settled { step, key, took_effect, undo, .. } if *undo == in_undo => {
                settled.push((step, key, *took_effect));
            }
            Event::Decided { step, key, decision, undo, .. } if *undo == in_undo => {
                settled.push((step, key, *decision == Decision::Done));
            }
            _ => {}
        }
    }
    let lost = usize::from(fate != Fate::Refused);
    if (refused.len(), doubted.len(), settled.len()) != (1 - lost, lost, lost) {
        return Err(format!(
            "one write was {fate:?}; the journal tells of {} refused, {} in doubt and {} settled",
            refused.len(),
            doubted.len(),
            settled.len()
        ));
    }
    let (step, key) = refused.into_iter().chain(doubted).next().expect("counted above");
    if let Some((settled_step, settled_key, took_effect)) = settled.first()
        && ((*settled_step, *settled_key) != (step, key) || *took_effect != (fate == Fate::LostDone))
    {
        return Err(format!("'{key}' of step '{step}' was {fate:?}, and was settled otherwise"));
    }
    let sent = records
        .iter()
        .filter(|record| {
            matches!(&record.event, Event::Intent { step: of, key: what, undo, .. }
                if *undo == in_undo && (of, what) == (step, key))
        })
        .count();
    let wanted = if fate == Fate::LostDone { 1 } else { 2 };
    if sent == wanted {
        Ok(())
    } else {
        Err(format!("'{key}' of step '{step}' was sent {sent} times, not {wanted}"))
    }
}
