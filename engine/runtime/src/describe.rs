//! `plan --commands`: dry-runs `apply` with the write written down, and says what would be sent.

use contracts::StepCommands;
use model::value::Map;
use model::workflow::Phase;

use crate::bench::Bench;
use crate::gateway::{Mode, Sent};
use crate::phase::Pause;
use crate::planner::Planned;

pub(crate) async fn describe(bench: &Bench, planned: &Planned) -> Vec<StepCommands> {
    let mut all = Vec::new();
    for step in &planned.plan.steps {
        let Some(work) = planned.works.get(&step.step) else { continue };
        let mut work = work.clone();
        let mut done = Map::new();
        for change in step.changes.iter().filter(|change| change.writes()) {
            work.done.clone_from(&done);
            let (result, sent) =
                bench.phase(&work, Phase::Apply, vec![change.to_value()], Mode::Describe).await;
            let mut commands = StepCommands {
                step: step.step.clone(),
                key: change.key.clone(),
                requests: Vec::new(),
                unknown: None,
            };
            match (sent, result) {
                (Sent::Described(requests), _) => commands.requests = requests,
                (_, Err(Pause::Needs { origin })) => commands.unknown = Some(format!("known after {origin}")),
                (_, Err(Pause::Failed(failure))) => commands.unknown = Some(failure.message),
                (_, Err(Pause::NotYet { why, .. })) => commands.unknown = Some(why),
                (_, Err(Pause::Recorded | Pause::Cancelled) | Ok(_)) => {
                    commands.unknown = Some("nothing would be sent".into());
                }
            }
            all.push(commands);
            done.insert(change.key.clone(), change.after.clone());
        }
    }
    all
}
