//! The disk under fire: power cuts, a full disk, a read-only one, one that reports errors. Linux only, and a C compiler is
//! needed, as for the build: a shim stands between the binary and the system's calls.

mod failing;
mod power;
mod replay;

use std::path::{Path, PathBuf};

/// The folder inside the state folder that stands for another machine: the simulated worlds.
const OUTSIDE: &str = "sim";

fn shim(folder: &Path) -> PathBuf {
    crate::preload::library("disk/shim.c", folder)
}
