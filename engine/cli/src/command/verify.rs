//! `footbridge verify`: is the world still as the run left it?

use contracts::DriftReport;
use serde_json::json;

use crate::Exit;
use crate::context::Context;
use crate::holder;
use crate::problem::Outcome;
use crate::run_name;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Its id, the beginning or the end of it, or `latest`
    run: String,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    holder::with(context, async |engine| {
        let run = run_name::find(engine.service.as_ref(), &arguments.run).await?;
        let found = engine.service.verify(run).await?;
        context.output.either(|| json(&found), |style| text(&found, style));
        Ok(match (found.drifts.is_empty(), found.cannot_tell.is_empty()) {
            (false, _) => Exit::Changes,
            (true, false) => Exit::Error,
            (true, true) => Exit::Ok,
        })
    })
    .await
}

fn json(found: &DriftReport) -> serde_json::Value {
    let drifts: Vec<serde_json::Value> = found
        .drifts
        .iter()
        .map(|drift| {
            let one = &drift.difference;
            json!({ "step": drift.step, "target": one.target, "at": one.at, "left": one.planned_from, "now": one.now })
        })
        .collect();
    let cannot_tell: Vec<serde_json::Value> =
        found.cannot_tell.iter().map(|(step, why)| json!({ "step": step, "why": why })).collect();
    json!({ "run": found.run, "compared": found.compared, "drifts": drifts, "cannot_tell": cannot_tell })
}

fn text(found: &DriftReport, style: report::Style) -> String {
    let drifts: Vec<_> = found.drifts.iter().map(|drift| (drift.step.as_str(), &drift.difference)).collect();
    let cannot_tell: Vec<_> =
        found.cannot_tell.iter().map(|(step, why)| (step.as_str(), why.as_str())).collect();
    report::drift::text(found.run, &drifts, &cannot_tell, found.compared, style)
}
