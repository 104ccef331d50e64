//! The disk under fire: power cuts, a full disk, a read-only one, one that reports errors. Linux only, and a C compiler is
//! needed, as for the build: a shim stands between the binary and the system's calls.

mod failing;
mod power;
mod replay;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder inside the state folder that stands for another machine: the simulated worlds.
const OUTSIDE: &str = "sim";

/// Compiles the shim.
fn shim(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guarantees/disk/shim.c");
    let library = folder.join("shim.so");
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .args([library.as_os_str(), source.as_os_str()])
        .arg("-ldl")
        .output()
        .expect("a C compiler is needed, as for the build");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}
