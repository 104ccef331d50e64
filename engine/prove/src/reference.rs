//! The uninterrupted run of a case, and its undo: what every disturbed one is held against.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use contracts::StepRunner;
use model::{Digest, Life, RunId, Workflow};
use runtime::Supervisor;
use serde_json::Value as Json;

use crate::alike::alike;
use crate::case::Case;
use crate::difference::differences;
use crate::disturbance::Half;
use crate::lab::Lab;
use crate::laboratory::{LabEffect, LabWorld, Laboratory};
use crate::points::{Points, Recorder};

/// A case with all that it needs to be played again and again.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) laboratory: Arc<dyn Laboratory>,
    pub(crate) steps: Arc<dyn StepRunner>,
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) case: Arc<Case>,
}

impl Setup {
    pub(crate) async fn lab(&self) -> Result<Lab, String> {
        let world = self.laboratory.world(&self.case.world).await.map_err(|failure| failure.to_string())?;
        let (steps, workflow) = (Arc::clone(&self.steps), Arc::clone(&self.workflow));
        Ok(Lab::new(world, steps, workflow, self.case.params.clone()))
    }
}

pub(crate) struct Reference {
    /// The world before anything was done.
    pub(crate) untouched: Json,
    pub(crate) run: Done,
    pub(crate) undo: Done,
    /// The lab after the run, to go on from.
    finished: Lab,
    pub(crate) id: RunId,
    /// The finished runs whose undo was like this one's, by what counts for it.
    undone: Mutex<BTreeSet<Digest>>,
}

/// What one half did.
pub(crate) struct Done {
    /// The world afterwards.
    pub(crate) world: Json,
    /// Sorted.
    pub(crate) effects: Vec<LabEffect>,
    pub(crate) writes: Vec<Write>,
    /// Where its process could have died; none where nobody wants to know.
    pub(crate) points: Points,
}

/// One write: the operation as the world names it, and at which call of that operation, from 1.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) operation: String,
    pub(crate) nth: u32,
}

impl Reference {
    /// `points`: keep where its processes could have died.
    pub(crate) async fn of(setup: &Setup, points: bool) -> Result<Reference, String> {
        let lab = Arc::new(setup.lab().await?);
        let untouched = lab.picture().await?;
        let (process, recorder) = recorded(&lab, points);
        let id = lab.forward(&process).await.map_err(|failure| failure.to_string())?;
        lab.expect_life(id, Life::Succeeded).await?;
        let run = Done::since(&lab, 0, recorder.as_deref()).await?;

        let undone = Mutex::new(BTreeSet::from([alike(&lab.state(id).await?)]));
        let finished = lab.fork().await.map_err(|failure| failure.to_string())?;
        let (process, recorder) = recorded(&lab, points);
        lab.undo(&process, id).await.map_err(|failure| format!("undo: {failure}"))?;
        lab.expect_life(id, Life::Undone).await?;
        let undo = Done::since(&lab, run.effects.len(), recorder.as_deref()).await?;
        Ok(Reference { untouched, run, undo, finished, id, undone })
    }

    pub(crate) fn half(&self, half: Half) -> &Done {
        match half {
            Half::Run => &self.run,
            Half::Undo => &self.undo,
        }
    }

    pub(crate) fn world(&self) -> &dyn LabWorld {
        self.finished.world.as_ref()
    }

    /// A lab in which the run has succeeded.
    pub(crate) async fn finished(&self) -> Result<Lab, String> {
        self.finished.fork().await.map_err(|failure| failure.to_string())
    }

    /// Holds a disturbed half against this one.
    pub(crate) async fn compare(
        &self,
        done: &Done,
        lab: &Lab,
        run: RunId,
        from: usize,
    ) -> Result<(), String> {
        let moved = differences(&lab.picture().await?, &done.world);
        if !moved.is_empty() {
            let tale = lab.tale(run).await;
            return Err(format!("the world ended differently:\n{}\n{tale}", moved.join("\n")));
        }
        let effects = lab.effects_since(from);
        if effects != done.effects {
            let tale = lab.tale(run).await;
            return Err(format!("the effects differ: {}\n{tale}", told(&effects, &done.effects)));
        }
        Ok(())
    }

    /// Undoes a run that was disturbed, and holds that against the undo of the undisturbed one; not again where one that
    /// is alike was undone so. The world is as the undisturbed run left it.
    pub(crate) async fn compare_undo(
        &self,
        lab: &Lab,
        process: &Supervisor,
        run: RunId,
    ) -> Result<(), String> {
        let alike = alike(&lab.state(run).await?);
        if self.undone().contains(&alike) {
            return Ok(());
        }
        let from = lab.world.effects().len();
        lab.undo(process, run).await.map_err(|failure| format!("undo afterwards: {failure}"))?;
        lab.expect_life(run, Life::Undone).await.map_err(|why| format!("undo afterwards: {why}"))?;
        let compared = self.compare(&self.undo, lab, run, from).await;
        compared.map_err(|why| format!("undo afterwards: {why}"))?;
        self.undone().insert(alike);
        Ok(())
    }

    fn undone(&self) -> MutexGuard<'_, BTreeSet<Digest>> {
        self.undone.lock().expect("no holder of this lock panics")
    }
}

/// A process of the lab, and what keeps the points of its half where they are wanted.
fn recorded(lab: &Arc<Lab>, points: bool) -> (Arc<Supervisor>, Option<Arc<Recorder>>) {
    let recorder = points.then(|| Recorder::new(lab));
    (recorder.as_ref().map_or_else(|| lab.process(), Recorder::process), recorder)
}

impl Done {
    async fn since(lab: &Lab, from: usize, recorder: Option<&Recorder>) -> Result<Done, String> {
        let effects = lab.effects_since(from);
        let operations: Vec<String> =
            lab.world.effects().split_off(from).into_iter().map(|effect| effect.operation).collect();
        let points = match recorder {
            Some(recorder) => recorder.points().await,
            None => Points::default(),
        };
        Ok(Done { world: lab.picture().await?, effects, writes: counted(operations), points })
    }
}

fn counted(operations: Vec<String>) -> Vec<Write> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    operations
        .into_iter()
        .map(|operation| {
            let count = counts.entry(operation.clone()).or_default();
            *count += 1;
            Write { operation, nth: *count }
        })
        .collect()
}

/// What was made too often and what is missing.
fn told(found: &[LabEffect], wanted: &[LabEffect]) -> String {
    let mut counts: BTreeMap<&LabEffect, i64> = BTreeMap::new();
    for one in found {
        *counts.entry(one).or_default() += 1;
    }
    for one in wanted {
        *counts.entry(one).or_default() -= 1;
    }
    let parts: Vec<String> = counts
        .into_iter()
        .filter(|(_, count)| *count != 0)
        .map(|(one, count)| format!("{count:+} {} {}", one.operation, one.target))
        .collect();
    parts.join(", ")
}
