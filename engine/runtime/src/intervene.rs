//! Where a person steps in at one step: what is asked is checked against the run, then recorded as one event.

use contracts::{Durability, InterveneRequest};
use model::workflow::Step;
use model::{Attachment, Code, Event, Failure, Intervention, Life, RunId, RunState, Stage, StepPath};

use crate::attached;
use crate::supervisor::Supervisor;

impl Supervisor {
    pub(crate) async fn step_in(&self, run: RunId, request: InterveneRequest) -> Result<(), Failure> {
        // Refused before anything is opened or written.
        check(&self.state(run).await?, &request)?;
        attached::are_kept(self.parts.journal.as_ref(), &request.files).await?;
        let open = self.open(run, &request.asker.by).await?;
        let event = Event::Intervened {
            step: request.step.clone(),
            intervention: request.intervention,
            by: request.asker.by.clone(),
            note: request.asker.note.clone(),
            files: request.files.iter().cloned().map(Attachment::named_safely).collect(),
        };
        // Whoever steps in and whoever carries the run on may meet: the state that is judged is the one that is moved.
        let forbids = |state: &RunState| check(state, &request).err();
        if let Some(refused) = open.hand.log.append_unless(forbids, vec![event], Durability::Awaited).await? {
            return Err(refused);
        }
        if open.hand.log.read(|state| state.life == Life::Running).await {
            self.carry_on(&open);
        }
        Ok(())
    }
}

fn check(state: &RunState, request: &InterveneRequest) -> Result<(), Failure> {
    model::intervention::allowed(state, &request.step, request.intervention)?;
    if request.intervention != Intervention::Retry && request.asker.note.is_none() {
        let why = match request.intervention {
            Intervention::Done => "say with --note how it is known that the step is done",
            Intervention::Skip | Intervention::Retry => "say with --note why the step is skipped",
        };
        return Err(Failure::invalid(Code::StepState, why));
    }
    if request.intervention == Intervention::Skip {
        return nobody_needs(state, &request.step);
    }
    Ok(())
}

/// A skipped step has no outputs, so nobody who is yet to begin may need one.
fn nobody_needs(state: &RunState, skipped: &StepPath) -> Result<(), Failure> {
    let yet_to_begin =
        |step: &&Step| state.step(&step.path).is_some_and(|(_, one)| one.stage == Stage::Pending);
    let readers = state.workflow.steps.iter().filter(yet_to_begin);
    let needs: Vec<(&Step, &str)> = readers
        .flat_map(|reader| {
            manifest::needed_outputs(reader, skipped).into_iter().map(move |text| (reader, text))
        })
        .collect();
    let Some((reader, text)) = needs.first() else { return Ok(()) };
    let run = state.id;
    let message =
        format!("step '{skipped}' cannot be skipped: step '{}' reads what it gives, as {text}", reader.path);
    Err(Failure::invalid(Code::StepState, message).hint(format!(
        "skip '{0}' first, or `footbridge done {run} {skipped}` if the step is as it should be; a workflow that can do \
         without writes steps.{skipped}?.OUTPUT",
        reader.path
    )))
}
