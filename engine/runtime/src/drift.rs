//! Read-only: is the world still as a run left it?

use contracts::{Drift, DriftReport};
use model::refine::compare;
use model::{RunState, Stage, Value};

use crate::bench::Bench;
use crate::phase::Work;

pub(crate) async fn drift(bench: &Bench, state: &RunState) -> DriftReport {
    let mut report = DriftReport { run: state.id, drifts: Vec::new(), cannot_tell: Vec::new(), compared: 0 };
    for (position, (step, one)) in state.pairs().enumerate() {
        if one.stage != Stage::Done {
            continue;
        }
        let seen = match bench.probe(&Work::of(position, one)).await {
            Ok(seen) => seen,
            Err(pause) => {
                report.cannot_tell.push((step.path.clone(), pause.why()));
                continue;
            }
        };
        for (target, left) in &one.left {
            match (left, seen.object(target)) {
                (Value::CannotTell(_), _) => {}
                (_, Some(Value::CannotTell(why))) => {
                    report.cannot_tell.push((step.path.clone(), format!("{target}: {why}")));
                }
                (left, now) => {
                    report.compared += 1;
                    let mut found = Vec::new();
                    compare(target, "", left, now.unwrap_or(&Value::Null), left, &mut found);
                    report.drifts.extend(
                        found.into_iter().map(|difference| Drift { step: step.path.clone(), difference }),
                    );
                }
            }
        }
    }
    report
}
