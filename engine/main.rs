//! The composition root: introduces the engine's parts to each other and to the host modules.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use cli::{Opened, Wiring};
use model::Failure;

mod sim;
mod simulator;

mod embedded {
    //! The shipped workflows and the error pages, written by `build.rs`.
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

fn main() -> ExitCode {
    cli::main(Wiring { open, workflows: embedded::WORKFLOWS, error_pages: embedded::ERROR_PAGES })
}

#[expect(clippy::unnecessary_wraps, reason = "other binaries open targets that can fail to open")]
fn open(state: &Path) -> Result<Opened, Failure> {
    let targets = sim::SimTargets::new(state.to_owned(), |_| Ok(::sim::WorldSpec::default()));
    let simulator = simulator::Kept::new(state, embedded::WORKFLOWS);
    Ok(Opened { targets: Arc::new(targets), simulator: Arc::new(simulator) })
}
