//! Puts the shipped workflows and the error pages into the binary: every text file below `workflows/` and `docs/errors/`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let mut code = String::new();
    table(&mut code, "WORKFLOWS", &root, "workflows", str::to_owned)?;
    table(&mut code, "ERROR_PAGES", &root, "docs/errors", |path| path.trim_end_matches(".md").to_owned())?;
    fs::write(Path::new(&variable("OUT_DIR")?).join("embedded.rs"), code)
}

/// A table of (name, text), sorted by name so that the binary is the same wherever it is built.
fn table(
    code: &mut String,
    name: &str,
    root: &Path,
    below: &str,
    named: fn(&str) -> String,
) -> io::Result<()> {
    let folder = root.join(below);
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    collect(&folder, String::new(), &mut files)?;
    files.sort();
    let mut rows = String::new();
    for path in files {
        let file = folder.join(&path);
        println!("cargo::rerun-if-changed={}", file.display());
        writeln!(rows, "    ({:?}, include_str!({:?})),", named(&path), file.display().to_string())
            .map_err(io::Error::other)?;
    }
    writeln!(code, "pub(crate) static {name}: &[(&str, &str)] = &[\n{rows}];").map_err(io::Error::other)
}

/// Paths with `/` on every system.
fn collect(folder: &Path, under: String, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{under}{name}");
        if entry.file_type()?.is_dir() {
            println!("cargo::rerun-if-changed={}", entry.path().display());
            collect(&entry.path(), format!("{path}/"), files)?;
        } else if ["toml", "rhai", "md"].iter().any(|kind| name.ends_with(&format!(".{kind}"))) {
            files.push(path);
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "this is how Cargo speaks to a build script")]
fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(io::Error::other)
}
