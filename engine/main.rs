//! The composition root: introduces the engine's parts to each other and to the host modules.

use std::process::ExitCode;
use std::sync::Arc;

use cli::{Opened, Opening, Wiring};
use model::Failure;

mod inspect;
mod laboratory;
mod sim;
mod simulator;
mod targets;

mod embedded {
    //! The shipped workflows and the error pages, written by `build.rs`.
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

fn main() -> ExitCode {
    cli::main(Wiring {
        open,
        inspector: &inspect::Files,
        laboratory: |variable| Arc::new(laboratory::SimLaboratory::new(variable)),
        workflows: embedded::WORKFLOWS,
        error_pages: embedded::ERROR_PAGES,
    })
}

#[expect(clippy::unnecessary_wraps, reason = "other binaries open targets that can fail to open")]
fn open(opening: &Opening) -> Result<Opened, Failure> {
    let sim = sim::SimTargets::new(opening.state.clone(), |_| Ok(::sim::WorldSpec::default()));
    let targets = Arc::new(targets::AllTargets::new(opening, sim));
    let simulator = simulator::Kept::new(&opening.state, embedded::WORKFLOWS);
    Ok(Opened { targets: targets.clone(), target_files: targets, simulator: Arc::new(simulator) })
}
