//! What every phase of a run or a plan works with: the pinned workflow, the open target and the engine's parts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use contracts::{Session, StepRunner};
use model::value::Map;
use model::{FunctionSpec, Redactor, RunId, Value, Workflow};

use crate::limits::Limit;
use crate::log::RunLog;
use crate::supervisor::Parts;

#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) parts: Parts,
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) session: Session,
    pub(crate) functions: Arc<Vec<FunctionSpec>>,
    pub(crate) params: Map,
    /// `None` while planning without a run.
    pub(crate) log: Option<Arc<RunLog>>,
    pub(crate) run: Option<RunId>,
    /// Pins made while planning; a run's pins are journaled.
    pub(crate) pins: Arc<Mutex<BTreeMap<(String, String), Value>>>,
    /// Set when the run is to stop at the next safe point.
    pub(crate) stop: tokio::sync::watch::Receiver<bool>,
    pub(crate) limit: Arc<Limit>,
    /// The secrets that were spent so far: their values are taken out of every event.
    pub(crate) redactor: Arc<Mutex<Redactor>>,
}

impl Bench {
    pub(crate) fn new(
        parts: &Parts,
        workflow: Arc<Workflow>,
        session: Session,
        params: Map,
        run: Option<RunId>,
        stop: tokio::sync::watch::Receiver<bool>,
        limit: Arc<Limit>,
    ) -> Bench {
        let functions = session.modules.iter().flat_map(|module| module.functions().to_vec()).collect();
        Bench {
            parts: parts.clone(),
            workflow,
            session,
            functions: Arc::new(functions),
            params,
            log: None,
            run,
            pins: Arc::default(),
            stop,
            limit,
            redactor: Arc::default(),
        }
    }

    pub(crate) fn steps(&self) -> &dyn StepRunner {
        self.parts.steps.as_ref()
    }
}
