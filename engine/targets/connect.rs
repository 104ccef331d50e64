//! From what a target file says to the host modules that reach it.

use std::sync::Arc;

use cli::Opening;
use contracts::HostModule;
use manifest::target::{Exchange, TargetFile};
use model::{Code, Failure, RunId};

use crate::sim::SimTargets;

pub(crate) async fn modules(
    file: &TargetFile,
    opening: &Opening,
    sim: &SimTargets,
    run: Option<RunId>,
) -> Result<Vec<Arc<dyn HostModule>>, Failure> {
    let _ = opening;
    match &file.exchange {
        Exchange::Sim { world } => sim.modules(&format!("sim:{world}"), run, Some(&file.tenant), None).await,
        Exchange::Remote(_) | Exchange::Local(_) => {
            Err(Failure::invalid(Code::TargetFile, "this version cannot reach Exchange itself yet"))
        }
    }
}
