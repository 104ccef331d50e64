//! C libraries that stand between the binary and the system. Linux only, and a C compiler is needed, as for the build.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles a source of this folder into a library to be loaded before all others.
pub(crate) fn library(source: &str, folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guarantees").join(source);
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
