//! One write to the world fails in one way: the end is that of the uninterrupted run, the write is never sent blindly a
//! second time, and a lost answer is settled by looking.

use std::collections::BTreeMap;

use model::{Event, Life, Record};

use crate::disturbance::{Half, Way};
use crate::laboratory::Fault;
use crate::reference::{Done, Reference, Setup};
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
    let records = lab.records(run).await?;
    match blindly(&records, half == Half::Undo) {
        Some(why) => Err(format!("{why}\n{}", lab.tale(run).await)),
        None => Ok(met(&records, half == Half::Undo)),
    }
}

/// All ways at the first and the last write of an operation, and one in turn at the many equal ones in between.
pub(crate) fn faults(done: &Done) -> Vec<Fault> {
    let mut lasts: BTreeMap<&str, u32> = BTreeMap::new();
    for write in &done.writes {
        lasts.insert(&write.operation, write.nth);
    }
    let mut faults = Vec::new();
    for write in &done.writes {
        let at_an_end = write.nth == 1 || lasts[write.operation.as_str()] == write.nth;
        for (index, way) in Way::ALL.iter().enumerate() {
            if at_an_end || index == write.nth as usize % Way::ALL.len() {
                faults.push(Fault { operation: write.operation.clone(), nth: write.nth, way: *way });
            }
        }
    }
    faults
}

/// Whether the journal tells of a write that did not go as it should.
fn met(records: &[Record], in_undo: bool) -> bool {
    records.iter().any(|record| {
        matches!(&record.event, Event::NotDone { undo, .. } | Event::Doubted { undo, .. } if *undo == in_undo)
    })
}

/// A write that was sent again although nothing had said that it was not done.
fn blindly(records: &[Record], in_undo: bool) -> Option<String> {
    // What is known of each change's last sending: `true` once it may be sent (again).
    let mut free: BTreeMap<(String, String), bool> = BTreeMap::new();
    for record in records {
        match &record.event {
            Event::Intent { step, key, undo, .. } if *undo == in_undo => {
                let change = (step.to_string(), key.clone());
                if free.insert(change, false) == Some(false) {
                    return Some(format!("'{key}' of step '{step}' was sent again without looking"));
                }
            }
            Event::NotDone { step, key, undo, .. } | Event::Settled { step, key, undo, took_effect: false, .. }
                if *undo == in_undo =>
            {
                free.insert((step.to_string(), key.clone()), true);
            }
            _ => {}
        }
    }
    None
}
