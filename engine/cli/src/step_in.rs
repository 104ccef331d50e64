//! What `retry`, `skip` and `done` have in common: one step of a run, stepped in at by a person.

use std::path::PathBuf;
use std::time::Duration;

use contracts::InterveneRequest;
use model::{Asker, Intervention, Life};

use crate::Exit;
use crate::context::Context;
use crate::evidence_files;
use crate::follow::{conclude, follow};
use crate::holder;
use crate::load::Loaded;
use crate::problem::Outcome;
use crate::run_name;

pub(crate) struct StepIn<'a> {
    pub(crate) run: &'a str,
    pub(crate) step: &'a str,
    pub(crate) intervention: Intervention,
    pub(crate) note: Option<&'a str>,
    pub(crate) files: &'a [PathBuf],
    /// Stay while something is due within this time.
    pub(crate) wait: Duration,
}

pub(crate) async fn step_in(context: &Context, asked: StepIn<'_>) -> Outcome {
    let given = evidence_files::read(asked.files)?;
    holder::with_wait(context, asked.wait, async |engine| {
        let service = engine.service.as_ref();
        let run = run_name::find(service, asked.run).await?;
        let step = run_name::step(&Loaded::new(service, run).await?, asked.step)?;
        let request = InterveneRequest {
            step: step.clone(),
            intervention: asked.intervention,
            asker: Asker::new(&context.settings.by, asked.note),
            files: evidence_files::keep(service, &given).await?,
        };
        service.intervene(run, request).await?;
        let loaded = Loaded::new(service, run).await?;
        let standing = loaded.state.step(&step).map(|(_, one)| report::stepping_in::standing(one));
        if let Some(keys) =
            standing.filter(|keys| asked.intervention != Intervention::Retry && !keys.is_empty())
        {
            context
                .output
                .note(&format!("what step {step} has written stays in effect: {}", keys.join(", ")));
        }
        if engine.holds() && loaded.state.life != Life::Paused {
            return Ok(conclude(context, &follow(context, service, run, asked.wait).await?));
        }
        let summary = loaded.summary();
        context.output.either(|| serde_json::json!(summary), |style| report::summary::text(&summary, style));
        context.output.note(&if loaded.state.life == Life::Paused {
            format!("recorded; the run stays paused, `footbridge resume {run}` goes on with it")
        } else {
            "recorded; the process that carries the run on goes on with it".to_owned()
        });
        Ok(Exit::Ok)
    })
    .await
}
