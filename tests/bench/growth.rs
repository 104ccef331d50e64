//! How a store grows: bytes on disk for each step that was run, early and late.

use std::path::Path;

use contracts::{Durability, Journal};
use model::{RunId, StepPath};

use crate::history::History;
use crate::rig;
use crate::scale::Scale;
use crate::table::{Goal, Line, Unit};

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    // One step without effects is three records; the database grows in segments, so few steps would say nothing.
    let part = scale.of(40_000);
    let folder = rig::folder();
    let (mut sizes, mut written) = (Vec::new(), 0);
    rig::runtime().block_on(async {
        for _ in 0..4 {
            let journal = rig::store_in(folder.path());
            for _ in 0..part.div_ceil(STEPS) {
                written += 1;
                append_run(&journal, RunId::new(written, 1)).await;
            }
            drop(journal);
            sizes.push(bytes_below(folder.path()));
        }
    });
    let per_step: Vec<f64> =
        sizes.windows(2).map(|pair| (pair[1] as f64 - pair[0] as f64) / part as f64).collect();
    let linear = Line::new(
        format!("growth of the store: the last {part} steps beside the {part} before"),
        Unit::Times,
        vec![per_step[per_step.len() - 1] / per_step[per_step.len() - 2]],
    );
    vec![
        Line::new("growth of the store: bytes a step without effects", Unit::Bytes, per_step),
        linear.goal(Goal::AtMost(1.2)),
    ]
}

/// Steps of one run.
const STEPS: usize = 1_000;

/// Record by record, as a run does.
async fn append_run(journal: &dyn Journal, run: RunId) {
    let mut history = History::default();
    for at in 0..STEPS {
        history.done(&StepPath::new(format!("step_{at}")));
    }
    for record in history.0 {
        journal.append(run, vec![record], Durability::Lazy).await.expect("appended");
    }
    journal.append(run, Vec::new(), Durability::Awaited).await.expect("on disk");
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            let metadata = entry.metadata().expect("its metadata");
            if metadata.is_dir() { bytes_below(&entry.path()) } else { metadata.len() }
        })
        .sum()
}
