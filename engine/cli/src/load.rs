//! A run as the service knows it: its workflow, its records, its state.

use std::sync::Arc;

use contracts::Service;
use model::fold::BadEvent;
use model::summary::RunSummary;
use model::{Class, Code, Failure, Record, RunId, RunState};

#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) state: RunState,
    pub(crate) records: Vec<Record>,
    /// A process is carrying it on right now.
    pub(crate) live: bool,
}

impl Loaded {
    pub(crate) async fn new(service: &dyn Service, run: RunId) -> Result<Loaded, Failure> {
        let history = service.history(run, 0, 0).await?;
        // Asked for last: it holds every workflow that the records name.
        let pinned = service.pinned(run).await?;
        let state = RunState::fold(pinned, &history.records).map_err(|bad| broken(run, &bad))?;
        Ok(Loaded { state, records: history.records, live: history.live })
    }

    /// Takes in what happened since, waiting up to `wait_ms` for it. Gives the new records.
    pub(crate) async fn update(
        &mut self,
        service: &dyn Service,
        wait_ms: u64,
    ) -> Result<Vec<Record>, Failure> {
        let history = service.history(self.state.id, self.state.next_sequence, wait_ms).await?;
        if model::event::pins(&history.records).next().is_some() {
            self.state.pinned = Arc::new(service.pinned(self.state.id).await?);
        }
        for record in &history.records {
            self.state.apply(record).map_err(|bad| broken(self.state.id, &bad))?;
        }
        self.live = history.live;
        self.records.extend(history.records.iter().cloned());
        Ok(history.records)
    }

    pub(crate) fn summary(&self) -> RunSummary {
        RunSummary::new(&self.state, self.live)
    }
}

fn broken(run: RunId, bad: &BadEvent) -> Failure {
    Failure::new(
        Code::HistoryBroken,
        Class::Denied,
        format!("the history of {run} does not hold together: {bad}"),
    )
    .hint("keep a copy of the state folder and report this")
}
