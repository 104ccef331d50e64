//! Where the stand-ins of a customer's own functions keep their worlds: beside the simulated world they belong to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{Class, Code, Failure, OwnModule};
use process::StandInWorld;

/// Of a kept world: a folder named like its file. Of a plan on the throw-away world: one that goes with the plan.
pub(crate) fn world_beside(file: Option<PathBuf>, module: &OwnModule) -> Result<StandInWorld, Failure> {
    let failed = |cause: std::io::Error| {
        let message = format!("the world of module '{}' cannot be made: {cause}", module.name);
        Failure::new(Code::Simulator, Class::Denied, message)
    };
    if let Some(file) = file {
        let folder = folder_of(&file).join(&module.name);
        std::fs::create_dir_all(&folder).map_err(failed)?;
        return Ok(StandInWorld { folder, keep: None });
    }
    let scratch = tempfile::tempdir().map_err(failed)?;
    Ok(StandInWorld { folder: scratch.path().to_owned(), keep: Some(Arc::new(scratch)) })
}

/// `lab.json` has `lab.own` beside it, with a folder for each module.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    file.with_extension("own")
}
